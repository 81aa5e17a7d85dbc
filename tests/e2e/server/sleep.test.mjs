// Desks that sleep: their programs end when nobody uses them, their files stay, and any call makes them anew.
import assert from "node:assert/strict";
import { existsSync, readdirSync } from "node:fs";
import path from "node:path";
import { afterEach, test } from "node:test";
import { at, dataDirectory as data, Server, takenOver, until } from "../lib/carrel.mjs";
import { carrel, leftovers } from "../lib/host.mjs";
import { bash, script } from "../lib/script.mjs";
import { Viewer } from "../lib/wire.mjs";

let server;
afterEach(async () => {
  await server?.end();
  server = undefined;
});
const start = async (args = [], options = {}) => (server = await Server.start({ args, ...options }));
const create = (wish = {}) => server.createSession({ provider: "scripted", network: "none", idle_seconds: 1, on_idle: "sleep", ...wish });
const execute = (id, command) => server.request("POST", at(id, "/desk/terminal/execute"), { body: { command } });
const run = async (id, command) => {
  const { status, body } = await execute(id, command);
  assert.equal(status, 200, JSON.stringify(body));
  return body.output.trim();
};
const session = (id) => server.json("GET", at(id, "?messages=false"));
const becomes = (id, state) => until(`the desk is ${state}`, async () => (await session(id)).desk.state === state, 60);
/** And nothing of it but its files is on the host. */
const sleeps = async ({ id, desk }) => {
  await becomes(id, "asleep");
  await until("only files are left", () => leftovers(data, [desk.id]).join() === `file asleep/${desk.id}`);
};
const states = async (id) => (await server.events(id)).filter(({ event }) => event === "desk").map(({ data: { state, code } }) => [state, code].filter(Boolean).join(" "));
const startAgain = async (args = []) => {
  server = await Server.start({ args, fresh: false });
  await takenOver(server);
};

test("an idle desk sleeps: its programs end, its files stay, and the next call makes it anew and says so", async () => {
  await start();
  const made = await create({ width: 1000, height: 700 });
  const { id } = made;
  await run(id, "kept='in memory'; echo 'in a file' > ~/kept; mkdir -p ~/.local/bin; printf '#!/bin/sh\\necho installed\\n' > ~/.local/bin/tool; chmod +x ~/.local/bin/tool");
  await run(id, "echo gone > /tmp/gone; nohup sleep 10000 >/dev/null 2>&1 & echo $!");
  await sleeps(made);
  const resting = await session(id);
  assert.match(resting.idle_since, /^\d{4}-/);
  assert.equal(resting.desk.code, "asleep");
  assert.match(resting.desk.reason, /its files are kept/);

  assert.equal(await run(id, "echo \"$kept\"; cat ~/kept; ~/.local/bin/tool; cat /tmp/gone 2>/dev/null || echo none; pgrep -f 'sleep 10000' || echo ended; hostname"), ["", "in a file", "installed", "none", "ended", made.desk.id].join("\n").trim());
  const awake = await session(id);
  assert.equal(awake.desk.state, "ready");
  assert.equal(awake.desk.code, "after_sleep");
  assert.match(awake.desk.reason, /programs have ended since, its files are as they were/);
  assert.deepEqual([awake.desk.id, awake.desk.width, awake.desk.height], [made.desk.id, 1000, 700]);
  assert.deepEqual(await states(id), ["starting", "ready", "asleep asleep", "starting after_sleep", "ready after_sleep"]);
  const told = (await server.events(id)).filter(({ event }) => event === "desk").at(-1).data;
  assert.match(told.reason, /slept/);

  // And again: it wears out nothing. What was removed stays removed.
  await run(id, "rm ~/kept; echo second > ~/second");
  await sleeps(made);
  assert.equal(await run(id, "ls ~ | grep -c kept; cat ~/second"), "0\nsecond");
});

test("the browser's profile outlives sleep as well", async () => {
  await start();
  const made = await create({ idle_seconds: 3 });
  const { id } = made;
  const open = async () => {
    await server.json("POST", at(id, "/desk/browser/cdp/navigate"), { url: "data:text/html,<title>here</title>hello" });
    await until("the page is there", async () => JSON.stringify(await server.json("GET", at(id, "/desk/browser/tabs"))).includes("here"));
  };
  await open();
  await sleeps(made);
  await open();
});

test("however many calls come at once, one desk is made, and each has its answer", async () => {
  await start();
  const made = await create();
  const { id } = made;
  await run(id, "echo kept > ~/kept");
  await sleeps(made);
  const answers = await Promise.all([
    ...Array.from({ length: 8 }, () => execute(id, "cat ~/kept")),
    server.request("GET", at(id, "/desk/screen/screenshot")),
    server.request("POST", at(id, "/resume")),
  ]);
  assert.deepEqual(answers.map(({ status }) => status), Array(10).fill(200));
  for (const { body } of answers.slice(0, 8)) assert.equal(body.output.trim(), "kept");
  assert.deepEqual(await states(id), ["starting", "ready", "asleep asleep", "starting after_sleep", "ready after_sleep"]);
});

test("viewers, messages and keys wake it, and the model is told", async () => {
  await start();
  const wish = { key: "mine" };
  const made = await create(wish);
  const { id } = made;
  await sleeps(made);
  const viewer = await Viewer.open(server, at(id, "/vnc"));
  await viewer.handshake();
  await becomes(id, "ready");
  viewer.close();
  await sleeps(made);
  const again = await create(wish);
  assert.deepEqual([again.id, again.desk.state, again.desk.code], [id, "ready", "after_sleep"]);
  await sleeps(made);
  await server.turn(id, script(bash("echo turn > ~/turn")));
  assert.equal(await run(id, "cat ~/turn"), "turn");
});

test("a desk that sleeps holds no place; without a free one it sleeps on, and its files are kept", async () => {
  await start(["--max-displays", "1"]);
  const made = await create();
  await run(made.id, "echo kept > ~/kept");
  await sleeps(made);
  const other = await create({ on_idle: "freeze", idle_seconds: 0 });
  const full = await execute(made.id, "true");
  assert.deepEqual([full.status, full.body.code], [503, "no_free_desk"]);
  assert.match(full.body.detail, /its files are kept/);
  assert.equal((await session(made.id)).desk.state, "asleep");
  await server.json("DELETE", at(other.id, "?purge=true"));
  assert.equal(await run(made.id, "cat ~/kept"), "kept");
});

test("a workspace is free while its desk sleeps, and in the way when it is taken", async () => {
  await start();
  const workspace = "sleepers";
  const made = await create({ workspace });
  await run(made.id, "echo mine > ~/mine; echo ours > /workspace/ours");
  await sleeps(made);
  const other = await create({ workspace, idle_seconds: 0 });
  const taken = await execute(made.id, "true");
  assert.deepEqual([taken.status, taken.body.code], [409, "workspace_in_use"]);
  await server.json("DELETE", at(other.id, "?purge=true"));
  assert.equal(await run(made.id, "cat ~/mine /workspace/ours"), "mine\nours");
  await server.json("DELETE", at(made.id, "?purge=true"));
  await server.json("DELETE", `/api/v1/workspaces/${workspace}`);
});

test("it cannot be paused, and its end takes the files along", async () => {
  await start();
  const made = await create();
  await sleeps(made);
  const refused = await server.request("POST", at(made.id, "/pause"));
  assert.deepEqual([refused.status, refused.body.code], [409, "desk_asleep"]);
  const metrics = (await server.request("GET", "/metrics")).body.toString();
  assert.match(metrics, /carrel_desks\{state="asleep"\} 1/);
  const usage = await server.json("GET", at(made.id, "/usage"));
  assert.equal(usage.desk.state, "asleep");
  const list = await carrel(["desk", "list", "--data", data]);
  assert.match(list.output, new RegExp(`${made.desk.id} +\\(asleep\\)`));
  const images = await server.json("GET", "/api/v1/images");
  assert.ok(images.images.length > 0);
  await server.json("DELETE", at(made.id));
  assert.deepEqual(leftovers(data, [made.desk.id]), []);
});

test("its age ends it, and so does it when nobody wakes it for long", async () => {
  await start(["--end-grace-seconds", "0", "--session-asleep-seconds", "4"]);
  const old = await create({ max_age_seconds: 6 });
  const left = await create();
  await becomes(old.id, "asleep");
  await becomes(left.id, "asleep");
  for (const { id, desk } of [old, left]) {
    await until("the session has ended", async () => (await server.request("GET", at(id))).status === 404);
    await until("its files are gone", () => leftovers(data, [desk.id]).length === 0);
  }
});

test("kill -9 of the server while a desk sleeps, goes to sleep and wakes loses no files and leaves nothing", async () => {
  await start();
  const made = await create();
  const { id, desk } = made;
  await run(id, "echo kept > ~/kept");
  await sleeps(made);
  await server.stop("SIGKILL");
  await startAgain();
  await sleeps(made);
  assert.equal(await run(id, "cat ~/kept"), "kept");
  for (let round = 0; round < 6; ++round) {
    // Between two events of it: from round to round a little later.
    await sleeps(made);
    const waking = execute(id, "true").catch(() => {});
    await until("it begins to wake", async () => (await states(id)).at(-1).startsWith("starting") || (await states(id)).at(-1).startsWith("ready"));
    await new Promise((resolve) => setTimeout(resolve, round * 40));
    await server.stop("SIGKILL");
    await waking;
    await startAgain();
    assert.equal(await run(id, `cat ~/kept; echo ${round} >> ~/rounds`), "kept");
    // While it goes to sleep.
    await until("it goes to sleep", async () => (await session(id)).desk.state === "asleep");
    await server.stop("SIGKILL");
    await startAgain();
  }
  assert.equal((await run(id, "cat ~/rounds")).replaceAll("\n", " "), "0 1 2 3 4 5");
  await sleeps(made);
  await server.json("DELETE", at(id, "?purge=true"));
  assert.deepEqual(leftovers(data, [desk.id]), []);
  assert.ok(!existsSync(path.join(data, "asleep")) || readdirSync(path.join(data, "asleep")).length === 0);
});

test("another end of idleness than the three is refused", async () => {
  await start();
  const bad = await server.request("POST", "/api/v1/sessions", { body: { provider: "scripted", on_idle: "nap" } });
  assert.equal(bad.status, 422);
  assert.match(JSON.stringify(bad.body), /sleep/);
  assert.notEqual((await carrel(["serve", "--check", "--on-idle", "nap", "--data", data])).code, 0);
});
