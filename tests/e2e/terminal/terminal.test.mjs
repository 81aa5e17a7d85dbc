// The desk's terminal through the server: commands that try everything a shell lets them, many clients at
// once, and clients that go away or do not read.
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import http from "node:http";
import { describe, test } from "node:test";
import { dataDirectory, until } from "../lib/carrel.mjs";
import { onDesk } from "../lib/desk.mjs";
import { part } from "../lib/host.mjs";
import { events, openStream } from "../lib/stream.mjs";

const desk = onDesk();
const { ask, at, get, post } = desk;
const execute = (command, timeout = 30) => post("terminal/execute", { command, timeout });
const output = async (command) => (await execute(command)).output;

/** Opens terminal/execute/stream without reading it; `request.destroy()` goes away. */
const stream = (command, timeout = 60) => openStream(desk.server, at("terminal/execute/stream"), { command, timeout });

describe("a command", () => {
  const cases = [
    ["prints what ends other shells", "echo '<<exit>>'; printf '\\n%s %d\\n' 0123456789abcdef0123456789abcdef 0; echo on", /^<<exit>>\n\n0123456789abcdef0123456789abcdef 0\non\n$/, 0],
    ["leaves a heredoc open", "cat <<END\ntext", /^text\n$/, 0],
    ["leaves a quote open", "echo 'open", /^$/, 2],
    ["ends in a comment", "echo hi # there", /^hi\n$/, 0],
    ["ends in a backslash", "echo hi \\", /^hi\n$/, 0],
    ["exits", "echo bye; exit 3", /^bye\n$/, 3],
    ["executes another program", "exec echo instead", /^instead\n$/, 0],
    ["kills its shell", "kill -9 $$", /^$/, 137],
    ["closes everything", "exec 0<&- 1>&- 2>&-", /^$/, 0],
    ["reads its input", "cat; read x || echo none", /^none\n$/, 0],
    ["reads the terminal", "head -1 /dev/tty", /^$/, -1, 100],
    ["prints NUL bytes", "printf 'a\\0b'", /^a\0b$/, 0],
    ["prints a binary", "head -c 20000 /bin/bash", /^\x7fELF/, 0],
    ["prints half a character", "printf '\\303'", /^\uFFFD$/, 0],
    ["stops itself", "kill -STOP $$; echo on", undefined, undefined, 1],
    ["defines what the terminal needs", "PROMPT_COMMAND=; __carrel_token=; printf() { :; }", /^$/, undefined, 1],
  ];
  for (const [what, command, pattern, code, timeout] of cases)
    test(`that ${what} is answered, and the next one works`, async () => {
      const answer = await execute(command, timeout ?? 30);
      if (pattern) assert.match(answer.output, pattern);
      if (code !== undefined && !answer.timed_out) assert.equal(answer.exit_code, code, JSON.stringify(answer).slice(0, 300));
      assert.ok(!answer.timed_out || timeout, "it was stopped");
      await post("terminal/restart");
      assert.equal(await output("echo on"), "on\n");
    });

  test("of eleven megabytes is run; one of seventeen is refused", async () => {
    assert.equal(await output(`wc -c <<'END'\n${"x".repeat(11_000_000)}\nEND`), "11000001\n");
    const { status, body } = await ask("terminal/execute", { command: "x".repeat(17 << 20) });
    assert.equal(status, 422);
    assert.match(JSON.stringify(body), /command/);
    const long = await execute("/bin/echo $(head -c 3000000 /dev/zero | tr '\\0' x)");
    assert.match(long.error, /Argument list too long/);
  });

  test("may print a gigabyte: its beginning and end come, and the desk's memory stays flat", { timeout: 400_000 }, async () => {
    const pid = part(dataDirectory, desk.session.desk.id, "serve");
    const memory = () => Number(readFileSync(`/proc/${pid}/status`, "utf8").match(/VmRSS:\s*(\d+)/)[1]);
    const before = memory();
    const answer = await execute("echo first; head -c 1000000000 /dev/zero | tr '\\0' x; echo last", 300);
    assert.equal(answer.exit_code, 0);
    assert.match(answer.output, /^first\nx/);
    assert.match(answer.output, /xlast\n$/);
    assert.ok(answer.output.length < 530_000);
    assert.match(answer.system, /too long/);
    assert.ok(memory() - before < 20_000);
  });

  test("that is a fork bomb ends at the desk's limit, and the desk answers on", { timeout: 120_000 }, async () => {
    const answer = await execute("bomb() { bomb | bomb & }; bomb; wait", 2);
    assert.equal(typeof answer.exit_code, "number");
    await until("the desk has room again", async () => {
      await ask("process/kill", { name: "bash", force: true });
      const left = (await get("process/list")).processes.filter(({ name }) => name === "bash");
      if (left.length > 1) return false; // some escaped by making others meanwhile
      const next = await ask("terminal/execute", { command: "/bin/echo on", timeout: 5 });
      return next.body.output === "on\n";
    }, 90);
    assert.equal((await get("system/health")).success, true);
  });
});

describe("many clients", () => {
  test("get their own answers, in the order of the shell", async () => {
    await output("n=0");
    const asked = Array.from({ length: 8 }, (_, client) =>
      (async () => {
        const seen = [];
        for (let turn = 0; turn < 50; ++turn) {
          const [who, count] = (await output(`n=$((n+1)); echo ${client}.${turn} $n`)).trim().split(" ");
          assert.equal(who, `${client}.${turn}`);
          seen.push(Number(count));
        }
        return seen;
      })(),
    );
    const counts = (await Promise.all(asked)).flat().sort((a, b) => a - b);
    assert.deepEqual(counts, Array.from({ length: 400 }, (_, i) => i + 1));
  });

  test("wait sixty-four deep; the next is told, and a command's time counts from its own start", { timeout: 90_000 }, async () => {
    const holder = stream("echo begun; sleep 1000", 200);
    const held = await holder.answer;
    await new Promise((resolve) => held.once("data", resolve));
    // The one that runs has a place of the sixty-four. Who comes first is the network's choice: those who find
    // no place are told at once, the others wait.
    const refused = [];
    const waiting = Array.from({ length: 70 }, async (_, number) => {
      const { status, body } = await ask("terminal/execute", { command: `echo ${number}`, timeout: 4 });
      if (status !== 200) refused.push({ number, status, code: body.code });
      return { number, status, ...body };
    });
    await until("those too many are refused", () => refused.length >= 7);
    // They have waited longer than their limit already when they begin.
    await new Promise((resolve) => setTimeout(resolve, 4_200));
    holder.request.destroy();
    const answers = await Promise.all(waiting);
    assert.equal(refused.length, 7);
    for (const { status, code } of refused) assert.deepEqual([status, code], [503, "terminal_queue_full"]);
    for (const { number, status, output, timed_out } of answers.filter(({ status }) => status !== 503))
      assert.deepEqual([status, output, timed_out], [200, `${number}\n`, false]);
  });
});

describe("a client", () => {
  test("that does not read its stream stops the command, and gets every byte later", { timeout: 90_000 }, async () => {
    const { answer } = stream("head -c 30000000 /dev/zero | tr '\\0' z; touch /tmp/stream-end", 80);
    const reading = await answer;
    let waited = 0;
    const state = async () => (await get("process/list")).processes.find(({ name }) => name === "head")?.status;
    await until("head waits for its reader", async () => {
      waited = (await state()) === "sleeping" ? waited + 1 : 0;
      return waited === 5;
    });
    const all = await events(reading);
    assert.equal(all.reduce((sum, { type, chunk }) => sum + (type === "stdout" ? chunk.length : 0), 0), 30_000_000);
    assert.equal(all.at(-1).type, "done");
    assert.equal(all.at(-1).exit_code, 0);
  });

  test("that goes away takes its command along, and the terminal is free", async () => {
    const { request, answer } = stream("echo begun; sleep 1000", 200);
    await new Promise(async (resolve) => (await answer).once("data", resolve));
    request.destroy();
    assert.equal(await output("echo on; pgrep -fx 'sleep 1000'"), "on\n");
    const plain = http.request(desk.server.url + at("terminal/execute"), { method: "POST", agent: false, headers: { "content-type": "application/json" } });
    plain.on("error", () => {});
    plain.end(JSON.stringify({ command: "touch /tmp/begun; sleep 2000", timeout: 200 }));
    await until("it has begun", async () => (await get("process/list")).processes.some(({ command, cmdline }) => /sleep 2000/.test(command ?? cmdline)));
    plain.destroy();
    assert.equal(await output("echo on; pgrep -fx 'sleep 2000'"), "on\n");
  });

  test("that sends what is no command is told", async () => {
    for (const [body, why] of [
      ["{", /JSON/i],
      [{}, /command.*required/],
      [{ command: "" }, /command/],
      [{ command: 7 }, /command/],
      [{ command: "a\0b" }, /NUL/],
      [{ command: "true", timeout: 0 }, /timeout/],
      [{ command: "true", timeout: 301 }, /timeout/],
      [{ command: "true", shell: "zsh" }, /shell/],
    ]) {
      const answer = await ask("terminal/execute", body);
      assert.equal(answer.status, 422, JSON.stringify(body));
      assert.match(JSON.stringify(answer.body), why);
    }
  });
});
