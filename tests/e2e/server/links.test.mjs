// Links to one desktop, for somebody without a key.
import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import { at, Server, until } from "../lib/carrel.mjs";
import { Viewer } from "../lib/wire.mjs";

const operator = "the-key-of-the-operator";
const sessions = "/api/v1/sessions";
const of = (key) => ({ headers: { authorization: `Bearer ${key}` } });

describe("links", () => {
  let server;
  let session;
  let other;
  before(async () => {
    server = await Server.start({ env: { CARREL_TOKEN: operator } });
    const make = async () => (await server.request("POST", sessions, { body: { provider: "scripted", network: "none", title: "Shared" }, ...of(operator) })).body;
    session = await make();
    other = await make();
  });
  after(async () => {
    for (const each of [session, other]) if (each) await server.request("DELETE", `${at(each.id)}?purge=true`, of(operator));
    await server?.stop();
  });

  const share = async (wish, id = session.id) => {
    const { status, body } = await server.request("POST", `${at(id)}/links`, { body: wish, ...of(operator) });
    assert.equal(status, 201, JSON.stringify(body));
    return body;
  };
  /** Opens a link as a browser does; what it may send from then on. */
  const enter = async ({ url }) => {
    const answer = await server.request("GET", url, { headers: { "sec-fetch-site": "cross-site", "sec-fetch-mode": "navigate" } });
    assert.equal(answer.status, 303, String(answer.body));
    return { answer, headers: { cookie: answer.headers["set-cookie"][0].split(";")[0] } };
  };

  test("the secret is exchanged for a cookie of that session, and leaves the address", async () => {
    const link = await share({ mode: "view", expires_seconds: 600 });
    assert.match(link.url, new RegExp(`^/desk/${session.id}\\?link=[0-9a-f]{48}$`));
    const secret = link.url.split("=")[1];
    const { answer } = await enter(link);
    assert.equal(answer.headers.location, `/desk/${session.id}?shared=view`);
    assert.match(answer.headers["set-cookie"][0], new RegExp(`^carrel_link=${secret}; Path=${at(session.id)}; HttpOnly; SameSite=Strict; Max-Age=(600|599)$`));
    assert.equal(answer.headers["referrer-policy"], "no-referrer");
    assert.equal(answer.headers["cache-control"], "no-store");
    assert.equal((await server.request("GET", answer.headers.location)).status, 200);
    assert.ok(!server.log.includes(secret));
    const { body } = await server.request("GET", `${at(session.id)}/events`, of(operator));
    assert.ok(!JSON.stringify(body).includes(secret));
    const listed = (await server.request("GET", `${at(session.id)}/links`, of(operator))).body;
    assert.ok(listed.links.some(({ id, mode }) => id === link.id && mode === "view"));
    assert.ok(!JSON.stringify(listed).includes(secret));
  });

  test("it shows that desktop and nothing else", async () => {
    const { headers } = await enter(await share({ mode: "control" }));
    const { status, body } = await server.request("GET", at(session.id), { headers });
    assert.equal(status, 200);
    assert.equal(body.id, session.id);
    assert.equal(body.messages, undefined);
    assert.equal(body.system_prompt_suffix, undefined);
    const refused = [
      ["GET", sessions],
      ["GET", `${at(session.id)}/events`],
      ["GET", `${at(session.id)}/stream`],
      ["GET", "/api/v1/config"],
      ["POST", `${at(session.id)}/messages`, { content: "x" }],
      ["POST", `${at(session.id)}/desk/terminal/execute`, { command: "id" }],
      ["POST", `${at(session.id)}/desk/file/list`, { path: "/" }],
      ["GET", `${at(session.id)}/desk/system/clipboard`],
      ["POST", `${at(session.id)}/links`, { mode: "control" }],
      ["POST", "/api/v1/tickets"],
      ["DELETE", at(session.id)],
    ];
    for (const [method, target, body] of refused) {
      const answer = await server.request(method, target, { body, headers });
      assert.equal(answer.status, 403, `${method} ${target}: ${JSON.stringify(answer.body)}`);
    }
    assert.equal((await server.request("GET", at(other.id), { headers })).status, 404);
    assert.equal((await Viewer.open(server, `${at(other.id)}/vnc`, headers)).status, 404);
  });

  test("the secret opens no other page, and is no key", async () => {
    const link = await share({ mode: "control" });
    const secret = link.url.split("=")[1];
    assert.equal((await server.request("GET", `/desk/${other.id}?link=${secret}`)).status, 410);
    assert.equal((await server.request("GET", at(session.id), of(secret))).body.code, "wrong_key");
    assert.equal((await server.request("GET", `${at(session.id)}?link=${secret}`)).status, 401);
    assert.equal((await server.request("POST", "/api/v1/login", { body: { key: secret } })).status, 401);
  });

  test("view sends no input, control does", async () => {
    for (const [mode, kind] of [["view", "watching"], ["control", "in_control"]]) {
      const { headers } = await enter(await share({ mode }));
      const viewer = await Viewer.open(server, `${at(session.id)}/vnc`, headers);
      assert.equal(viewer.status, 101);
      await until("it is counted", async () => (await server.request("GET", at(session.id), of(operator))).body.viewers[kind] === 1);
      viewer.socket.destroy();
      await until("it has left", async () => (await server.request("GET", at(session.id), of(operator))).body.viewers[kind] === 0);
    }
  });

  test("revoking cuts who looks at the desktop by it, and nobody else", async () => {
    const link = await share({ mode: "view" });
    const { headers } = await enter(link);
    const viewer = await Viewer.open(server, `${at(session.id)}/vnc`, headers);
    const kept = await Viewer.open(server, `${at(session.id)}/vnc?view_only=true`, of(operator).headers);
    await viewer.handshake();
    assert.equal((await server.request("DELETE", `${at(other.id)}/links/${link.id}`, of(operator))).status, 404);
    assert.equal((await server.request("DELETE", `${at(session.id)}/links/${link.id}`, of(operator))).status, 204);
    await until("the viewer is cut", () => viewer.closed !== undefined);
    assert.equal(kept.closed, undefined);
    kept.socket.destroy();
    const { status, body } = await server.request("GET", at(session.id), { headers });
    assert.deepEqual([status, body.code], [401, "link_ended"]);
    const page = await server.request("GET", link.url);
    assert.equal(page.status, 410);
    assert.match(String(page.body), /has expired or was revoked/);
    assert.equal((await server.request("DELETE", `${at(session.id)}/links/${link.id}`, of(operator))).status, 404);
  });

  test("a link that expires on an open viewer cuts it", async () => {
    const link = await share({ mode: "view", expires_seconds: 2 });
    const { headers } = await enter(link);
    const viewer = await Viewer.open(server, `${at(session.id)}/vnc`, headers);
    assert.equal(viewer.status, 101);
    await until("the viewer is cut", () => viewer.closed !== undefined);
    assert.equal((await server.request("GET", at(session.id), { headers })).status, 401);
    const { body } = await server.request("GET", `${at(session.id)}/links`, of(operator));
    assert.ok(body.links.every(({ id }) => id !== link.id));
  });

  test("links end with the key of who made them", async () => {
    const { body: given } = await server.request("POST", "/api/v1/keys", { body: { user: "local" }, ...of(operator) });
    const { body: link } = await server.request("POST", `${at(session.id)}/links`, { body: {}, ...of(given.key) });
    const { headers } = await enter(link);
    await server.request("DELETE", `/api/v1/keys/${given.id}`, of(operator));
    assert.equal((await server.request("GET", at(session.id), { headers })).body.code, "link_ended");
  });

  test("they are there after a restart", async () => {
    const link = await share({ mode: "view" });
    const { headers } = await enter(link);
    await server.stop();
    server = await Server.start({ fresh: false, env: { CARREL_TOKEN: operator } });
    assert.equal((await server.request("GET", at(session.id), { headers })).status, 200);
    await enter(link);
  });

  test("bad wishes are refused", async () => {
    const problems = async (body) => {
      const answer = await server.request("POST", `${at(session.id)}/links`, { body, ...of(operator) });
      assert.equal(answer.status, 422, JSON.stringify(answer.body));
      return answer.body.detail.map(({ loc }) => loc.join("."));
    };
    assert.deepEqual(await problems({ mode: "own" }), ["body.mode"]);
    assert.deepEqual(await problems({ expires_seconds: 0 }), ["body.expires_seconds"]);
    assert.deepEqual(await problems({ expires_seconds: 1e9, until: "x" }), ["body.expires_seconds", "body.until"]);
    assert.equal((await server.request("POST", `${at("sess_000000000000")}/links`, { body: {}, ...of(operator) })).status, 404);
    assert.equal((await server.request("POST", `${at(session.id)}/links`, { body: {} })).status, 401);
    assert.equal((await server.request("GET", "/desk/..%2f?link=x")).status, 410);
  });
});
