// Desks that do not answer when the server starts: they hold nothing up, are told of, and nothing of them is lost.
import assert from "node:assert/strict";
import { after, beforeEach, test } from "node:test";
import { at, dataDirectory as data, Server, until } from "../lib/carrel.mjs";
import { isAlive, lasting, leftovers, part } from "../lib/host.mjs";
import { bash, script } from "../lib/script.mjs";

let server;
const stopped = new Set();
beforeEach(async () => {
  await server?.end();
  server = await Server.start();
});
after(async () => {
  for (const pid of stopped) if (isAlive(pid)) process.kill(pid, "SIGCONT");
  await server?.end();
});

const run = async (id, command) => (await server.json("POST", at(id, "/desk/terminal/execute"), { command })).output.trim();
const deskOf = async (id) => (await server.json("GET", at(id))).desk;
const told = async (id) => (await server.events(id)).filter(({ event }) => event === "desk").map(({ data: { state, code } }) => [state, code].filter(Boolean).join(" "));

/** Starts the server anew while the tool server of that desk is stopped. Answers how to let it go on. */
async function restartWithStopped(desk) {
  const pid = part(data, desk, "carrel-desk", "serve");
  await server.stop("SIGKILL");
  process.kill(pid, "SIGSTOP");
  stopped.add(pid);
  server = await Server.start({ fresh: false });
  return () => process.kill(pid, "SIGCONT");
}

const hung = (id) => until("it is told as hung", async () => (await deskOf(id)).code === "desk_hung");

test("a stopped tool server holds up neither the server nor other desks, and loses no file", async () => {
  const { id, desk } = await server.createSession();
  const { id: other } = await server.createSession();
  await run(id, "kept='still here'; echo written > ~/file");
  const goOn = await restartWithStopped(desk.id);
  const pids = lasting(data, desk.id);

  assert.equal((await server.json("GET", "/api/v1/health/live")).status, "alive");
  assert.equal((await server.json("GET", "/api/v1/health/ready")).status, "ready");
  await until("the other one is taken over", async () => (await deskOf(other)).state === "ready");
  assert.equal(await run(other, "echo works"), "works");
  assert.equal((await deskOf(id)).state, "starting");
  for (const [method, target, body] of [
    ["POST", at(id, "/desk/terminal/execute"), { command: "true" }],
    ["POST", at(id, "/messages"), { content: "hello" }],
  ]) {
    const refused = await server.request(method, target, { body });
    assert.equal(refused.status, 503, JSON.stringify(refused.body));
    assert.match(refused.body.code, /^desk_(starting|hung)$/);
    assert.ok(Number(refused.headers["retry-after"]) > 0);
  }
  await hung(id);
  // As long as it was awaited: seconds, not what was left of them for the last try.
  assert.match((await deskOf(id)).reason, /has not answered since the server was started again \(its answer took longer than \d{4,} ms\)/);
  assert.equal((await server.request("POST", at(id, "/messages"), { body: { content: "hello" } })).body.code, "desk_hung");
  for (const pid of pids) assert.ok(isAlive(pid), `process ${pid} lives`);

  goOn();
  await until("it is well again", async () => (await deskOf(id)).state === "ready");
  assert.deepEqual(await deskOf(id), desk);
  assert.deepEqual(await told(id), ["starting", "ready", "starting", "starting desk_hung", "ready"]);
  assert.equal(await run(id, 'echo "$kept $(cat ~/file)"'), "still here written");
  assert.equal((await server.turn(id, script(bash("echo works")))).at(-1).data.status, "completed");
});

test("a hung desk is replaced when its user says so, and goes with its session", async () => {
  const { id, desk } = await server.createSession();
  await restartWithStopped(desk.id);
  await hung(id);
  const renewed = await server.json("POST", at(id, "/desk/renew"));
  assert.equal(renewed.desk.state, "ready");
  assert.notEqual(renewed.desk.id, desk.id);
  await until("nothing is left of it", () => leftovers(data, [desk.id]).length === 0);
  assert.equal(await run(id, "echo new"), "new");

  await restartWithStopped(renewed.desk.id);
  await server.json("DELETE", at(id, "?purge=true"));
  await until("nothing is left of it", () => leftovers(data, [renewed.desk.id]).length === 0);
  assert.equal((await server.json("GET", "/api/v1/sessions")).total, 0);
});

test("a server that is killed while it asks leaves the desk to the next", async () => {
  const { id, desk } = await server.createSession();
  await run(id, "echo written > ~/file");
  const goOn = await restartWithStopped(desk.id);
  await hung(id);
  await server.stop("SIGKILL");
  server = await Server.start({ fresh: false });
  assert.equal((await deskOf(id)).state, "starting");
  goOn();
  await until("it is well again", async () => (await deskOf(id)).state === "ready");
  assert.equal(await run(id, "cat ~/file"), "written");
});
