// HTTP itself: what two readers could read differently, and what RFC 9112 wants a server to take.
import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { until } from "../lib/carrel.mjs";
import { onServer, sessions } from "../lib/server.mjs";
import { connect, exchange } from "../lib/wire.mjs";

const api = onServer();
const { at } = api;

describe("framing", () => {
  const host = "Host: localhost\r\n";
  const post = (headers, body) => `POST ${sessions} HTTP/1.1\r\n${host}Content-Type: application/json\r\n${headers}\r\n${body}`;

  test("what two readers could read differently is refused, and the connection ends", async () => {
    const table = {
      "length and encoding": post("Content-Length: 2\r\nTransfer-Encoding: chunked\r\n", "0\r\n\r\n"),
      "encoding and length": post("Transfer-Encoding: chunked\r\nContent-Length: 2\r\n", "0\r\n\r\n"),
      "two lengths": post("Content-Length: 2\r\nContent-Length: 2\r\n", "{}"),
      "two different lengths": post("Content-Length: 2\r\nContent-Length: 3\r\n", "{}"),
      "a list of lengths": post("Content-Length: 2, 2\r\n", "{}"),
      "a signed length": post("Content-Length: +2\r\n", "{}"),
      "a hexadecimal length": post("Content-Length: 0x2\r\n", "{}"),
      "a negative length": post("Content-Length: -1\r\n", "{}"),
      "a length beyond 64 bits": post("Content-Length: 99999999999999999999\r\n", "{}"),
      "an empty length": post("Content-Length:\r\n", "{}"),
      "chunked in 1.0": `POST ${sessions} HTTP/1.0\r\n${host}Transfer-Encoding: chunked\r\n\r\n0\r\n\r\n`,
      "another encoding": post("Transfer-Encoding: gzip\r\n", ""),
      "two encodings": post("Transfer-Encoding: gzip, chunked\r\n", "0\r\n\r\n"),
      "chunked twice": post("Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n", "0\r\n\r\n"),
      "a vertical tab before chunked": post("Transfer-Encoding: \x0bchunked\r\n", "0\r\n\r\n"),
      "a space before the colon": post("Content-Length : 2\r\n", "{}"),
      "a folded header": post("X-One: a\r\n b\r\n", ""),
      "no host": `GET ${sessions} HTTP/1.1\r\n\r\n`,
      "two hosts": `GET ${sessions} HTTP/1.1\r\n${host}${host}\r\n`,
      "a host with a path": `GET ${sessions} HTTP/1.1\r\nHost: localhost/x\r\n\r\n`,
      "bare line feeds": `GET ${sessions} HTTP/1.1\nHost: localhost\n\n`,
      "a bare line feed in the head": `GET ${sessions} HTTP/1.1\r\nHost: localhost\nX: y\r\n\r\n`,
      "a zero byte in a header": `GET ${sessions} HTTP/1.1\r\n${host}X: a\0b\r\n\r\n`,
      "a carriage return in a header": `GET ${sessions} HTTP/1.1\r\n${host}X: a\rb\r\n\r\n`,
      "a header without a name": `GET ${sessions} HTTP/1.1\r\n${host}: x\r\n\r\n`,
      "a space in the target": `GET /a b HTTP/1.1\r\n${host}\r\n`,
      "an address of another host as target": `GET http://evil.example/ HTTP/1.1\r\n${host}\r\n`,
      "an address with a name before the host": `GET http://localhost@evil.example/ HTTP/1.1\r\n${host}\r\n`,
      "a host with a port that is none": `GET ${sessions} HTTP/1.1\r\nHost: 127.0.0.1:x\r\n\r\n`,
      "two empty lines first": `\r\n\r\nGET ${sessions} HTTP/1.1\r\n${host}\r\n`,
      "another version": `GET / HTTP/2.0\r\n${host}\r\n`,
      "no version": `GET /\r\n${host}\r\n`,
      "something else": "\x16\x03\x01\x02\x00\x01",
      "an unknown expectation": post("Expect: 200-ok\r\nContent-Length: 2\r\n", "{}"),
    };
    for (const [name, bytes] of Object.entries(table)) {
      const { answer, status, ended } = await exchange(api.server, Buffer.from(bytes, "latin1"), { untilClosed: true });
      assert.ok([400, 411, 417, 501, 505].includes(status), `${name}: ${answer.slice(0, 300)}`);
      assert.ok(ended, name);
      assert.equal(answer.match(/HTTP\/1\.1 \d/g).length, 1, `${name}: one answer: ${answer}`);
      assert.match(answer, /"detail":"[^"]{10,}/, name);
    }
    assert.equal((await api.server.json("GET", sessions)).total, 1, "no session was made meanwhile");
  });

  test("what RFC 9112 wants a server to take is taken", async () => {
    const { host: authority } = new URL(api.server.url);
    const list = `GET ${sessions} HTTP/1.1\r\n${host}\r\n`;
    for (const [name, bytes] of Object.entries({
      "a whole address as target": `GET http://${authority}${sessions} HTTP/1.1\r\nHost: ${authority}\r\n\r\n`,
      "a whole address in capitals": `GET HTTP://LOCALHOST${sessions}?limit=1 HTTP/1.1\r\n${host}\r\n`,
      "an empty line first": `\r\n${list}`,
      "a coding in capitals": `PATCH ${at()} HTTP/1.1\r\n${host}Content-Type: application/json\r\nTransfer-Encoding: CHUNKED\r\n\r\n11\r\n{"title":"First"}\r\n0\r\n\r\n`,
    })) {
      const { answer, status } = await exchange(api.server, bytes);
      assert.equal(status, 200, `${name}: ${answer.slice(0, 300)}`);
    }
    const { answer, status } = await exchange(api.server, `GET http://evil.example${sessions} HTTP/1.1\r\nHost: evil.example\r\n\r\n`);
    assert.equal(status, 403, answer);
  });

  test("an expectation that nobody meets is a 417", async () => {
    const { status } = await exchange(api.server, post("Expect: 200-ok\r\nContent-Length: 2\r\n", "{}"));
    assert.equal(status, 417);
  });

  test("a WebSocket is asked for by HTTP/1.1, with one key that is one", async () => {
    const key = "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n";
    const ask = async (version, lines) =>
      (await exchange(api.server, `GET ${at("/vnc")} HTTP/1.${version}\r\n${host}Connection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\n${lines}\r\n`)).status;
    assert.equal(await ask(1, key), 101);
    assert.equal(await ask(0, key), 426);
    assert.equal(await ask(1, key + key), 400);
    assert.equal(await ask(1, ""), 400);
    assert.equal(await ask(1, "Sec-WebSocket-Key: short\r\n"), 400);
    assert.equal(await ask(1, `${key}Sec-WebSocket-Version: 13\r\n`), 400);
  });

  test("chunks that are none are refused", async () => {
    for (const chunks of ["x\r\n{}\r\n0\r\n\r\n", "2\n{}\r\n0\r\n\r\n", "2\r\n{}0\r\n\r\n", "-2\r\n{}\r\n0\r\n\r\n", "ffffffffffffffffff\r\n{}\r\n0\r\n\r\n", "0x2\r\n{}\r\n0\r\n\r\n", `2;${"a".repeat(70_000)}\r\n{}\r\n0\r\n\r\n`]) {
      const { answer, status } = await exchange(api.server, post("Transfer-Encoding: chunked\r\n", chunks), { untilClosed: true });
      assert.ok(status === 400 || status === 413, `${chunks.slice(0, 40)}: ${answer.slice(0, 200)}`);
    }
  });

  test("heads that are too large are refused, and the rest of the server goes on", async () => {
    for (const head of [`GET /${"a".repeat(100_000)} HTTP/1.1\r\n${host}\r\n`, `GET / HTTP/1.1\r\n${host}X: ${"a".repeat(100_000)}\r\n\r\n`, `GET / HTTP/1.1\r\n${host}${"X: y\r\n".repeat(5000)}\r\n`]) {
      const { status } = await exchange(api.server, head, { untilClosed: true });
      assert.ok(status === 431 || status === 414 || status === 400, `${status}`);
    }
    const many = await exchange(api.server, `GET / HTTP/1.1\r\n${host}${"X: y\r\n".repeat(200)}\r\n`, { untilClosed: true });
    assert.ok(many.status === 431 || many.status === 400);
  });

  test("half a head times out with 408", async () => {
    const { answer, status, ended } = await exchange(api.server, `GET / HTTP/1.1\r\nHost: loc`, { untilClosed: true, seconds: 60 });
    assert.equal(status, 408, answer);
    assert.ok(ended);
  });

  test("pipelined requests are answered in order", async () => {
    const socket = await connect(api.server);
    socket.write(`GET /api/v1/health/live HTTP/1.1\r\n${host}\r\nGET /api/v1/nothing HTTP/1.1\r\n${host}\r\nGET /api/v1/health/ready HTTP/1.1\r\n${host}Connection: close\r\n\r\n`);
    await until("three answers", () => socket.ended);
    assert.deepEqual([...socket.answer.matchAll(/HTTP\/1\.1 (\d+)/g)].map((match) => match[1]), ["200", "404", "200"]);
  });

  test("a body that is announced and not sent holds nobody up", async () => {
    const socket = await connect(api.server);
    socket.write(post("Content-Length: 100\r\n", '{"title":'));
    assert.equal((await api.server.json("GET", "/api/v1/health/live")).status, "alive");
    socket.destroy();
  });

  test("a client that waits for 100-continue gets it", async () => {
    const socket = await connect(api.server);
    socket.write(`PATCH ${at()} HTTP/1.1\r\n${host}Content-Type: application/json\r\nExpect: 100-continue\r\nContent-Length: 17\r\nConnection: close\r\n\r\n`);
    await until("100", () => socket.answer.startsWith("HTTP/1.1 100"));
    socket.write('{"title":"First"}');
    await until("the answer", () => socket.ended);
    assert.match(socket.answer, /HTTP\/1\.1 200/);
  });
});
