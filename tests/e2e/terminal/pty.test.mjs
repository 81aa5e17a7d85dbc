// Terminals over WebSocket, through the server, on a real desk: with xterm.js as its page would use it, with
// the subprotocol carrel.pty.v1, and with clients that behave badly.
import attach from "@xterm/addon-attach";
import headless from "@xterm/headless";
import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { once } from "node:events";
import { afterEach, describe, test } from "node:test";
import WebSocket from "ws";
import { until } from "../lib/carrel.mjs";
import { onDesk } from "../lib/desk.mjs";
import { exchange } from "../lib/wire.mjs";

const desk = onDesk();
const { at, get, output, post } = desk;
const list = async () => (await get("terminal/pty/list")).ptys;
const open = [];
afterEach(async () => {
  for (const client of open.splice(0)) client.socket.terminate();
  await until("all terminals are gone", async () => (await list()).length === 0);
});

/** A client; `text` is what the program printed, `messages` what the desk said beside it. */
class Client {
  text = "";
  bytes = 0;
  messages = [];

  static async open(query = {}, { protocols = ["carrel.pty.v1"], hash = false } = {}) {
    const client = new Client();
    client.hash = hash ? createHash("sha256") : undefined;
    client.socket = new WebSocket(desk.server.url.replace("http", "ws") + at("terminal/pty") + "?" + new URLSearchParams(query), protocols);
    client.socket.on("message", (data, isBinary) => {
      if (!isBinary && protocols.length) return client.messages.push(JSON.parse(data.toString()));
      client.bytes += data.length;
      if (hash) client.hash.update(data);
      else client.text += data.toString();
    });
    client.socket.on("close", (code, reason) => Object.assign(client, { closed: code, reason: reason.toString() }));
    open.push(client);
    await once(client.socket, "open");
    return client;
  }

  type(text) {
    this.socket.send(Buffer.from(text));
  }
  tell(message) {
    this.socket.send(JSON.stringify(message));
  }
  sees(pattern, seconds) {
    const found = () => (typeof pattern === "string" ? this.text.includes(pattern) : pattern.test(this.text));
    return until(`the terminal shows ${pattern}, not ${JSON.stringify(this.text.slice(-300))}`, () => found() || this.closed, seconds).then(() => assert.ok(found(), this.text));
  }
  async ends(seconds = 60) {
    await until("the terminal ends", () => this.closed !== undefined, seconds);
    return this.messages.at(-1);
  }
}

describe("a terminal", () => {
  test("goes on when its program closes it and another opens it", async () => {
    const command = "exec </dev/null >/dev/null 2>&1; sleep 0.5; (echo again; read -r x; echo \"<$x>\") </dev/tty >/dev/tty; sleep 0.5; echo more >/dev/tty; sleep 1000";
    const client = await Client.open({ command });
    await client.sees("again");
    client.type("typed\n");
    await client.sees("<typed>");
    await client.sees("more");
    assert.equal(client.closed, undefined);
  });

  test("is a login shell with a size, which can change", async () => {
    const client = await Client.open({ cols: 100, rows: 30 });
    assert.equal(client.socket.protocol, "carrel.pty.v1");
    client.type("shopt -q login_shell && echo is-$((40+2)); stty size; echo $TERM; tty\n");
    await client.sees("is-42");
    await client.sees("30 100");
    await client.sees(/xterm-256color\s+\/dev\/pts\/\d+/);
    assert.deepEqual(Object.keys(client.messages[0]), ["type", "pty_id", "pid"]);
    client.tell({ type: "resize", cols: 132, rows: 43 });
    client.type("stty size\n");
    await client.sees("43 132");
    const { pty_ids } = await post("terminal/pty/resize", { pty_id: client.messages[0].pty_id, cols: 71, rows: 17 });
    assert.deepEqual(pty_ids, [client.messages[0].pty_id]);
    client.type("stty size\n");
    await client.sees("17 71");
    const [{ cols, rows, pid }] = await list();
    assert.deepEqual([cols, rows, pid], [71, 17, client.messages[0].pid]);
    client.type("exit 7\n");
    assert.deepEqual(await client.ends(), { type: "exit", exit_code: 7 });
    assert.equal(client.closed, 1000);
  });

  test("tells its program of a new size", async () => {
    const client = await Client.open({ command: "trap 'stty size' WINCH; echo ready; while :; do read -t 1; done" });
    await client.sees("ready");
    client.tell({ type: "resize", cols: 50, rows: 20 });
    await client.sees("20 50");
  });

  test("runs a command in a directory, and tells how it ended", async () => {
    const client = await Client.open({ command: "pwd; echo last words; exit 3", cwd: "/usr/share" });
    assert.deepEqual(await client.ends(), { type: "exit", exit_code: 3 });
    assert.equal(client.text, "/usr/share\r\nlast words\r\n");
    const killed = await Client.open({ command: "kill -9 $$" });
    assert.deepEqual(await killed.ends(), { type: "exit", exit_code: 137, signal: "SIGKILL" });
  });

  test("takes signals and the end of input beside what is typed", async () => {
    const client = await Client.open({ command: "trap 'echo got-int' INT; echo ready; cat; echo cat-ended; exec sleep 1000" });
    await client.sees("ready");
    client.tell({ type: "eof" });
    await client.sees("cat-ended");
    client.tell({ type: "signal", signal: "SIGTERM" });
    assert.deepEqual(await client.ends(), { type: "exit", exit_code: 143, signal: "SIGTERM" });
    const second = await Client.open({ command: "trap 'echo got-int; exit' INT; echo ready; while :; do read -t 1; done", pty_id: "mine" });
    await second.sees("ready");
    await post("terminal/pty/signal", { pty_id: "mine", signal: "int" });
    await second.sees("got-int");
    await second.ends();
  });

  test("tells what is wrong with a message, and goes on", async () => {
    const client = await Client.open({ command: "cat" });
    for (const [wrong, why] of [
      ["ls", /JSON/i],
      ['{"type":"paint"}', /resize, signal, eof, pause or resume/],
      ['{"type":"resize","cols":0,"rows":24}', /cols/],
      ['{"type":"resize","cols":80}', /rows: this field is required/],
      ['{"type":"signal","signal":"SIGNOTHING"}', /SIGINT/],
    ]) {
      const before = client.messages.length;
      client.socket.send(wrong);
      await until("an error comes", () => client.messages.length > before);
      assert.equal(client.messages.at(-1).type, "error");
      assert.match(client.messages.at(-1).message, why);
    }
    client.type("still here\n");
    await client.sees("still here");
  });

  test("is what xterm.js attaches to", async () => {
    const client = await Client.open({ cols: 80, rows: 24, pty_id: "x" }, { protocols: [] });
    assert.equal(client.socket.protocol, "");
    const terminal = new headless.Terminal({ cols: 80, rows: 24, allowProposedApi: true });
    terminal.loadAddon(new attach.AttachAddon(client.socket));
    const screen = () => Array.from({ length: 24 }, (_, row) => terminal.buffer.active.getLine(row)?.translateToString(true)).join("\n");
    terminal.input("printf '\\033[2J\\033[5;10Hhere: \\303\\244\\n'; stty size\r");
    await until("the cursor was moved", () => /\n {9}here: ä/.test(screen()) && screen().includes("24 80"));
    await post("terminal/pty/resize", { pty_id: "x", cols: 40, rows: 10 });
    terminal.input("stty size\r");
    await until("the new size shows", () => screen().includes("10 40"));
    terminal.input("exit\r");
    await client.ends();
    assert.equal(client.closed, 1000);
    assert.equal(client.reason, "the program has ended: exit code 0");
  });

  test("carries every byte, and stops a program whose client does not read", { timeout: 120_000 }, async () => {
    await output("head -c 30000000 /dev/urandom >/tmp/noise; sha256sum </tmp/noise >/tmp/noise.sum");
    const sum = (await output("cut -c1-64 /tmp/noise.sum")).trim();
    const client = await Client.open({ command: "stty raw -echo; printf k; read; cat /tmp/noise; touch /tmp/printed" }, { hash: true });
    await until("the program has begun", () => client.bytes === 1);
    client.hash = createHash("sha256");
    client.socket.pause();
    client.type("go\n");
    // All buffers between us together hold less than the file: cat cannot end, it waits for the terminal.
    let waited = 0;
    await until("cat waits", async () => {
      const state = await output("cut -d' ' -f3 /proc/$(pgrep -x cat)/stat");
      waited = state === "S\n" ? waited + 1 : 0;
      return waited === 5;
    });
    assert.equal(await output("ls /tmp/printed 2>&1 | grep -c cannot"), "1\n");
    client.socket.resume();
    await client.ends();
    assert.equal(client.bytes, 30_000_001);
    assert.equal(client.hash.digest("hex"), sum);
  });

  test("pauses without being cut off", async () => {
    const client = await Client.open({ command: "echo ready; read x; yes" });
    await client.sees("ready");
    client.tell({ type: "pause" });
    client.type("go\n");
    const at_pause = client.bytes;
    await until("yes runs", async () => (await output("pgrep -x yes")) !== "");
    await new Promise((resolve) => client.socket.ping("", undefined, resolve));
    await once(client.socket, "pong");
    assert.ok(client.bytes - at_pause < 100, `${client.bytes - at_pause} bytes came`);
    client.tell({ type: "resume" });
    await until("it goes on", () => client.bytes > 1_000_000);
  });

  test("takes a large paste at the program's own speed", async () => {
    const client = await Client.open({ command: "stty raw -echo; echo ok; head -c 5000000 | sha256sum" });
    await client.sees("ok");
    const paste = Buffer.alloc(5_000_000, "0123456789abcdef\n");
    for (let place = 0; place < paste.length; place += 500_000) client.socket.send(paste.subarray(place, place + 500_000));
    await client.sees(createHash("sha256").update(paste).digest("hex"), 60);
  });

  test("ends with its client: hung up, and killed when that is ignored", async () => {
    const client = await Client.open({ command: "trap ': > /tmp/hung-up' HUP; echo $$; (trap '' HUP; exec sleep 4242) & while :; do sleep 1000 & wait; done" });
    await client.sees(/^\d+\r\n/);
    await until("its child is there", async () => (await output("pgrep -fx 'sleep 4242'")) !== "");
    client.socket.terminate();
    await until("nothing of it is left", async () => (await output("pgrep -f 'sleep (4242|1000)' ")) === "");
    assert.equal(await output("ls /tmp/hung-up"), "/tmp/hung-up\n");
  });

  test("is closed by name, and its client is told", async () => {
    const client = await Client.open({ pty_id: "b" });
    assert.deepEqual((await post("terminal/pty/close", { pty_id: "b" })).pty_ids, ["b"]);
    const { type, signal } = await client.ends();
    assert.deepEqual([type, signal], ["exit", "SIGHUP"]);
  });
});

describe("a handshake", () => {
  const key = "Upgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n";
  const ask = (query, headers = key) => exchange(desk.server, `GET ${at("terminal/pty")}${query} HTTP/1.1\r\nHost: 127.0.0.1\r\n${headers}\r\n`);

  test("that is refused is answered as any request", async () => {
    for (const [query, status, why, headers] of [
      ["", 426, /for WebSockets/, ""],
      ["", 426, /must be 13/, key.replace("13", "8")],
      ["?cols=0", 422, /cols/],
      ["?cols=many", 422, /cols/],
      ["?shape=round", 422, /shape/],
      ["?cwd=usr", 422, /absolute path/],
      ["?cwd=/no/such/place", 404, /no_such_folder/],
      ["?command=a%00b", 422, /NUL/],
      ["?pty_id=a%2Fb", 422, /letters/],
      ["", 403, /origin/i, key + "Origin: http://evil.example\r\n"],
    ]) {
      const { status: got, answer } = await ask(query, headers);
      assert.equal(got, status, `${query}: ${answer}`);
      assert.match(answer, why);
    }
    assert.equal((await list()).length, 0);
  });

  test("of the seventeenth client, or for a name that is taken, says so", async () => {
    for (let count = 0; count < 16; ++count) await Client.open({ command: "cat", pty_id: `n${count}` });
    const full = await ask("");
    assert.equal(full.status, 503);
    assert.match(full.answer, /too_many_terminals/);
    open.splice(15)[0].socket.terminate();
    await until("one is free", async () => (await list()).length === 15);
    assert.equal((await ask("?pty_id=n3")).status, 409);
  });

  test("agrees on no extension, and on the subprotocol that was offered", async () => {
    const { status, answer } = await ask("?command=true", `${key}Sec-WebSocket-Extensions: permessage-deflate\r\nSec-WebSocket-Protocol: tty, carrel.pty.v1\r\n`);
    assert.equal(status, 101);
    assert.match(answer, /Sec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK\+xOo=/);
    assert.match(answer, /Sec-WebSocket-Protocol: carrel.pty.v1/);
    assert.doesNotMatch(answer, /Extensions/);
  });
});

test("a desk that is deleted takes its terminals' clients along", async () => {
  const other = await desk.server.createSession();
  const socket = new WebSocket(`${desk.server.url.replace("http", "ws")}/api/v1/sessions/${other.id}/desk/terminal/pty`);
  await once(socket, "open");
  const closed = once(socket, "close");
  await desk.server.json("DELETE", `/api/v1/sessions/${other.id}?purge=true`);
  await closed;
});
