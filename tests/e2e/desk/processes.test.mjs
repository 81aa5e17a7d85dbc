// Processes of a real desk: listed with their figures, and ended.
import assert from "node:assert/strict";
import { test } from "node:test";
import { until } from "../lib/carrel.mjs";
import { onDesk } from "../lib/desk.mjs";

const desk = onDesk();
const { ask, get } = desk;
const run = async (command) => (await desk.run(command)).trim();
const kill = (body) => ask("process/kill", body);
const list = async () => (await get("process/list")).processes;
const find = async (pid) => (await list()).find((process) => process.pid === pid);

/** Starts a program beside the shell; its pid, once it is that program and no longer the shell's child that becomes it. */
async function start(command) {
  const pid = Number(await run(`${command} < /dev/null > /dev/null 2>&1 & echo $!`));
  await until(`${command} runs`, async () => ((await find(pid))?.name ?? "bash") !== "bash");
  return pid;
}

test("processes are listed as ps lists them", async () => {
  const { processes, total } = await get("process/list");
  assert.equal(processes.length, total);
  assert.equal(processes[0].pid, 1);
  for (const name of ["Xvnc", "openbox", "carrel-desk"]) assert.ok(processes.some((process) => process.name === name), name);
  const display = processes.find(({ name }) => name === "Xvnc");
  assert.equal(display.ppid, 1);
  assert.match(display.cmdline, /^Xvnc :1 -geometry 1024x768/);
  assert.ok(display.memory_mb > 1 && display.memory_mb < 500, `${display.memory_mb} MiB`);
  assert.ok(display.age_seconds >= 0 && display.threads >= 1);
  await until("all but ps itself, which has ended, are listed", async () => {
    const ps = (await run("ps -e -o pid=")).split("\n").map(Number);
    const pids = (await list()).map(({ pid }) => pid);
    return ps.filter((pid) => !pids.includes(pid)).length === 1;
  });
});

test("a busy one is told from an idle one, a stopped one from a running one", async () => {
  const idle = await start("sleep 1000");
  const busy = await start("sh -c 'while :; do :; done'");
  const stopped = await start("sleep 1001");
  await run(`kill -STOP ${stopped}`);
  await until("the busy one has worked", async () => (await find(busy)).cpu_percent > 5);
  assert.ok((await find(idle)).cpu_percent < 5);
  assert.equal((await find(idle)).status, "sleeping");
  await until("it has stopped", async () => (await find(stopped)).status === "stopped");
  for (const pid of [idle, busy]) assert.deepEqual((await kill({ pid })).body, { success: true, output: `Process ${pid} ended.`, pids: [pid], ended: true });
  assert.equal((await kill({ pid: stopped, force: true })).body.ended, true);
  await until("none is left", async () => !(await list()).some(({ pid }) => [idle, busy, stopped].includes(pid)));
});

test("one that ignores SIGTERM is said to live on; force ends it", async () => {
  const pid = await start(`sh -c 'trap "" TERM; while :; do sleep 0.2; done'`);
  await until("it ignores", async () => /^SigIgn:\s*\w*4\w{3}$/m.test(await run(`grep SigIgn /proc/${pid}/status`)));
  const { body } = await kill({ pid });
  assert.equal(body.ended, false);
  assert.match(body.output, /SIGTERM.*force/);
  // With the sleep that it waits for: nothing shall be left of it.
  assert.equal((await kill({ pid, force: true, tree: true })).body.ended, true);
});

test("a tree goes whole, and all of a name", async () => {
  const root = await start("sh -c 'sleep 2001 & sh -c \"sleep 2002 & wait\" & wait'");
  const members = () => list().then((all) => all.filter(({ cmdline }) => /200[12]/.test(cmdline)));
  await until("all run", async () => (await members()).filter(({ name }) => name === "sleep").length === 2);
  const before = (await members()).map(({ pid }) => pid).sort();
  const { body } = await kill({ pid: root, tree: true });
  assert.equal(body.ended, true);
  assert.deepEqual(body.pids.sort(), before);
  await until("all are gone", async () => (await members()).length === 0);

  await until("no other sleeps", async () => !(await list()).some(({ name }) => name === "sleep"));
  const three = [await start("sleep 3001"), await start("sleep 3002"), await start("sleep 3003")];
  assert.deepEqual((await kill({ name: "sleep" })).body.pids, three);
  const gone = await kill({ name: "sleep" });
  assert.deepEqual([gone.status, gone.body.code], [404, "no_such_process"]);
});

test("a name may hold what it likes", async () => {
  await run("cp /bin/sleep '/tmp/a) S 1 (b'; cp /bin/sleep $'/tmp/\\xff\\xfe'");
  const odd = await start("'/tmp/a) S 1 (b' 1000");
  const bytes = await start("$'/tmp/\\xff\\xfe' 1000");
  assert.equal((await find(odd)).name, "a) S 1 (b");
  assert.equal((await find(bytes)).name, "\ufffd\ufffd");
  assert.equal((await kill({ name: "a) S 1 (b" })).body.ended, true);
  const long = await start(`sh -c 'exec sleep 1000' ${"x".repeat(3000)}`);
  assert.ok((await find(long)).cmdline.length <= 1000);
  await kill({ name: "sleep" });
  await kill({ pid: bytes });
});

test("what agents run gives way to the display, the window manager and the tool server", async () => {
  const parts = (await list()).filter(({ ppid, cmdline }) => ppid === 1 && /^(Xvnc|openbox|carrel-desk serve)\b/.test(cmdline));
  assert.equal(parts.length, 3);
  // The 19th field; the second may hold spaces.
  for (const { pid, name } of parts) assert.equal((await run(`cat /proc/${pid}/stat`)).split(") ").at(-1).split(" ")[16], "0", name);
  assert.equal(await run("nice"), "5");
  const { process_id } = await desk.post("terminal/process/start", { command: "nice > /tmp/niceness" });
  await desk.post("terminal/process/wait", { process_id, timeout: 30 });
  assert.equal(await run("cat /tmp/niceness"), "5");
});

test("what may not be ended, is not there, or is no process is refused", async () => {
  const init = await kill({ pid: 1 });
  assert.deepEqual([init.status, init.body.code], [403, "protected_process"]);
  const own = (await list()).filter(({ name }) => name === "carrel-desk").map(({ pid }) => pid);
  assert.equal(own.length, 2);
  for (const pid of own) for (const force of [true, false]) assert.equal((await kill({ pid, force })).status, 403);
  assert.equal((await kill({ name: "carrel-desk" })).status, 404);
  const none = await kill({ pid: 4000000 });
  assert.deepEqual([none.status, none.body.code], [404, "no_such_process"]);
  assert.match(none.body.detail, /4000000.*process\/list/);
  for (const body of [{ pid: 0 }, { pid: -1 }, { pid: -5, force: true }, { pid: 1e9 }, { pid: "12" }, { pid: 1.5 }, { pid: null }, {}, { name: "" }, { pid: 5, name: "x" }, { pid: 5, all: true }, { name: "x", all: true }, { all: false }, { all: 1 }, { pid: 5, signal: 9 }])
    assert.equal((await kill(body)).status, 422, JSON.stringify(body));
  assert.equal((await get("system/health")).status, "ok");
});

test("hundreds of them are listed, and ended at once", async () => {
  await run("(for i in $(seq 600); do sleep 5000 & done) > /dev/null 2>&1");
  await until("they run", async () => (await list()).filter(({ name }) => name === "sleep").length === 600);
  const { body } = await kill({ name: "sleep", force: true });
  // All of them within two seconds, or it says so.
  assert.ok(body.ended || /had not ended all within 2 s/.test(body.output), body.output);
  assert.equal(body.pids.length, 600);
  await until("they are gone", async () => !(await list()).some(({ name }) => name === "sleep"));
});
