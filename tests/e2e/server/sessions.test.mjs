// Sessions over the server's own API, field by field: made, listed, renamed, ended.
import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { onServer, rfc3339, sessions } from "../lib/server.mjs";

const api = onServer();
const { at, refusal } = api;

describe("sessions", () => {
  test("a new session has every field of the contract", () => {
    assert.match(api.session.id, /^sess_[0-9a-f]{12}$/);
    assert.equal(api.session.title, "First");
    assert.equal(api.session.status, "active");
    assert.equal(api.session.provider, "scripted");
    assert.equal(typeof api.session.model, "string");
    assert.match(api.session.created_at, rfc3339);
    assert.match(api.session.updated_at, rfc3339);
    assert.equal(api.session.vnc_url, `/desk/${api.session.id}`);
    assert.equal(api.session.busy, false);
    const { id, ...desk } = api.session.desk;
    assert.match(id, /^desk_[0-9a-f]{12}$/);
    const limits = { cpus: 2, memory_mb: 4096, processes: 1024, disk_mb: 4096 };
    assert.deepEqual(desk, { state: "ready", image: "desktop", network: "none", width: 1280, height: 800, limits, workspace: null, display: true });
    assert.deepEqual([api.session.key, api.session.user, api.session.awake, api.session.queue_position], [null, "local", [], null]);
    assert.match(api.session.idle_since, rfc3339);
  });

  test("reading one adds its suffix and messages", async () => {
    const read = await api.server.json("GET", at());
    const { system_prompt_suffix, messages, ...rest } = read;
    assert.equal(system_prompt_suffix, "");
    assert.deepEqual(messages, []);
    assert.deepEqual(rest, api.session);
  });

  test("creation says where the session is and what took how long", async () => {
    const wish = { provider: "scripted", network: "none", width: 1024, height: 768, system_prompt_suffix: "Be brief." };
    const answer = await api.server.request("POST", sessions, { body: wish });
    assert.equal(answer.status, 201);
    assert.equal(answer.headers.location, `${sessions}/${answer.body.id}`);
    assert.match(answer.headers["server-timing"], /dur=/);
    assert.equal(answer.body.title, null);
    assert.equal(answer.body.desk.width, 1024);
    assert.equal((await api.server.json("GET", answer.headers.location)).system_prompt_suffix, "Be brief.");
    const screen = await api.server.json("GET", `${answer.headers.location}/desk/screen/info`);
    assert.equal(screen.actual_width_px ?? screen.display_width_px, 1024);
    await api.server.json("DELETE", answer.headers.location);
  });

  test("lists are paged, newest first, and count all", async () => {
    const second = await api.server.createSession({ provider: "scripted", network: "none", title: "Second" });
    const { sessions: both, total } = await api.server.json("GET", sessions);
    assert.equal(total, 2);
    assert.deepEqual(both.map(({ title }) => title), ["Second", "First"]);
    const page = await api.server.json("GET", `${sessions}?limit=1&offset=1`);
    assert.equal(page.total, 2);
    assert.deepEqual(page.sessions.map(({ id }) => id), [api.session.id]);
    assert.deepEqual((await api.server.json("GET", `${sessions}?offset=2`)).sessions, []);
    await api.server.json("DELETE", `${sessions}/${second.id}`);
  });

  test("renaming changes title and time of change only", async () => {
    const renamed = await api.server.json("PATCH", at(), { title: "Größe 😀" });
    assert.equal(renamed.title, "Größe 😀");
    assert.ok(renamed.updated_at >= api.session.updated_at);
    assert.deepEqual({ ...renamed, title: "First", updated_at: api.session.updated_at }, api.session);
    await api.server.json("PATCH", at(), { title: "First" });
  });

  test("deleting archives, purging removes everything", async () => {
    const { id } = await api.server.createSession();
    await api.server.turn(id, "hello");
    assert.equal((await api.server.request("DELETE", `${sessions}/${id}`)).status, 204);
    await refusal(404, "GET", `${sessions}/${id}`);
    await refusal(404, "DELETE", `${sessions}/${id}`);
    await refusal(404, "POST", `${sessions}/${id}/messages`, { body: { content: "x" } });
    await refusal(404, "PATCH", `${sessions}/${id}`, { body: { title: "x" } });
    await refusal(404, "GET", `${sessions}/${id}/desk/screen/info`);
    assert.ok((await api.server.events(id)).length > 3, "the history stays");
    const listed = async (query) => (await api.server.json("GET", `${sessions}${query}`)).sessions.find((row) => row.id === id);
    assert.equal(await listed(""), undefined);
    const archived = await listed("?include_archived=true");
    assert.equal(archived.status, "archived");
    assert.equal(archived.desk.state, "stopped");
    assert.equal((await api.server.request("DELETE", `${sessions}/${id}?purge=true`)).status, 204);
    assert.equal(await listed("?include_archived=true"), undefined);
    await refusal(404, "GET", `${sessions}/${id}/events`);
    await refusal(404, "DELETE", `${sessions}/${id}?purge=true`);
  });

  test("what is unknown is a 404 that says so", async () => {
    for (const [method, target, body] of [
      ["GET", `${sessions}/sess_000000000000`],
      ["DELETE", `${sessions}/sess_000000000000`],
      ["GET", `${sessions}/nonsense`],
      ["GET", `${sessions}/sess_000000000000/stream`],
      ["GET", `${sessions}/sess_000000000000/events`],
      ["GET", `${sessions}/sess_000000000000/vnc`],
      ["POST", `${sessions}/sess_000000000000/cancel`],
      ["POST", `${sessions}/sess_000000000000/desk/renew`],
      ["POST", `${sessions}/sess_000000000000/desk/mouse/click`, { button: "left_click" }],
      ["POST", `${sessions}/sess_000000000000/messages`, { content: "hi" }],
      ["GET", `${sessions}/${"%2e%2e/".repeat(3)}etc`],
      ["GET", "/api/v1/nothing"],
      ["GET", "/nothing.js"],
    ]) {
      const { body: problem } = await refusal(404, method, target, { body });
      assert.ok(problem.detail.length > 10, target);
    }
    await refusal(404, "GET", at(`/blobs/${"0".repeat(64)}`));
    await refusal(404, "GET", at("/blobs/..%2f..%2fcarrel.db"));
    await refusal(404, "GET", at("/desk/nothing/here"));
  });

  test("a well desk is not renewed, and nothing is cancelled when nothing runs", async () => {
    await refusal(409, "POST", at("/desk/renew"));
    assert.equal((await api.server.json("POST", at("/cancel"))).status, "not_processing");
  });
});
