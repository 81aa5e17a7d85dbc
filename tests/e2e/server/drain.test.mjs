// A server that is told to end: no new work, turns stop between two actions, streams are closed, and it says what it leaves.
import assert from "node:assert/strict";
import { once } from "node:events";
import { afterEach, test } from "node:test";
import { at, follow, Server, until } from "../lib/carrel.mjs";
import { bash, script } from "../lib/script.mjs";

let server;
afterEach(async () => {
  await server?.end();
  server = undefined;
});
const start = async (args = [], options = {}) => (server = await Server.start({ args, ...options }));

test("a turn ends after the action that it is at, and new work is refused meanwhile", async () => {
  await start(["--drain-seconds", "30"]);
  const { id } = await server.createSession();
  const { id: other } = await server.createSession();
  const names = [];
  const stream = follow(server, at(id, "/stream?last_event_id=0"), (event) => names.push(event.event));
  await stream.opened;
  await server.json("POST", at(id, "/messages"), { content: script(bash("sleep 2; echo done > ~/action")) });
  await until("it acts", async () => (await server.events(id)).some(({ event }) => event === "tool_use"));
  const ended = once(server.child, "exit");
  server.child.kill("SIGTERM");
  await until("it drains", () => server.log.includes("no new work is taken"));
  for (const [method, target, body] of [
    ["POST", "/api/v1/sessions", { provider: "scripted" }],
    ["POST", at(other, "/messages"), { content: "hello" }],
    ["POST", at(other, "/desk/terminal/execute"), { command: "true" }],
  ]) {
    const refused = await server.request(method, target, { body });
    assert.deepEqual([refused.status, refused.body.code], [503, "draining"], JSON.stringify(refused.body));
  }
  assert.equal((await server.json("GET", at(other))).desk.state, "ready");
  assert.equal((await ended)[0], 0);
  assert.match(server.log, /ended: 2 desks live on, 0 turns cut/);
  await until("the stream is closed", () => names.includes("closed"));

  await start([], { fresh: false });
  const told = (await server.events(id)).map(({ event, data }) => [event, data.status ?? data.code].filter(Boolean).join(" "));
  assert.ok(told.includes("message_complete interrupted"), told.join(", "));
  assert.equal((await server.json("POST", at(id, "/desk/terminal/execute"), { command: "cat ~/action" })).output.trim(), "done");
});

test("who waits in the line is told at once, also behind a turn that goes on", async () => {
  await start(["--drain-seconds", "600", "--max-displays", "1"]);
  const { id } = await server.createSession();
  await server.json("POST", at(id, "/messages"), { content: script(bash("while [ ! -e ~/over ]; do sleep 0.1; done")) });
  await until("it acts", async () => (await server.events(id)).some(({ event }) => event === "tool_use"));
  const waits = [1, 2].map(() => server.request("POST", "/api/v1/sessions", { body: { provider: "scripted", wait_seconds: 3600 } }));
  await until("they wait", async () => (await server.json("GET", "/api/v1/queue")).length === 2);
  const ended = once(server.child, "exit");
  server.child.kill("SIGTERM");
  for (const { status, body } of await Promise.all(waits)) assert.deepEqual([status, body.code], [503, "draining"]);
  server.child.kill("SIGTERM");
  assert.equal((await ended)[0], 0);
  await start(["--max-displays", "1"], { fresh: false });
  assert.deepEqual((await server.json("GET", "/api/v1/sessions")).sessions.map((each) => each.id), [id]);
});

test("a second signal hurries", async () => {
  await start(["--drain-seconds", "600"]);
  const { id } = await server.createSession();
  await server.json("POST", at(id, "/messages"), { content: script(bash("sleep 60")) });
  await until("it acts", async () => (await server.events(id)).some(({ event }) => event === "tool_use"));
  const ended = once(server.child, "exit");
  server.child.kill("SIGTERM");
  await until("it drains", () => server.log.includes("no new work is taken"));
  server.child.kill("SIGTERM");
  assert.equal((await ended)[0], 0);
  assert.match(server.log, /a second signal/);
  assert.match(server.log, /1 turn cut/);
  await start([], { fresh: false });
  assert.ok((await server.events(id)).some(({ event, data }) => event === "message_complete" && data.status === "interrupted"));
});

test("drain_seconds is the most that it waits", async () => {
  await start(["--drain-seconds", "1"]);
  const { id } = await server.createSession();
  await server.json("POST", at(id, "/messages"), { content: script(bash("sleep 60")) });
  await until("it acts", async () => (await server.events(id)).some(({ event }) => event === "tool_use"));
  const ended = once(server.child, "exit");
  server.child.kill("SIGTERM");
  assert.equal((await ended)[0], 0);
  assert.match(server.log, /1 turn cut/);
  await start([], { fresh: false });
});

test("an upgrade under load loses nothing: desks, files and events are there as they were", async () => {
  await start();
  const { id } = await server.createSession();
  const written = [];
  let isOver = false;
  const load = (async () => {
    for (let number = 0; !isOver; ++number) {
      try {
        await server.json("POST", at(id, "/desk/terminal/execute"), { command: `echo ${number} >> ~/log` });
        written.push(number);
      } catch (error) {
        // Refused while it drains, cut, or nobody there: whether it was done is not known.
        assert.match(String(error), /503|502|ECONN|socket hang up|draining/);
      }
    }
  })();
  for (let turn = 0; turn < 3; ++turn) {
    const seen = written.length;
    await until("it works", () => written.length > seen + 3);
    await server.stop();
    await start([], { fresh: false });
  }
  isOver = true;
  await load;
  const lines = (await server.json("POST", at(id, "/desk/terminal/execute"), { command: "cat ~/log" })).output.trim().split("\n").map(Number);
  for (const number of written) assert.equal(lines.filter((line) => line === number).length, 1, `line ${number}`);
  const seqs = (await server.events(id)).map(({ seq }) => seq);
  assert.deepEqual(seqs, [...new Set(seqs)].sort((a, b) => a - b));
});
