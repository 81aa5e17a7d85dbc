// Many clients, and clients that want too much: nobody takes the server from the others.
import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { readFileSync } from "node:fs";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import net from "node:net";
import os from "node:os";
import path from "node:path";
import { after, before, describe, test } from "node:test";
import { Server, until } from "../lib/carrel.mjs";
import { connect } from "../lib/wire.mjs";

const alice = "the-key-of-alice-0123";
const bob = "the-key-of-bob-0123456";
const of = (key) => ({ headers: { authorization: `Bearer ${key}` } });
const sessions = "/api/v1/sessions";
const memory = (server) => Number(readFileSync(`/proc/${server.child.pid}/status`, "utf8").match(/VmRSS:\s*(\d+)/)[1]);

let folder;
let server;
let session;
before(async () => {
  folder = await mkdtemp(path.join(os.tmpdir(), "carrel-crowd-"));
  const file = path.join(folder, "keys");
  await writeFile(file, `alice ${alice}\nbob ${bob}\n`);
  // What is bounded here is what comes before any count of sessions.
  server = await Server.start({ args: ["--key-file", file], env: { CARREL_SESSIONS_PER_HOUR: "0" } });
  session = (await server.request("POST", sessions, { body: { provider: "scripted", network: "none" }, ...of(alice) })).body;
});
after(async () => {
  await server?.request("DELETE", `${sessions}/${session?.id}?purge=true`, of(alice));
  await server?.stop();
  await rm(folder, { recursive: true, force: true });
});

const health = async () => (await server.request("GET", "/api/v1/health")).status;
const list = async (key) => (await server.request("GET", sessions, of(key))).status;

/** So many connections, each with these bytes said. */
async function flood(count, bytes) {
  const sockets = [];
  for (let number = 0; number < count; ++number) {
    const socket = await connect(server);
    socket.write(bytes);
    sockets.push(socket);
  }
  return { sockets, end: () => sockets.forEach((socket) => socket.destroy()) };
}

describe("connections", () => {
  test("half heads end each other, and nobody else's connection", async () => {
    const kept = await connect(server);
    const ask = async (marker) => {
      kept.answer = "";
      kept.write(`GET ${sessions}?limit=${marker} HTTP/1.1\r\nHost: localhost\r\nX-API-Key: ${bob}\r\n\r\n`);
      await until("the kept connection is answered", () => kept.answer.includes('"total"') || kept.ended);
      assert.match(kept.answer, /^HTTP\/1\.1 200/);
    };
    await ask(1);
    const crowd = await flood(700, "GET / HTTP/1.1\r\nHos");
    try {
      assert.equal(await health(), 200);
      assert.equal(await list(alice), 200);
      await ask(2);
      await until("the oldest halves are ended", () => crowd.sockets[0].ended && crowd.sockets[300].ended);
    } finally {
      crowd.end();
      kept.destroy();
    }
  });

  test("idle event streams of one client lock out nobody", async () => {
    const target = `${sessions}/${session.id}/stream`;
    const crowd = await flood(600, `GET ${target} HTTP/1.1\r\nHost: localhost\r\nX-API-Key: ${alice}\r\n\r\n`);
    try {
      await until("all are answered", () => crowd.sockets.every((socket) => socket.ended || socket.answer.includes("\r\n\r\n")));
      assert.ok(crowd.sockets.filter((socket) => socket.answer.startsWith("HTTP/1.1 200")).length > 100);
      const refused = crowd.sockets.find((socket) => socket.answer.startsWith("HTTP/1.1 503"));
      assert.match(refused.answer, /too_many_calls|too_many_connections/);
      assert.match(refused.answer, /Retry-After: /);
      assert.equal(await health(), 200);
      assert.equal(await list(bob), 200);
    } finally {
      crowd.end();
    }
    await until("the places come back", async () => (await list(alice)) === 200);
  });
});

describe("memory", () => {
  test("bodies that nobody may send are not kept", async () => {
    const before_ = memory(server);
    const body = "x".repeat((1 << 20) - 1);
    for (const target of ["/api/v1/login", sessions]) {
      const crowd = await flood(200, `POST ${target} HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\nContent-Length: ${1 << 20}\r\n\r\n${body}`);
      await until("all are refused", () => crowd.sockets.every((socket) => /^HTTP\/1\.1 (401|413)/.test(socket.answer)));
      crowd.end();
    }
    assert.ok(memory(server) < before_ + (32 << 10), `grew from ${before_} to ${memory(server)} KiB`);
  });

  test("bodies that do not end take what there is for bodies, small ones are heard, and it comes back", async () => {
    const before_ = memory(server);
    const head = (length) => `POST ${sessions} HTTP/1.1\r\nHost: localhost\r\nX-API-Key: ${alice}\r\nContent-Type: application/json\r\nContent-Length: ${length}\r\n\r\n`;
    const crowd = await flood(150, head(1 << 20) + " ".repeat((1 << 20) - 1));
    try {
      await until("some are refused", () => crowd.sockets.some((socket) => socket.answer.includes("too_many_bodies")));
      const refused = crowd.sockets.find((socket) => socket.answer.includes("too_many_bodies"));
      assert.match(refused.answer, /^HTTP\/1\.1 503/);
      assert.match(refused.answer, /Retry-After: /);
      assert.ok(memory(server) < before_ + (80 << 10), `grew from ${before_} to ${memory(server)} KiB`);
      const small = await server.request("PATCH", `${sessions}/${session.id}`, { body: { title: "heard" }, ...of(alice) });
      assert.equal(small.status, 200);
    } finally {
      crowd.end();
    }
    await until("the memory comes back", () => memory(server) < before_ + (16 << 10));
    const large = await server.request("PATCH", `${sessions}/${session.id}`, { body: `{"title":"heard again"${" ".repeat(900_000)}}`, ...of(alice) });
    assert.equal(large.status, 200);
  });
});

describe("keys", () => {
  const log_in = (key, headers = {}) => server.request("POST", "/api/v1/login", { body: { key }, headers });
  const cookie = (answer) => ({ headers: { cookie: answer.headers["set-cookie"][0].split(";")[0] } });
  const status = async (options) => (await server.request("GET", sessions, options)).status;

  test("a thousand logins of one principal end none of another's", async () => {
    const of_bob = cookie(await log_in(bob));
    const first = cookie(await log_in(alice));
    for (let round = 0; round < 30; ++round) await Promise.all(Array.from({ length: 35 }, () => log_in(alice)));
    assert.equal(await status(of_bob), 200);
    assert.equal(await status(first), 401);
    assert.match((await server.request("GET", sessions, first)).body.detail, /log in again/);
    assert.equal(await status(cookie(await log_in(alice))), 200);
  });

  test("a cookie has an end, and behind TLS it stays there", async () => {
    const plain = (await log_in(alice)).headers["set-cookie"][0];
    assert.match(plain, /^carrel_login=[0-9a-f]{64}; Path=\/; HttpOnly; SameSite=Strict; Max-Age=\d+$/);
    const { host } = new URL(server.url);
    const secure = (await log_in(alice, { origin: `https://${host}` })).headers["set-cookie"][0];
    assert.match(secure, /^__Host-carrel_login=[0-9a-f]{64}; Path=\/; HttpOnly; SameSite=Strict; Max-Age=\d+; Secure$/);
    assert.equal(await status({ headers: { cookie: secure.split(";")[0] } }), 200);
  });

  test("a wrong key is told as one, and however many there are, the right one opens at once", async () => {
    const wrong = await server.request("GET", sessions, of("wrong-wrong-wrong-key"));
    assert.equal(wrong.status, 401);
    assert.match(wrong.body.detail, /not one of the server's/);
    assert.match((await server.request("GET", sessions)).body.detail, /asks for a key/);
    // What is open to everybody is no place to try keys either.
    const targets = [sessions, "/api/v1/health/live"];
    const crowd = Array.from({ length: 60 }, (_, number) => server.request("GET", targets[number % 2], of("wrong-wrong-wrong-key")));
    assert.equal(await list(alice), 200);
    assert.equal((await log_in(bob)).status, 200);
    const answers = await Promise.all(crowd);
    for (const [number, { status: code }] of answers.entries()) assert.ok([number % 2 ? 200 : 401, 429].includes(code), String(code));
    assert.ok(answers.some(({ status: code }, number) => code === 429 && number % 2 === 1));
    const slowed = answers.find(({ status: code }) => code === 429);
    assert.equal(slowed.body.code, "too_many_wrong_keys");
    assert.ok(Number(slowed.headers["retry-after"]) > 0);
    assert.equal(await health(), 200);
    assert.match(server.log, /10 wrong keys have come from 127\.0\.0\.1/);
    assert.ok(!server.log.includes("wrong-wrong"));
  });
});

describe("a key in the environment", () => {
  test("that is none is named as what it is", async () => {
    for (const token of ["short", "   ", "two words-of-a-key-here x"]) {
      const child = spawn(path.join(process.env.CARREL_BIN ?? path.join(import.meta.dirname, "../../../build/release/bin"), "carrel"), ["serve", "--check"], { env: { ...process.env, CARREL_TOKEN: token } });
      let told = "";
      child.stderr.on("data", (piece) => (told += piece));
      const [code] = await once(child, "close"); // all that it said has come
      assert.notEqual(code, 0, token);
      assert.match(told, /CARREL_TOKEN: a key is one word/);
      assert.ok(!told.includes("line 1") && !told.includes(token.trim() || "line 1"), told);
    }
  });
});
