// What a session has used, and its desk uses.
import assert from "node:assert/strict";
import { test } from "node:test";
import { at, until } from "../lib/carrel.mjs";
import { carrel } from "../lib/host.mjs";
import { onServer, rfc3339 } from "../lib/server.mjs";

const api = onServer();
const usage = (id = api.session.id) => api.server.json("GET", at(id, "/usage"));

test("a session's use has its age, its model's tokens and its desk's load", async () => {
  await api.server.turn(api.session.id, "Say hello.");
  const told = await usage();
  assert.equal(told.id, api.session.id);
  assert.equal(told.busy, false);
  assert.match(told.created_at, rfc3339);
  assert.ok(told.age_seconds > 0 && told.age_seconds < 600);
  assert.deepEqual(
    [told.model.provider, told.model.answers, told.model.input_tokens],
    ["scripted", 1, 0],
  );
  assert.equal(told.desk.id, api.session.desk.id);
  assert.equal(told.desk.state, "ready");
  assert.ok(told.desk.memory_bytes > 1e6);
  assert.ok(told.desk.processes >= 3);
  assert.ok(told.desk.age_seconds <= told.age_seconds);
});

test("what a desk computes is told at once", async () => {
  const before = (await usage()).desk.processor_seconds;
  await api.server.json("POST", api.at("/desk/terminal/execute"), { command: "for i in $(seq 300000); do :; done" });
  assert.ok((await usage()).desk.processor_seconds > before + 0.01);
});

test("a deleted session's use is still told, without a load; a purged one's is not", async () => {
  const made = await api.server.createSession();
  await api.server.turn(made.id, "Say hello.");
  await api.server.json("DELETE", at(made.id));
  const told = await usage(made.id);
  assert.equal(told.model.answers, 1);
  assert.equal(told.desk.state, "stopped");
  assert.equal(told.desk.memory_bytes, undefined);
  await api.server.json("DELETE", at(made.id, "?purge=true"));
  await until("it is gone", async () => (await api.server.request("GET", at(made.id, "/usage"))).status === 404);
});

test("what is no session, or asks for more than there is, is refused", async () => {
  for (const id of ["sess_000000000000", "nobody", "%2e%2e", "sess_00000000000g"]) await api.refusal(404, "GET", `/api/v1/sessions/${id}/usage`);
  assert.deepEqual(await api.problems("GET", api.at("/usage?since=0")), ["query.since"]);
});

test("the command line shows it, one figure a line", async () => {
  const words = ["session", "usage", api.session.id, "--server", api.server.url];
  const { code, output } = await carrel(words);
  assert.equal(code, 0);
  const figures = Object.fromEntries(output.trim().split("\n").map((line) => line.split(" ")));
  assert.ok(Number(figures["desk.memory_bytes"]) > 1e6, output);
  assert.equal(figures["model.answers"], "1");
  assert.ok(Number(figures["session.age_seconds"]) > 0);
  assert.equal((await carrel(["session", "usage", "sess_000000000000", "--server", api.server.url])).code, 1);
});
