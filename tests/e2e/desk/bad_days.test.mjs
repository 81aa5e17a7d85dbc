// Bad days of a desk: its parts die, its memory is full, it is killed. Each is told in the session's log, and the
// session stays usable or says why not.
import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import { at, dataDirectory as data, Server, until } from "../lib/carrel.mjs";
import { identity, inside, isAlive, leftovers, part } from "../lib/host.mjs";
import { bash, script } from "../lib/script.mjs";
import { Viewer } from "../lib/wire.mjs";

let server;
before(async () => (server = await Server.start({ args: ["--desk-memory-mb", "400", "--desk-processes", "250"] })));
after(() => server?.end());

const call = (id, operation, body) => server.request(body === undefined ? "GET" : "POST", at(id, `/desk/${operation}`), { body });
const run = (id, command, timeout = 30) => call(id, "terminal/execute", { command, timeout });
const output = async (id, command) => (await run(id, command)).body.output.trim();
const deskOf = async (id) => (await server.json("GET", at(id))).desk;

/** Waits for the event that tells of it. */
const told = (id, code, name = "status") =>
  until(`${code} is told`, async () => (await server.events(id)).find(({ event, data: { code: its } }) => event === name && its === code));

/** Nothing of the desk refuses. */
async function assertUsable(id) {
  await until("the desk is usable", async () => (await call(id, "screen/screenshot")).status === 200);
  assert.equal(await output(id, "echo usable"), "usable");
  await until("it can be clicked", async () => (await call(id, "mouse/click", { button: "left_click", coordinate: { x: 5, y: 5 } })).body.success === true);
}

function each(name, use) {
  test(name, async () => {
    const session = await server.createSession();
    try {
      await use(session.id, session.desk.id);
    } finally {
      await server.json("DELETE", at(session.id, "?purge=true"));
    }
  });
}

describe("a part of the desk dies", () => {
  each("Xvnc: told, started again, viewers and clicks work; files and shell were not touched", async (id, desk) => {
    await run(id, "kept=yes; echo text > ~/file");
    const viewer = await Viewer.open(server, at(id, "/vnc"));
    await viewer.handshake();
    process.kill(part(data, desk, "Xvnc"), "SIGKILL");
    const { data: event } = await told(id, "display_restarted");
    assert.match(event.message, /display broke down and was started again/);
    await until("its viewer is told", () => viewer.closed);
    await assertUsable(id);
    assert.equal(await output(id, 'echo "$kept $(cat ~/file)"'), "yes text");
    const again = await Viewer.open(server, at(id, "/vnc"));
    assert.deepEqual(await again.handshake(), { width: 1280, height: 800 });
    again.close();
    assert.equal((await server.turn(id, script({ tool_uses: [{ name: "screenshot" }] }))).at(-1).data.status, "completed");
  });

  each("Xvnc stops answering: calls that need it say so, all else goes on, and it is used again when it wakes", async (id, desk) => {
    const display = part(data, desk, "Xvnc");
    process.kill(display, "SIGSTOP");
    const calls = [
      ["screen/screenshot"],
      ["window/list"],
      ["mouse/click", { button: "left_click", coordinate: { x: 5, y: 5 } }],
      ["keyboard/type", { text: "x".repeat(100_000), observe: "none" }],
    ];
    try {
      const answers = calls.map(([operation, body]) => call(id, operation, body));
      assert.equal(await output(id, "echo meanwhile"), "meanwhile");
      for (const { status, body } of await Promise.all(answers)) {
        assert.equal(status, 504, JSON.stringify(body));
        assert.equal(body.code, "display_hung");
      }
      assert.equal((await call(id, "system/clipboard")).body.code, "display_hung");
      assert.equal(await output(id, "echo afterwards"), "afterwards");
    } finally {
      process.kill(display, "SIGCONT");
    }
    await assertUsable(id);
    assert.equal(part(data, desk, "Xvnc"), display, "nothing was started again");
  });

  each("openbox: told, started again, windows stay", async (id, desk) => {
    await run(id, "xterm >/dev/null 2>&1 & until xwininfo -root -tree | grep -qi xterm; do sleep 0.1; done");
    process.kill(part(data, desk, "openbox"), "SIGKILL");
    await told(id, "window_manager_restarted");
    await assertUsable(id);
    assert.equal((await deskOf(id)).state, "ready");
    assert.equal(inside(data, desk, "openbox").length, 1);
  });

  each("the tool server: calls under way fail with 502 and are not repeated, all else lives", async (id, desk) => {
    await run(id, "(sleep 1000 & echo $! > /tmp/background); echo 0 > /tmp/count");
    const others = inside(data, desk).filter(({ words }) => /Xvnc|openbox/.test(words[0])).map(({ pid }) => pid);
    const cut = [run(id, "echo 1 >> /tmp/count; sleep 1; sleep 1000", 300), call(id, "system/wait", { duration: 60 })];
    // Its answer has begun by then: the tool server holds one up no longer than half a second.
    await until("the command runs", async () => inside(data, desk, "sleep", "1000").length >= 2);
    const before_ = part(data, desk, "carrel-desk", "serve");
    process.kill(before_, "SIGKILL");
    for (const answer of await Promise.all(cut)) {
      assert.equal(answer.status, 502, JSON.stringify(answer.body));
      assert.equal(answer.body.code, "tool_server_restarted");
    }
    await told(id, "tool_server_restarted");
    await assertUsable(id);
    for (const pid of others) assert.ok(isAlive(pid), "display and window manager live on");
    assert.equal(await output(id, "grep -c 1 /tmp/count; kill -0 $(cat /tmp/background) && echo lives"), "1\nlives");
    assert.notEqual(part(data, desk, "carrel-desk", "serve"), before_);
  });

  each("the tool server: what terminal/process/start had started ends with it, daemons too", async (id, desk) => {
    const command = "(setsid sleep 5151 &); exec -a sleep5152 sleep 5152";
    await call(id, "terminal/process/start", { command, process_id: "first" });
    await run(id, "(sleep 5153 > /dev/null 2>&1 &)");
    await until("all run", () => ["5151", "5152", "5153"].every((word) => inside(data, desk).some(({ words }) => words[1] === word)));
    process.kill(part(data, desk, "carrel-desk", "serve"), "SIGKILL");
    const { data: event } = await told(id, "tool_server_restarted");
    assert.match(event.message, /terminal\/process\/start had started has ended/);
    await until("they have ended", () => !inside(data, desk).some(({ words }) => ["5151", "5152"].includes(words[1])));
    assert.ok(inside(data, desk).some(({ words }) => words[1] === "5153"), "what was started otherwise lives on");
    assert.deepEqual((await call(id, "terminal/process/list")).body.processes, []);
    assert.equal((await call(id, "terminal/process/start", { command: "true", process_id: "first" })).status, 200);
    await assertUsable(id);
  });

  each("the tool server in the middle of a turn: the agent hears of it and goes on", async (id, desk) => {
    await server.json("POST", at(id, "/messages"), { content: script(bash("echo begun > /tmp/begun; sleep 1000"), bash("echo after"), { text: "done" }) });
    await until("the command runs", () => inside(data, desk, "sleep", "1000").length > 0);
    process.kill(part(data, desk, "carrel-desk", "serve"), "SIGKILL");
    const events = await until("the turn ends", async () => {
      const all = await server.events(id);
      return all.at(-1).event === "message_complete" && all;
    });
    assert.equal(events.at(-1).data.status, "completed");
    const results = events.filter(({ event }) => event === "tool_result").map(({ data: result }) => JSON.stringify(result));
    assert.match(results[0], /tool server/);
    assert.match(results[1], /after/);
  });

  /** Kills the part as often as it comes, until its desk has failed; how often init has seen it end, by its name there. */
  async function killAgainAndAgain(id, desk, name, ...words) {
    const seen = new Set();
    const init = identity(data, desk).pid;
    await until("init gives up", async () => {
      if ((await deskOf(id)).state === "failed") return true;
      try {
        // A part's own children are called as it is until they become another program.
        for (const { pid, parent } of inside(data, desk, ...words))
          if (parent === init && !seen.has(pid)) {
            seen.add(pid);
            process.kill(pid, "SIGKILL");
          }
      } catch {
        // Its last processes went while we looked.
      }
      return false;
    });
    // Not how many were killed: an orphan of a part that was killed is called as that one, and init's child, for a moment.
    const { lines } = await server.json("GET", at(id, "/desk/log?lines=1000"));
    const ends = new RegExp(`^the ${name} (was killed by|ended with)`);
    return lines.filter(({ program, text }) => program === "init" && ends.test(text)).length;
  }

  each("the display again and again: the desk has failed, and says that it was the display", async (id, desk) => {
    assert.equal(await killAgainAndAgain(id, desk, "display", "Xvnc"), 5);
    assert.match((await deskOf(id)).reason, /display failed again and again/);
    await told(id, "display_failed", "desk");
  });

  each("the tool server again and again: the desk has failed, says why, and is renewed", async (id, desk) => {
    const pids = inside(data, desk).map(({ pid }) => pid);
    const count = await killAgainAndAgain(id, desk, "tool server", "carrel-desk", "serve");
    const now = await deskOf(id);
    assert.match(now.reason, /tool server failed again and again/);
    await told(id, "tool_server_failed", "desk");
    assert.equal(count, 5);
    for (const pid of pids) await until("its processes end", () => !isAlive(pid));
    const refused = await call(id, "screen/info");
    assert.equal(refused.status, 409, JSON.stringify(refused.body));
    assert.ok(refused.body.detail.includes(now.reason));
    assert.equal((await server.json("POST", at(id, "/desk/renew"))).desk.state, "ready");
    await assertUsable(id);
    await until("nothing is left of the failed one", () => leftovers(data, [desk]).length === 0);
  });

  each("the whole desk, killed from outside: told, a turn ends with an error, renewed", async (id, desk) => {
    await server.turn(id, script(bash("echo old > ~/file"), { text: "kept in history" }));
    await server.json("POST", at(id, "/messages"), { content: script(bash("echo begun; sleep 1000"), { text: "after all" }) });
    await until("the command runs", () => inside(data, desk, "sleep", "1000").length > 0);
    process.kill(identity(data, desk).pid, "SIGKILL");
    const { data: event } = await told(id, "killed", "desk");
    assert.equal(event.state, "failed");
    assert.match(event.reason, /killed from outside/);
    await until("the turn ends", async () => !(await server.json("GET", at(id))).busy);
    assert.equal((await server.request("POST", at(id, "/messages"), { body: { content: "hi" } })).status, 409);
    const renewed = await server.json("POST", at(id, "/desk/renew"));
    assert.equal(renewed.desk.state, "ready");
    await assertUsable(id);
    assert.equal(await output(id, "ls ~/file 2>&1 | grep -c 'No such'"), "1");
    const { messages } = await server.json("GET", at(id));
    assert.match(JSON.stringify(messages), /kept in history/);
    assert.equal((await server.turn(id, script(bash("echo x")))).at(-1).data.status, "completed");
  });
});

describe("a desk takes too much", () => {
  each("memory: told, and the session stays usable", async (id) => {
    const hog = "python3 -c 'import os\nheap = []\nwhile True: heap.append(os.urandom(1 << 22))'";
    const answer = await run(id, `${hog}; echo "ended with $?"`, 120);
    assert.equal(answer.status, 200, JSON.stringify(answer.body));
    assert.match(answer.body.output, /ended with 137/);
    const { data: event } = await told(id, "out_of_memory");
    assert.match(event.message, /memory is full/);
    assert.equal((await deskOf(id)).state, "ready");
    await assertUsable(id);
  });

  each("processes: a fork bomb hurts its own desk only, and the desk can be deleted", async (id, desk) => {
    const other = await server.createSession();
    const bomb = run(id, "bomb() { bomb | bomb & }; bomb; sleep 1000", 15);
    await until("its limit is reached", () => inside(data, desk).length > 150);
    const { data: event } = await told(id, "out_of_processes");
    assert.match(event.message, /as many processes and threads as it may.*Resource temporarily unavailable/);
    assert.equal(await output(other.id, "echo undisturbed"), "undisturbed");
    assert.equal((await call(other.id, "screen/screenshot")).status, 200);
    assert.equal((await call(id, "screen/screenshot")).status, 200, "it can still be watched");
    assert.equal((await bomb).status, 200);
    // Its shell can make no process, and says so; what needs none works.
    assert.equal((await call(id, "file/write", { path: "/tmp/x", file_text: "x" })).body.success, true);
    const times = (await server.events(id)).filter(({ data }) => data.code === "out_of_processes").map(({ data }) => Date.parse(data.timestamp));
    for (let at = 1; at < times.length; ++at) assert.ok(times[at] - times[at - 1] >= 59_000, `told at ${times.join(" and ")}`);
    const command = await run(id, "echo hi; ls", 5);
    assert.ok(command.body.system || command.body.error || command.body.detail || command.body.output, JSON.stringify(command.body));
    await server.json("DELETE", at(other.id, "?purge=true"));
    assert.equal((await server.request("DELETE", at(id))).status, 204);
    await until("every process of it is gone", () => leftovers(data, [desk]).length === 0);
  });

  each("processes: one call ends a fork bomb, whatever its names and wherever it has gone", async (id, desk) => {
    const display = part(data, desk, "Xvnc");
    await call(id, "file/write", { path: "/tmp/bomb", file_text: 'ln -f /tmp/bash /tmp/$$; (setsid /tmp/$$ /tmp/bomb &) ; /tmp/$$ /tmp/bomb & env -i /tmp/$$ /tmp/bomb\n' });
    await run(id, "cp /bin/bash /tmp/bash; bash /tmp/bomb > /dev/null 2>&1 &");
    await told(id, "out_of_processes");
    const { status, body } = await call(id, "process/kill", { all: true });
    assert.equal(status, 200, JSON.stringify(body));
    assert.equal(body.ended, true);
    const bombs = () => inside(data, desk).filter(({ words }) => words.includes("/tmp/bomb"));
    await until("none is left", () => bombs().length === 0);
    assert.ok(body.pids.length > 50, `${body.pids.length}`);
    assert.equal(part(data, desk, "Xvnc"), display, "the display lives on");
    await assertUsable(id);
    assert.deepEqual(bombs(), [], "and none came again");
    const codes = (await server.events(id)).map(({ data: { code } }) => code);
    for (const code of ["display_restarted", "window_manager_restarted", "tool_server_restarted"]) assert.ok(!codes.includes(code), code);
  });

  each("output without end is bounded", async (id) => {
    const { status, body } = await run(id, "timeout 3 yes", 20);
    assert.equal(status, 200);
    assert.ok(body.output.length < 4 << 20, `${body.output.length}`);
    await assertUsable(id);
  });

  each("a command beyond its time leaves the shell usable", async (id) => {
    await run(id, "kept=yes");
    const { body } = await run(id, "while :; do :; done", 1);
    assert.match(JSON.stringify(body), /tim/i);
    assert.equal(await output(id, "echo $kept"), "yes");
    await run(id, "cat", 1);
    await run(id, "sleep 1000 & wait", 1);
    assert.equal(await output(id, "echo $kept"), "yes");
    await run(id, "exit 3");
    assert.equal(await output(id, "echo again"), "again");
    await run(id, "exec sleep 1000", 1);
    assert.equal(await output(id, "echo again"), "again");
    await run(id, "kill -9 $$");
    assert.equal(await output(id, "echo again"), "again");
  });
});
