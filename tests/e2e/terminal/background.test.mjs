// Programs beside the terminal, through the server, on a real desk.
import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { describe, test } from "node:test";
import { follow, until } from "../lib/carrel.mjs";
import { onDesk } from "../lib/desk.mjs";

const desk = onDesk();
const { at, output, request } = desk;
const named = (operation, query = {}) => `terminal/process/${operation}?${new URLSearchParams(query)}`;
const post = (operation, body) => desk.post(named(operation), body);
const get = (operation, query) => desk.get(named(operation, query));
const start = async (command, more = {}) => (await post("start", { command, ...more })).process_id;
const wait = (process_id, timeout = 30) => post("wait", { process_id, timeout });
const refused = async (method, operation, input) => {
  const answer = await request(method, named(operation, method === "GET" ? input : {}), { body: method === "GET" ? undefined : input });
  return { status: answer.status, text: JSON.stringify(answer.body) };
};

/** All of a stream, piece by piece. */
async function readAll(process_id, query = {}) {
  let [bytes, offset] = [Buffer.alloc(0), 0];
  for (;;) {
    const piece = await get("output", { process_id, offset, wait: 30, encoding: "base64", ...query });
    assert.equal(piece.offset, offset);
    bytes = Buffer.concat([bytes, Buffer.from(piece.data_base64, "base64")]);
    offset = piece.next_offset;
    if (piece.is_end) return bytes;
  }
}

describe("a background process", () => {
  test("runs, is waited for, read again and again, and forgotten", async () => {
    const id = await start("echo out; echo err >&2; echo $A$PWD; exit 3", { env: { A: "b=c" }, cwd: "/usr" });
    const ended = await wait(id);
    assert.deepEqual([ended.is_running, ended.exit_code, ended.cwd, ended.has_input], [false, 3, "/usr", false]);
    assert.deepEqual([ended.stdout_bytes, ended.stderr_bytes], [12, 4]);
    for (let time = 0; time < 2; ++time) {
      assert.equal((await readAll(id)).toString(), "out\nb=c/usr\n");
      assert.equal((await get("output", { process_id: id, stream: "stderr" })).data, "err\n");
    }
    assert.equal((await get("output", { process_id: id, offset: -5 })).data, "/usr\n");
    assert.equal((await get("list")).processes.at(-1).process_id, id);
    await post("remove", { process_id: id });
    assert.equal((await refused("GET", "output", { process_id: id })).status, 404);
  });

  test("takes input as text and as bytes, up to its end", async () => {
    const id = await start("cat; echo over", { stdin: true });
    assert.equal((await post("write", { process_id: id, data: "one ä\n" })).written, 7);
    const first = await get("output", { process_id: id, wait: 30 });
    assert.equal(first.data, "one ä\n");
    await post("write", { process_id: id, data_base64: Buffer.from([0, 255, 10]).toString("base64"), eof: true });
    assert.equal((await wait(id)).exit_code, 0);
    assert.deepEqual(await readAll(id), Buffer.concat([Buffer.from("one ä\n"), Buffer.from([0, 255, 10]), Buffer.from("over\n")]));
    assert.equal((await get("output", { process_id: id, offset: first.next_offset })).data, "\0\uFFFD\nover\n");
    assert.match((await refused("POST", "write", { process_id: id, data: "more" })).text, /no_input/);
  });

  test("a program that does not read its input, or closes it, is told of", async () => {
    const deaf = await start("exec sleep 1000", { stdin: true });
    const late = await post("write", { process_id: deaf, data: "x".repeat(1_000_000), timeout: 0.2 });
    assert.equal(late.success, false);
    assert.match(late.error, /in time/);
    assert.ok(late.written > 0 && late.written < 1_000_000);
    const closing = await start("exec <&-; echo closed; exec sleep 1000", { stdin: true });
    await get("output", { process_id: closing, wait: 30 });
    const closed = await post("write", { process_id: closing, data: "x" });
    assert.match(closed.error, /closed its input/);
    for (const process_id of [deaf, closing]) await post("signal", { process_id, signal: "SIGKILL" });
  });

  test("a signal reaches the whole tree, daemons too", async () => {
    const id = await start("sleep 4141 & (setsid sleep 4142 &) ; bash -c 'setsid bash -c \"sleep 4143 & exit\"' ; echo up; wait");
    await get("output", { process_id: id, wait: 30 });
    await until("all are there", async () => (await output("pgrep -fc '^sleep 414[123]$'")) === "3\n");
    const { signalled } = await post("signal", { process_id: id, signal: "SIGKILL" });
    assert.equal(signalled, 4);
    const end = await wait(id);
    assert.deepEqual([end.exit_code, end.signal], [137, "SIGKILL"]);
    await until("none is left", async () => (await output("pgrep -fc '^sleep 414[123]$'")) === "0\n");
    const polite = await start("trap 'echo term; exit 9' TERM; echo up; while :; do sleep 0.05; done");
    await get("output", { process_id: polite, wait: 30 });
    await post("signal", { process_id: polite });
    assert.equal((await wait(polite)).exit_code, 9);
  });

  test("outlives the connection of its client, and wait has an end", async () => {
    const id = await start("sleep 1000");
    assert.equal((await wait(id, 0.05)).is_running, true);
    assert.equal((await refused("POST", "remove", { process_id: id })).status, 409);
    await post("signal", { process_id: id, signal: "kill" });
    await wait(id);
  });

  test("prints without end: the newest 4 MiB are kept, the desk answers on, and the rest is told as dropped", async () => {
    const id = await start("head -c 100000000 /dev/zero | tr '\\0' a; echo; echo last");
    await until("it ends, and is answered meanwhile", async () => {
      assert.equal(await output("echo on"), "on\n");
      return !(await wait(id, 0)).is_running;
    });
    const piece = await get("output", { process_id: id, offset: 5 });
    assert.equal(piece.size, 100_000_006);
    assert.equal(piece.dropped, piece.offset - 5);
    assert.ok(piece.size - piece.offset >= 4 << 20 && piece.size - piece.offset < 5 << 20);
    assert.equal((await get("output", { process_id: id, offset: -5 })).data, "last\n");
    await post("remove", { process_id: id });
  });

  test("every byte can be read on while it runs", async () => {
    const id = await start("head -c 3000000 /dev/urandom | tee /tmp/random");
    const bytes = await readAll(id);
    assert.equal(createHash("sha256").update(bytes).digest("hex"), (await output("sha256sum </tmp/random")).split(" ")[0]);
  });
});

describe("following", () => {
  test("gives output as it comes, and goes on where it was", async () => {
    const id = await start("echo one; read; echo two; read; echo three; exit 4", { stdin: true });
    const seen = [];
    const first = follow(desk.server, at(named("follow", { process_id: id })), (event) => seen.push(event));
    await until("the first line comes", () => seen.length === 1);
    assert.deepEqual([seen[0].event, seen[0].id, seen[0].data.data], ["output", "4", "one\n"]);
    first.stop();
    await post("write", { process_id: id, data: "\n" });
    const later = [];
    follow(desk.server, at(named("follow", { process_id: id })), (event) => later.push(event), { "last-event-id": "4" });
    await until("the second line comes", () => later.length === 1);
    assert.deepEqual([later[0].data.offset, later[0].data.data], [4, "two\n"]);
    await post("write", { process_id: id, data: "\n" });
    await until("the end comes", () => later.at(-1).event === "end");
    assert.equal(later.map(({ data }) => data.data ?? "").join(""), "two\nthree\n");
    assert.deepEqual(later.at(-1).data, { size: 14, exit_code: 4 });
  });
});

describe("bad input", () => {
  test("is refused with what would be right", async () => {
    const id = await start("echo x");
    await wait(id);
    for (const [method, operation, input, status, why] of [
      ["POST", "start", {}, 422, /command.*required/],
      ["POST", "start", { command: "" }, 422, /command/],
      ["POST", "start", { command: "a\0b" }, 422, /NUL/],
      ["POST", "start", { command: "ä".repeat(100_000) }, 422, /write longer ones to a file/],
      ["POST", "start", { command: "true", cwd: "tmp" }, 422, /absolute/],
      ["POST", "start", { command: "true", cwd: "/no/such" }, 404, /no_such_folder/],
      ["POST", "start", { command: "true", env: { "A=B": "c" } }, 422, /A=B/],
      ["POST", "start", { command: "true", env: { A: 1 } }, 422, /string/],
      ["POST", "start", { command: "true", env: { A: "x".repeat(70_000) } }, 422, /65536/],
      ["POST", "start", { command: "true", process_id: "a b" }, 422, /letters/],
      ["POST", "start", { command: "true", process_id: id }, 409, /already/],
      ["POST", "write", { process_id: id, data: "x" }, 409, /"stdin\\": true|stdin/],
      ["POST", "write", { process_id: id }, 422, /eof is required/],
      ["POST", "write", { process_id: id, data: "x", data_base64: "eA==" }, 422, /instead/],
      ["POST", "write", { process_id: id, data_base64: "x" }, 422, /base64/],
      ["POST", "write", { process_id: "nobody", data: "x" }, 404, /nobody/],
      ["GET", "output", { process_id: id, offset: 3 }, 422, /beyond the 2 bytes/],
      ["GET", "output", { process_id: id, stream: "stdin" }, 422, /stream/],
      ["GET", "output", { process_id: id, limit: 0 }, 422, /limit/],
      ["GET", "output", { process_id: id, offset: "x" }, 422, /offset/],
      ["GET", "follow", { process_id: "nobody" }, 404, /nobody/],
      ["POST", "signal", { process_id: id, signal: "9" }, 422, /SIGKILL/],
      ["POST", "wait", { process_id: id, timeout: 301 }, 422, /timeout/],
    ]) {
      const answer = await refused(method, operation, input);
      assert.equal(answer.status, status, `${operation} ${JSON.stringify(input).slice(0, 80)}: ${answer.text}`);
      assert.match(answer.text, why);
    }
    const wrong = await request("GET", named("follow", { process_id: id }), { headers: { "last-event-id": "99" } });
    assert.equal(wrong.status, 422);
    assert.equal((await post("signal", { process_id: id })).signalled, 0);
  });

  test("thirty-two run at once, and the last thirty-two that ended are kept", async () => {
    const ids = [];
    for (let count = 0; count < 32; ++count) ids.push(await start("exec sleep 1000"));
    const full = await refused("POST", "start", { command: "true" });
    assert.equal(full.status, 503);
    assert.match(full.text, /too_many_processes/);
    for (const process_id of ids) await post("signal", { process_id, signal: "SIGKILL" });
    for (const process_id of ids) await wait(process_id);
    await wait(await start("true"));
    assert.ok((await get("list")).processes.length <= 33);
    assert.equal((await refused("GET", "output", { process_id: ids[0] })).status, 404);
  });

  test("a fork bomb is stopped by the desk's limit, and its tree can be killed", async () => {
    const id = await start("bomb() { bomb & bomb & wait; }; bomb");
    await until("it fails to fork", async () => (await wait(id, 0)).stderr_bytes > 0, 60);
    assert.equal((await post("signal", { process_id: id, signal: "SIGKILL" })).signalled > 10, true);
    await until("none is left", async () => {
      await post("signal", { process_id: id, signal: "SIGKILL" });
      return (await wait(id, 1)).is_running === false && (await post("signal", { process_id: id, signal: "SIGKILL" })).signalled === 0;
    }, 60);
    assert.equal(await output("echo on"), "on\n");
  });
});
