// Commands that ask on the desk's terminal, where nobody sits: real programs that want passwords, and their answers; a
// shell that can run nothing any more; standard input that comes while a command runs.
import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { describe, test } from "node:test";
import { until } from "../lib/carrel.mjs";
import { onDesk } from "../lib/desk.mjs";
import { eachEvent, events, openStream } from "../lib/stream.mjs";

const desk = onDesk();
const { ask, at, post, refused } = desk;
// Longer than the whole test may take: what is told is told because it was seen.
const execute = (command, timeout = 300) => post("terminal/execute", { command, timeout });
const answer = (text, more = {}) => post("terminal/answer", { text, timeout: 300, ...more });
const stream = (command, more = {}) => openStream(desk.server, at("terminal/execute/stream"), { command, timeout: 0, ...more });

describe("a command that asks on the terminal", () => {
  test("is told at once with its question, is answered, and goes on", async () => {
    await execute("kept=yes");
    const asked = await execute("echo begun; python3 -c 'import getpass; print(len(getpass.getpass(\"Pass phrase: \")))'; echo on");
    assert.deepEqual([asked.success, asked.waiting_for_input, asked.prompt, asked.output, asked.exit_code, asked.timed_out], [false, true, "Pass phrase: ", "begun\n", -1, false]);
    assert.match(asked.system, /waits for input from its terminal, after printing "Pass phrase: "\. Answer it with terminal\/answer/);
    const ended = await answer("sesame");
    assert.deepEqual([ended.success, ended.waiting_for_input, ended.prompt, ended.output, ended.exit_code], [true, false, undefined, "6\non\n", 0]);
    assert.equal((await execute("echo $kept")).output, "yes\n");
  });

  const programs = [
    ["python's getpass", "python3 -c 'import getpass; getpass.getpass()'", "Password: "],
    ["a script", "bash -c 'read -rp \"Go on? \" x </dev/tty'", "Go on? "],
    ["ssh-keygen", "rm -f /tmp/k; ssh-keygen -q -t ed25519 -N '' -f /tmp/k </dev/null && ssh-keygen -p -f /tmp/k", "Enter new passphrase (empty for no passphrase): "],
    ["who does not ask", "head -n 1 /dev/tty", ""],
    ["the end of a pipeline", "echo data | (cat; head -n 1 /dev/tty)", ""],
  ];
  for (const [who, command, prompt] of programs)
    test(`is told: ${who}; the next command ends it and keeps the shell`, async () => {
      await execute("kept=$((kept + 1))");
      const asked = await execute(command);
      assert.equal(asked.waiting_for_input, true, JSON.stringify(asked));
      assert.equal(asked.prompt, prompt, JSON.stringify(asked));
      const next = await execute("echo here $((kept > 0))");
      assert.equal(next.output, "here 1\n");
      assert.match(next.system, /The command that waited for input was stopped\./);
      assert.deepEqual((({ system, output }) => [system, output])(await execute("echo on")), ["", "on\n"]);
    });

  test("git does not ask: it is told that nobody answers, and says so", async () => {
    const site = "from http.server import *\nclass H(BaseHTTPRequestHandler):\n  def do_GET(self):\n    self.send_response(401); self.send_header('WWW-Authenticate', 'Basic realm=x'); self.send_header('Content-Length', '0'); self.end_headers()\nHTTPServer(('127.0.0.1', 9002), H).serve_forever()\n";
    await post("file/write", { path: "/tmp/site.py", file_text: site });
    const { process_id } = await post("terminal/process/start", { command: "exec python3 /tmp/site.py" });
    await until("the site answers", async () => (await execute("curl -s -o /dev/null -w '%{http_code}' http://127.0.0.1:9002/ || true")).output.includes("401"));
    const refusedClone = await execute("git clone http://127.0.0.1:9002/x.git /tmp/x");
    assert.equal(refusedClone.waiting_for_input, false);
    assert.match(refusedClone.error, /terminal prompts disabled/);
    // Who wants to be asked says so.
    const asked = await execute("GIT_TERMINAL_PROMPT=1 git clone http://127.0.0.1:9002/x.git /tmp/x");
    assert.deepEqual([asked.waiting_for_input, asked.prompt], [true, "Username for 'http://127.0.0.1:9002': "]);
    const second = await answer("ada");
    assert.deepEqual([second.waiting_for_input, second.prompt], [true, "Password for 'http://ada@127.0.0.1:9002': "]);
    const end = await answer("wrong");
    assert.equal(end.waiting_for_input, false);
    assert.match(end.error, /Authentication failed/);
    await post("terminal/process/signal", { process_id, signal: "SIGKILL" });
  });

  test("git in the background is told so, too, unless the caller says otherwise; a terminal with a person is not", async () => {
    const print = "echo \"[$GIT_TERMINAL_PROMPT $SSH_ASKPASS_REQUIRE $DEBIAN_FRONTEND $PIP_NO_INPUT]\"";
    const background = async (more) => {
      const { process_id } = await post("terminal/process/start", { command: print, ...more });
      await post("terminal/process/wait", { process_id, timeout: 300 });
      return (await desk.get(`terminal/process/output?process_id=${process_id}`)).data;
    };
    assert.equal((await execute(print)).output, "[0 never noninteractive 1]\n");
    assert.equal(await background(), "[0 never noninteractive 1]\n");
    assert.equal(await background({ env: { GIT_TERMINAL_PROMPT: "1" } }), "[1 never noninteractive 1]\n");
    assert.equal((await execute("echo \"[$PS1]\"; env | grep -c ^PS1=")).output, "[]\n0\n");
  });

  test("is stopped by Control-C, as at a keyboard", async () => {
    assert.equal((await execute("head -n 1 /dev/tty; echo not reached")).waiting_for_input, true);
    const stopped = await answer("\u0003", { enter: false });
    assert.deepEqual([stopped.exit_code, stopped.output, stopped.waiting_for_input], [130, "", false]);
  });

  test("by a stream goes on, and the stream tells", async () => {
    const { answer: opened } = stream("printf 'Key: ' >/dev/tty; read -r key </dev/tty; echo \"[$key]\"");
    const seen = [];
    for await (const event of eachEvent(await opened)) {
      seen.push(event);
      if (event.type === "waiting_for_input") assert.equal((await answer("secret")).success, true);
    }
    assert.deepEqual(seen.map(({ type, chunk, prompt, exit_code }) => [type, chunk ?? prompt ?? exit_code]), [
      ["waiting_for_input", "Key: "],
      ["stdout", "[secret]\n"],
      ["done", 0],
    ]);
  });

  test("that works, or reads a pipe, is not taken for one", async () => {
    for (const command of ["sleep 1.5; echo end", "mkfifo /tmp/f; (sleep 1.5; echo end >/tmp/f) & cat /tmp/f; rm /tmp/f", "python3 -c 'import time; time.sleep(1.5); print(\"end\")'"]) {
      const { waiting_for_input, output } = await execute(command);
      assert.deepEqual([waiting_for_input, output], [false, "end\n"]);
    }
  });

  test("who answers nobody is told", async () => {
    const problem = await refused("terminal/answer", { text: "yes" }, 409);
    assert.equal(problem.code, "nothing_waits");
    for (const body of [{}, { text: 7 }, { text: "a\0b" }, { text: "x".repeat(4001) }, { text: "x", timeout: 0 }, { text: "x", to: "me" }]) await refused("terminal/answer", body);
  });
});

describe("a shell", () => {
  for (const death of ["ulimit -n 5", "ulimit -n 6"])
    test(`that can open nothing any more (${death}) is replaced, and the command runs`, async () => {
      await execute("kept=yes");
      assert.equal((await execute(death)).exit_code, 0);
      const { output, error, exit_code, system } = await execute("echo on; echo \"[$kept]\"; (exit 4)");
      assert.deepEqual([output, error, exit_code], ["on\n[]\n", "", 4]);
      assert.match(system, /The shell could run nothing any more: .*Too many open files\. This command ran in a new one, without the old one's state\./);
      assert.equal((await execute("echo on")).system, "");
    });

  // Each in a shell of its own; longer than the whole test may take, so that what is told is told because it was seen.
  const deaths = [
    ["ulimit -n 3", /^The command has ended, but the shell can report nothing any more, after printing bash: .*Too many open files: the exit code is not known\. The next command starts a new shell/],
    ["ulimit -n 4", /can report nothing any more/],
    ["set -r", /can report nothing any more, after printing bash: .*restricted/],
    ["unset -f __carrel_end", /can report nothing any more/],
    ["readonly __carrel_token=x", /can report nothing any more/],
    ["printf() { :; }", /can report nothing any more/],
    ["set -e; false", /^The shell has ended with exit code 1\. The next command starts a new one, without its state\.$/],
  ];
  for (const [death, told] of deaths)
    test(`that a command ends (${death}) is told at once, and the next command runs in a new one`, async () => {
      await post("terminal/restart");
      await execute("kept=yes");
      const last = await execute(death);
      assert.deepEqual([last.success, last.timed_out], [false, false], JSON.stringify(last));
      assert.match(last.system, told);
      const next = await execute("echo on; echo \"[$kept]\" >&2; (exit 4)");
      assert.deepEqual([next.output, next.error, next.exit_code, next.system], ["on\n", "[]\n", 4, ""]);
    });

  const harmless = ["ulimit -n 10", "exec 2>&-", "exec </dev/null", "exec 0<&-", "exec >/dev/full", "trap '' INT TERM HUP CHLD", "set -n", "set -f", "set -u", "umask 777", "IFS=012345678", "readonly status", "PATH=", "rm -rf $XDG_RUNTIME_DIR/terminal-*", "mkdir -p /tmp/gone; cd /tmp/gone; rmdir /tmp/gone"];
  for (const command of harmless)
    test(`that has met ${command} goes on, with its state`, async () => {
      await post("terminal/restart");
      await execute("kept=yes");
      const { exit_code, timed_out, system } = await execute(command);
      assert.deepEqual([exit_code, timed_out, system], [0, false, ""]);
      const next = await execute("echo on; echo \"[$kept]\" >&2; (exit 4)");
      assert.deepEqual([next.output, next.error, next.exit_code, next.system], ["on\n", "[yes]\n", 4, ""]);
    });

  test("that reports nowhere still says how its command ended", async () => {
    const { exit_code, timed_out, system } = await execute("kept=yes; rm -rf $XDG_RUNTIME_DIR/terminal-*; (exit 7)");
    assert.deepEqual([exit_code, timed_out, system], [7, false, ""]);
    assert.equal((await execute("echo $kept")).output, "yes\n");
  });

  for (const [limit, command] of [["-u 0", "/bin/true"], ["-s 1", "/bin/true"], ["-v 1000", "/bin/true"], ["-d 0", "/bin/true"]])
    test(`whose limits (${limit}) let nothing run says which, until it is restarted`, { timeout: 100_000 }, async () => {
      await post("terminal/restart");
      assert.equal((await execute(`ulimit ${limit}`)).system, "");
      const { success, system } = await execute(command);
      assert.equal(success, false);
      assert.match(system, new RegExp(`^An earlier command has limited this shell and all that it starts \\(ulimit ${limit}\\)\\. Restarting the terminal ends that\\.$`));
      await post("terminal/restart");
      assert.equal((await execute(command)).exit_code, 0);
    });
});

describe("standard input", () => {
  const input = (input_id, data, more = {}) => post("terminal/input", { input_id, data, ...more });

  test("comes while the command runs, bytes as they are, and ends", async () => {
    const bytes = Buffer.from(Array.from({ length: 600_000 }, (_, i) => (i * 7) % 256));
    const { answer: opened } = stream("read -r first; echo $first; md5sum; echo end", { input_id: "in" });
    const all = events(await opened);
    assert.deepEqual(await input("in", "first\n"), { success: true, written: 6, is_open: true });
    for (let from = 0; from < bytes.length; from += 200_000)
      assert.equal((await post("terminal/input", { input_id: "in", data_base64: bytes.subarray(from, from + 200_000).toString("base64"), timeout: 100 })).success, true);
    assert.equal((await input("in", "", { eof: true })).is_open, false);
    const text = (await all).filter(({ type }) => type === "stdout").map(({ chunk }) => chunk).join("");
    assert.equal(text, `first\n${createHash("md5").update(bytes).digest("hex")}  -\nend\n`);
  });

  test("of a command that does not read is told, and of one that has ended", async () => {
    const { request, answer: opened } = stream("echo begun; sleep 1000", { input_id: "in" });
    await new Promise(async (resolve) => (await opened).on("data", (text) => String(text).includes("begun") && resolve()));
    const full = await post("terminal/input", { input_id: "in", data: "x".repeat(300_000), timeout: 0.2 });
    assert.equal(full.success, false);
    assert.match(full.error, /did not take all of it in time/);
    assert.ok(full.written < 300_000);
    request.destroy();
    await until("it has ended", async () => (await ask("terminal/input", { input_id: "in", data: "x" })).status === 404);
    assert.equal((await refused("terminal/input", { input_id: "in", data: "x" }, 404)).code, "no_such_input");
    for (const body of [{}, { input_id: "in" }, { input_id: "a b", data: "" }, { input_id: "in", data: "x", data_base64: "eA==" }, { input_id: "in", data_base64: "?" }, { input_id: "in", data: 7 }])
      await refused("terminal/input", body);
    for (const body of [{ command: "true", input_id: "a b" }, { command: "true", timeout: -1 }, { command: "true", timeout: 86_401 }]) await refused("terminal/execute/stream", body);
    assert.equal((await execute("cat; echo none")).output, "none\n");
  });
});
