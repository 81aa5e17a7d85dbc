// Bad days of the model: no key, a wrong key, nobody there, breaks in the middle.
import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import { startAnthropic } from "../../doubles/anthropic.mjs";
import { at, Server, until } from "../lib/carrel.mjs";

const wish = { provider: "anthropic", network: "none" };

async function withServer(env, use) {
  const server = await Server.start({ env });
  try {
    await use(server, (await server.createSession(wish)).id);
  } finally {
    await server.end();
  }
}

const said = (events) => events.filter(({ event }) => event === "text").map(({ data }) => data.content).join("");
const errorOf = (events) => events.findLast(({ event }) => event === "error")?.data;

describe("with the vendor's double", () => {
  let api;
  before(async () => (api = await startAnthropic({ key: "sk-ant-right-key" })));
  after(() => api.close());

  test("no key: 503 says where to put one; a wrong one: an error event; the right one works", () =>
    withServer({ ANTHROPIC_BASE_URL: api.url }, async (server, id) => {
      const refused = await server.request("POST", at(id, "/messages"), { body: { content: "hi" } });
      assert.equal(refused.status, 503);
      assert.equal(refused.body.code, "no_model_key");
      assert.match(refused.body.detail, /no key for anthropic: paste one into the page, or set it in the environment/);
      assert.equal((await server.events(id)).filter(({ event }) => event === "user_message").length, 0);

      await server.json("POST", "/api/v1/credentials", { provider: "anthropic", key: "sk-ant-wrong-key" });
      const failed = await server.turn(id, "hi");
      assert.match(errorOf(failed).error, /does not accept this API key/);
      assert.equal(errorOf(failed).code, "authentication_error");
      assert.equal(failed.at(-1).data.status, "error");
      assert.ok(!JSON.stringify(failed).includes("wrong-key"));

      await server.json("POST", "/api/v1/credentials", { provider: "anthropic", key: "sk-ant-right-key" });
      api.say({ blocks: [{ type: "text", text: "Good day." }] });
      const good = await server.turn(id, "hi again");
      assert.equal(good.at(-1).data.status, "completed", JSON.stringify(errorOf(good)));
      assert.match(said(good), /Good day/);
      assert.deepEqual(api.requests.at(-1).error, undefined);

      assert.equal((await server.request("DELETE", "/api/v1/credentials", { body: { provider: "anthropic" } })).status, 204);
      assert.equal((await server.request("POST", at(id, "/messages"), { body: { content: "hi" } })).status, 503);
    }));

  test("breaks and refusals: retried with a visible status, or told; the next message works", () =>
    withServer({ ANTHROPIC_BASE_URL: api.url, ANTHROPIC_API_KEY: "sk-ant-right-key" }, async (server, id) => {
      api.say({ fault: "overloaded" }, { fault: "rate_limit" }, { fault: "cut_before_head" }, { blocks: [{ type: "text", text: "At last." }] });
      const retried = await server.turn(id, "please");
      assert.equal(retried.at(-1).data.status, "completed", JSON.stringify(errorOf(retried)));
      assert.ok(retried.filter(({ event }) => event === "status").length >= 2);
      for (const fault of ["billing", "permission", "too_large"]) {
        // What lies in the request is told otherwise twice before it is given up.
        api.say(...Array(fault === "too_large" ? 3 : 1).fill({ fault }));
        const told = await server.turn(id, "and now?");
        assert.equal(told.at(-1).data.status, "error", fault);
        assert.ok(errorOf(told).error.length > 20, fault);
      }
      api.say({ blocks: [{ type: "text", text: "Still here." }] });
      assert.equal((await server.turn(id, "there?")).at(-1).data.status, "completed");
      assert.ok(!server.log.includes("right-key"));
    }));

  test("a model that needs an older tool is told at once", () =>
    withServer({ ANTHROPIC_BASE_URL: api.url, ANTHROPIC_API_KEY: "sk-ant-right-key" }, async (server) => {
      const { status, body } = await server.request("POST", "/api/v1/sessions", { body: { ...wish, model: "claude-3-7-sonnet" } });
      assert.equal(status, 422, JSON.stringify(body));
      assert.match(JSON.stringify(body.detail), /claude-3-7-sonnet takes only a dated computer tool/);
    }));

  test("a cancelled answer ends at once, and the history is accepted afterwards", () =>
    withServer({ ANTHROPIC_BASE_URL: api.url, ANTHROPIC_API_KEY: "sk-ant-right-key" }, async (server, id) => {
      api.say({ fault: "silent" });
      const asked = api.requests.length;
      await server.json("POST", at(id, "/messages"), { content: "wait for it" });
      await until("the model is asked", () => api.requests.length > asked);
      assert.equal((await server.json("POST", at(id, "/cancel"))).status, "cancelled");
      api.say({ blocks: [{ type: "text", text: "Fine." }] });
      const next = await server.turn(id, "and again");
      assert.equal(next.at(-1).data.status, "completed", JSON.stringify(errorOf(next)));
    }));
});

test("nobody there: it is tried again, told, and the session stays usable", () =>
  withServer({ ANTHROPIC_BASE_URL: "http://127.0.0.1:1", ANTHROPIC_API_KEY: "sk-ant-any-key-at-all" }, async (server, id) => {
    const events = await server.turn(id, "hi", 120);
    assert.ok(events.some(({ event }) => event === "status"), "the tries are visible");
    assert.equal(events.at(-1).data.status, "error");
    assert.match(errorOf(events).error, /127\.0\.0\.1|reach|connect/i);
    assert.equal((await server.request("GET", at(id, "/desk/screen/info"))).status, 200);
    assert.equal((await server.json("GET", at(id))).busy, false);
  }));
