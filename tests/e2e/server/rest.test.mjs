// Desks that nobody uses, desks that are paused, sessions that are asked for again by key, and those that wait in line.
import assert from "node:assert/strict";
import { readdirSync } from "node:fs";
import http from "node:http";
import { afterEach, test } from "node:test";
import path from "node:path";
import { at, dataDirectory, follow, Server, until } from "../lib/carrel.mjs";
import { identity } from "../lib/host.mjs";
import { bash, script } from "../lib/script.mjs";

let server;
afterEach(async () => {
  await server?.end();
  server = undefined;
});
const start = async (args = [], options = {}) => (server = await Server.start({ args, ...options }));
const create = (wish = {}) => server.createSession({ provider: "scripted", network: "none", ...wish });
const run = async (id, command) => (await server.json("POST", at(id, "/desk/terminal/execute"), { command })).output.trim();
const session = (id) => server.json("GET", at(id, "?messages=false"));
const becomes = (id, state) => until(`the desk is ${state}`, async () => (await session(id)).desk.state === state, 60);
const fail = async (id) => {
  process.kill(identity(dataDirectory, (await session(id)).desk.id).pid, "SIGKILL");
  await becomes(id, "failed");
};
const statuses = async (id) => (await server.events(id)).filter(({ event }) => event === "status").map(({ data }) => data);

test("an idle desk is frozen and keeps its memory; any call wakes it", async () => {
  await start();
  const { id } = await create({ idle_seconds: 1 });
  await run(id, "kept='in memory'");
  await becomes(id, "frozen");
  const idle = await session(id);
  assert.match(idle.idle_since, /^\d{4}-/);
  assert.deepEqual(idle.awake, []);
  assert.equal(await run(id, "echo $kept"), "in memory");
  assert.equal((await session(id)).desk.state, "ready");
  await becomes(id, "frozen");
  // A message wakes it, too.
  await server.turn(id, script(bash("echo turn")));
  await becomes(id, "frozen");
});

test("a desk that works is not idle, and says what keeps it awake", async () => {
  await start();
  const { id } = await create({ idle_seconds: 2 });
  await server.json("POST", at(id, "/desk/terminal/process/start"), { command: "exec -a busy bash -c 'while :; do :; done'" });
  await until("it says so", async () => (await session(id)).awake.some((line) => /pid \d+ bash: \d+ % of a core/.test(line)), 60);
  assert.equal((await session(id)).idle_since, null);
  assert.equal((await session(id)).desk.state, "ready");
  // Somebody who only follows its events keeps it awake as well.
  const stream = follow(server, at(id, "/stream"), () => {});
  await stream.opened;
  await server.json("POST", at(id, "/desk/process/kill"), { all: true });
  await until("the stream keeps it awake", async () => (await session(id)).awake.some((line) => /stream/.test(line)), 60);
  assert.equal((await session(id)).desk.state, "ready");
  stream.stop();
  await becomes(id, "frozen");
});

test("a session that is to end when idle is warned of it, lives on when it is used, and then ends", async () => {
  await start(["--end-grace-seconds", "3"]);
  const { id } = await create({ idle_seconds: 1, on_idle: "destroy" });
  const warned = (count) => until("it is warned", async () => (await statuses(id)).filter(({ code }) => code === "ending_soon").length === count, 60);
  await warned(1);
  assert.equal((await statuses(id)).find(({ code }) => code === "ending_soon").seconds_left, 3);
  await run(id, "true");
  await until("the end is called off", async () => (await statuses(id)).some(({ code }) => code === "end_called_off"), 60);
  await warned(2);
  await until("it has ended", async () => (await server.request("GET", at(id))).status === 404, 60);
  const last = (await statuses(id)).at(-1);
  assert.deepEqual([last.code, last.why], ["session_ended", "idle"]);
});

test("max_age_seconds ends a session whatever it does; 0 never", async () => {
  await start(["--end-grace-seconds", "1"]);
  const { id } = await create({ max_age_seconds: 3 });
  const { id: other } = await create({ max_age_seconds: 0 });
  await until("it has ended", async () => {
    const answer = await server.request("GET", at(id));
    if (answer.status === 200) await run(id, "true").catch(() => {});
    return answer.status === 404;
  }, 60);
  assert.equal((await session(other)).desk.state, "ready");
});

test("max_age_seconds ends a session whose desk has failed, too", async () => {
  await start(["--end-grace-seconds", "1"]);
  const { id } = await create({ max_age_seconds: 3 });
  await fail(id);
  await until("it has ended", async () => (await server.request("GET", at(id))).status === 404, 60);
  const last = (await statuses(id)).at(-1);
  assert.deepEqual([last.code, last.why], ["session_ended", "max_age"]);
});

test("a renewed desk is not idle since before it was there", async () => {
  await start();
  const { id } = await create();
  const since = await until("it is idle", async () => (await session(id)).idle_since);
  await fail(id);
  const { idle_since } = await server.json("POST", at(id, "/desk/renew"));
  assert.ok(idle_since === null || idle_since > since, `${idle_since}, before it failed ${since}`);
});

test("a desk that is renewed while its session is deleted goes with it", async () => {
  await start(["--max-displays", "2"]);
  for (let round = 0; round < 12; ++round) {
    const { id } = await create();
    await fail(id);
    const [renewed, deleted] = await Promise.all([
      server.request("POST", at(id, "/desk/renew")),
      server.request("DELETE", at(id, round % 2 ? "?purge=true" : "")),
    ]);
    assert.ok([200, 404].includes(renewed.status), JSON.stringify(renewed.body));
    assert.equal(deleted.status, 204);
  }
  await until("no desk is left", () => readdirSync(path.join(dataDirectory, "desks")).length === 0);
});

test("admin/cleanup ends what has been idle for so long, and nothing else", async () => {
  await start();
  const { id } = await create();
  const { id: busy } = await create();
  const stream = follow(server, at(busy, "/stream"), () => {});
  await stream.opened;
  assert.deepEqual(await server.json("POST", "/api/v1/admin/cleanup?max_idle=3600"), { cleaned: 0, active: 2 });
  // A desk that has only just come is still at work itself.
  const done = await until("it is idle, and ended", async () => {
    const answer = await server.json("POST", "/api/v1/admin/cleanup?max_idle=0");
    return answer.cleaned > 0 && answer;
  });
  assert.deepEqual(done, { cleaned: 1, active: 1 });
  assert.equal((await server.request("GET", at(id))).status, 404);
  assert.equal((await session(busy)).desk.state, "ready");
  stream.stop();
  for (const bad of ["max_idle=-1", "max_idle=soon", "max=3"])
    assert.equal((await server.request("POST", `/api/v1/admin/cleanup?${bad}`)).status, 422);
});

test("a paused desk shows its last picture and refuses the rest; it goes on as it was", async () => {
  await start();
  const { id } = await create({ width: 800, height: 600 });
  await run(id, "counter=7");
  const before = await server.request("GET", at(id, "/desk/screen/screenshot"), { headers: { accept: "image/png" } });
  const answer = await server.json("POST", at(id, "/pause"));
  assert.equal(answer.desk.state, "paused");
  assert.equal((await server.json("POST", at(id, "/pause"))).desk.state, "paused");

  const picture = await server.request("GET", at(id, "/desk/screen/screenshot"), { headers: { accept: "image/png" } });
  assert.deepEqual([picture.status, picture.headers["x-carrel-paused"], picture.headers["content-type"]], [200, "true", "image/png"]);
  assert.equal(before.status, 200);
  const told = await server.json("GET", at(id, "/desk/screen/screenshot"));
  assert.deepEqual([told.paused, told.width, told.height], [true, 800, 600]);
  for (const [operation, body] of [["mouse/click", { coordinate: { x: 5, y: 5 } }], ["terminal/execute", { command: "true" }]]) {
    const refused = await server.request("POST", at(id, `/desk/${operation}`), { body });
    assert.deepEqual([refused.status, refused.body.code, refused.body.success], [409, "paused", false]);
  }
  const message = await server.request("POST", at(id, "/messages"), { body: { content: "hello" } });
  assert.deepEqual([message.status, message.body.code], [409, "paused"]);

  const woken = await server.json("POST", at(id, "/desk/terminal/execute?wake=true"), { command: "echo $counter" });
  assert.equal(woken.output.trim(), "7");
  await server.json("POST", at(id, "/pause"));
  assert.equal((await server.json("POST", at(id, "/resume"))).desk.state, "ready");
  assert.equal((await server.json("POST", at(id, "/resume"))).desk.state, "ready");
  assert.equal(await run(id, "echo $counter"), "7");
});

test("a paused desk stays paused over a restart, and can be deleted", async () => {
  await start();
  const { id } = await create();
  const { id: other } = await create();
  await run(id, "kept=yes");
  for (const one of [id, other]) await server.json("POST", at(one, "/pause"));
  await server.stop("SIGKILL");
  await start([], { fresh: false });
  assert.equal((await session(id)).desk.state, "paused");
  await server.json("DELETE", at(other));
  await server.json("POST", at(id, "/resume"));
  assert.equal(await run(id, "echo $kept"), "yes");
});

test("pause is refused where there is nothing to pause", async () => {
  await start();
  const { id } = await create();
  const { message_id } = await server.json("POST", at(id, "/messages"), { content: script(bash("sleep 5")) });
  const refused = await server.request("POST", at(id, "/pause"));
  assert.deepEqual([refused.status, refused.body.code], [409, "busy"]);
  assert.ok(message_id);
  await server.json("POST", at(id, "/cancel"));
  assert.equal((await server.request("POST", at("sess_000000000000", "/pause"))).status, 404);
  await server.json("DELETE", at(id));
  assert.equal((await server.request("POST", at(id, "/resume"))).status, 404);
});

test("the same key answers the same session, however many ask at once", async () => {
  await start();
  const ask = (key) => server.request("POST", "/api/v1/sessions", { body: { provider: "scripted", network: "none", key } });
  const answers = await Promise.all(Array.from({ length: 8 }, () => ask("alice")));
  assert.deepEqual(answers.map(({ status }) => status).sort(), [200, 200, 200, 200, 200, 200, 200, 201]);
  assert.equal(new Set(answers.map(({ body }) => body.id)).size, 1);
  const { id, desk, key } = answers[0].body;
  assert.equal(key, "alice");
  assert.notEqual((await ask("bob")).body.id, id);

  // A desk that died is replaced in the same session.
  process.kill(identity(dataDirectory, desk.id).pid, "SIGKILL");
  await until("its end is known", async () => (await session(id)).desk.state === "failed");
  const back = await ask("alice");
  assert.deepEqual([back.status, back.body.id, back.body.desk.state], [200, id, "ready"]);
  assert.notEqual(back.body.desk.id, desk.id);

  // What was deleted leaves its key.
  await server.json("DELETE", at(id));
  const anew = await ask("alice");
  assert.equal(anew.status, 201);
  assert.notEqual(anew.body.id, id);
  for (const bad of ["", "k".repeat(201), 7]) assert.equal((await ask(bad)).status, 422);
});

test("a key that is asked for while its session is deleted names a new one", async () => {
  await start();
  const ask = () => server.request("POST", "/api/v1/sessions", { body: { provider: "scripted", network: "none", key: "alice" } });
  for (let round = 0; round < 3; ++round) {
    const { id } = (await ask()).body;
    // Its turn has to be ended first.
    await server.json("POST", at(id, "/messages"), { content: script(bash("sleep 60")) });
    await until("it acts", async () => (await server.events(id)).some(({ event }) => event === "tool_use"));
    const [deleted, ...answers] = await Promise.all([server.request("DELETE", at(id)), ask(), ask(), ask()]);
    assert.equal(deleted.status, 204);
    for (const { status, body } of answers) assert.ok([200, 201].includes(status), JSON.stringify(body));
    assert.notEqual((await ask()).body.id, id);
  }
});

test("who finds no desk free is told so, or waits in line and hears where", async () => {
  await start(["--max-displays", "1"]);
  const { id } = await create();
  const refused = await server.request("POST", "/api/v1/sessions", { body: { provider: "scripted" } });
  assert.deepEqual([refused.status, refused.body.code], [503, "no_free_desk"]);
  assert.ok(Number(refused.headers["retry-after"]) > 0);

  const late = await server.request("POST", "/api/v1/sessions", { body: { provider: "scripted", wait_seconds: 1 } });
  assert.deepEqual([late.status, late.body.code], [503, "no_free_desk"]);
  assert.equal((await server.json("GET", "/api/v1/sessions")).total, 1);

  const first = create({ wait_seconds: 60 });
  const queue = () => server.json("GET", "/api/v1/queue");
  await until("it waits", async () => (await queue()).length === 1);
  const second = create({ wait_seconds: 60 });
  await until("both wait", async () => (await queue()).length === 2);
  const [one, two] = (await queue()).waiting;
  assert.deepEqual([one.position, two.position], [1, 2]);
  assert.equal((await session(two.session_id)).queue_position, 2);
  assert.deepEqual((await statuses(two.session_id)).map(({ code, position }) => [code, position]), [["queued", 2]]);

  await server.json("DELETE", at(id));
  const made = await first;
  assert.equal(made.id, one.session_id);
  assert.equal(made.desk.state, "ready");
  await until("the other one moved up", async () => (await statuses(two.session_id)).at(-1).position === 1);
  await server.json("DELETE", at(made.id));
  assert.equal((await second).id, two.session_id);
});

test("who goes away while he waits leaves the line, and so does a session that is deleted", async () => {
  await start(["--max-displays", "1"]);
  await create();
  const { hostname, port } = new URL(server.url);
  const body = JSON.stringify({ provider: "scripted", wait_seconds: 60 });
  const gone = http.request({ hostname, port, method: "POST", path: "/api/v1/sessions", agent: false, headers: { "content-type": "application/json", "content-length": body.length } });
  gone.on("error", () => {});
  gone.end(body);
  const length = async () => (await server.json("GET", "/api/v1/queue")).length;
  await until("it waits", async () => (await length()) === 1);
  gone.destroy();
  await until("it has left", async () => (await length()) === 0);
  assert.equal((await server.json("GET", "/api/v1/sessions")).total, 1);

  const deleted = server.request("POST", "/api/v1/sessions", { body: { provider: "scripted", wait_seconds: 60 } });
  await until("it waits", async () => (await length()) === 1);
  const [{ session_id }] = (await server.json("GET", "/api/v1/queue")).waiting;
  await server.json("DELETE", at(session_id));
  assert.deepEqual([(await deleted).status, (await deleted).body.code], [409, "session_ended"]);
  assert.equal(await length(), 0);
});

test("whose desk died waits in line for the next one, too, when the same key is asked for", async () => {
  await start(["--max-displays", "1"]);
  const { id } = await create({ key: "alice" });
  await fail(id);
  const other = await create();
  const ask = (wait_seconds) => server.request("POST", "/api/v1/sessions", { body: { provider: "scripted", key: "alice", wait_seconds } });
  assert.deepEqual((await ask(0)).body.code, "no_free_desk");
  const waits = ask(60);
  await until("it waits", async () => (await session(id)).queue_position === 1);
  assert.deepEqual((await statuses(id)).at(-1).code, "queued");
  await server.json("DELETE", at(other.id));
  const { status, body } = await waits;
  assert.deepEqual([status, body.id, body.desk.state], [200, id, "ready"]);
});

test("a workspace has one holder, unless both share it", async () => {
  await start();
  const one = await create({ workspace: "notes" });
  const refused = await server.request("POST", "/api/v1/sessions", { body: { provider: "scripted", workspace: "notes" } });
  assert.deepEqual([refused.status, refused.body.code], [409, "workspace_in_use"]);
  assert.ok(refused.body.detail.includes(one.id));
  await run(one.id, "echo one > /workspace/a");
  await server.json("DELETE", at(one.id));
  const two = await create({ workspace: "notes", shared: true });
  const three = await create({ workspace: "notes", shared: true, home: true });
  assert.equal(await run(two.id, "cat /workspace/a"), "one");
  await run(three.id, "echo three > /workspace/b; echo home > ~/at-home");
  assert.equal(await run(two.id, "cat /workspace/b"), "three");
  assert.equal((await server.request("DELETE", "/api/v1/workspaces/notes")).status, 409);
  await server.json("DELETE", at(two.id));
  await server.json("DELETE", at(three.id));
  const four = await create({ workspace: "notes", home: true });
  assert.equal(await run(four.id, "cat ~/at-home"), "home");
  await server.json("DELETE", at(four.id));
  await server.json("DELETE", "/api/v1/workspaces/notes");
  for (const wish of [{ workspace: "../up" }, { workspace: "" }, { home: true }, { workspace: "Upper" }])
    assert.equal((await server.request("POST", "/api/v1/sessions", { body: { provider: "scripted", ...wish } })).status, 422, JSON.stringify(wish));
});

test("limits hold to the server's bounds", async () => {
  await start(["--max-desk-memory-mb", "1024", "--max-memory-mb", "1500"]);
  const ask = (wish) => server.request("POST", "/api/v1/sessions", { body: { provider: "scripted", network: "none", ...wish } });
  const large = await ask({ memory_mb: 2048 });
  assert.deepEqual([large.status, large.body.code], [422, "beyond_the_bounds"]);
  assert.equal((await ask({ memory_mb: 1000 })).status, 201);
  const full = await ask({ memory_mb: 1000 });
  assert.deepEqual([full.status, full.body.code], [503, "no_free_desk"]);
  assert.equal((await ask({ memory_mb: 500 })).status, 201);
});
