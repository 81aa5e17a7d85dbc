// A desk that a stranger has taken over answers the server as badly as it can (doubles/hostile_desk.cpp): whatever
// it says, the server stays well, says what happened, and lets nothing through that could hurt a client. And nothing
// secret ever reaches it.
import assert from "node:assert/strict";
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { chmod, mkdir, mkdtemp, rm } from "node:fs/promises";
import os from "node:os";
import path from "node:path";
import { after, before, describe, test } from "node:test";
import { Server, until } from "../lib/carrel.mjs";
import { startHostile } from "../lib/hostile.mjs";
import { descriptors, holds, inside, leftovers, shareImages } from "../lib/host.mjs";
import { Viewer } from "../lib/wire.mjs";

let folder;
before(async () => {
  folder = await mkdtemp(path.join(os.tmpdir(), "carrel-hostile-"));
  await chmod(folder, 0o755); // the server, which is no root, must get through
});
// What removes a desk's files may be at it still.
after(() => rm(folder, { recursive: true, force: true, maxRetries: 50, retryDelay: 100 }));

const start = (hello, options) => startHostile(folder, hello, options);

describe("a first word that is wrong", () => {
  for (const [hello, wanted] of Object.entries({
    wrong_nonce: /what answers is not this desk: it does not know its nonce/,
    wrong_desk: /what answers is not this desk: it says that it is another desk/,
    garbage: /desk/,
    endless: /more than is allowed/,
    end: /ended while it was starting/,
    silence: /hello.*took longer|took longer.*hello|hello/,
  }))
    test(`${hello}: no session, a sentence, nothing left`, async () => {
      const server = await start(hello);
      try {
        const { status, body } = await server.request("POST", "/api/v1/sessions", { body: { provider: "scripted", network: "none" } });
        assert.ok(status >= 500 && status <= 504, JSON.stringify(body));
        assert.match(body.detail, wanted);
        assert.equal((await server.json("GET", "/api/v1/sessions?include_archived=true")).total, 0);
        await until("nothing is left", () => ["desks", "endpoints"].every((part) => readdirSync(path.join(server.data, part)).length === 0));
      } finally {
        await server.end();
      }
    });
});

test("a desk's words forge no line of the log, and move no terminal's cursor", async () => {
  const server = await start("forged");
  try {
    const { status, body } = await server.request("POST", "/api/v1/sessions", { body: { provider: "scripted", network: "none" } });
    assert.equal(status, 502, JSON.stringify(body));
    assert.equal(body.code, "bad_desk_answer");
    assert.match(body.detail, /all is lost/);
    await until("it is in the log", () => server.log.includes("all is lost"));
    for (const text of [server.log, body.detail]) {
      assert.doesNotMatch(text, /[\x00-\x09\x0b-\x1f\x7f-\x9f\u2028\u2029\u202a-\u202e]/);
      assert.doesNotMatch(text, /^2026-01-01/m);
    }
    for (const line of server.log.trim().split("\n")) assert.match(line, /^\d{4}-\d\d-\d\dT[\d:.]+Z carrel/);
  } finally {
    await server.end();
  }
});

describe("a desk that was taken over", () => {
  let server;
  let id;
  let desk;
  const at = (rest) => `/api/v1/sessions/${id}${rest}`;
  const bytes = (method, rest, body) => server.request(method, at(`/desk/${rest}`), { body });
  before(async () => {
    server = await start("honest");
    const session = await server.createSession();
    id = session.id;
    desk = session.desk.id;
  });
  after(() => server?.end());

  test("answers that are no HTTP are a 502 with a sentence", async () => {
    for (const [method, operation, body] of [
      ["GET", "system/info"],
      ["GET", "screen/info"],
      ["GET", "screen/cursor_position"],
      ["GET", "browser/active_window"],
      ["POST", "mouse/down", {}],
    ]) {
      const answer = await bytes(method, operation, body);
      assert.equal(answer.status, 502, `${operation}: ${JSON.stringify(answer.body)}`);
      assert.equal(answer.headers["content-type"], "application/problem+json");
      assert.ok(answer.body.detail.length > 15 && /^[\x20-\x7e…–]*$/.test(answer.body.detail), answer.body.detail);
      assert.ok(!JSON.stringify(answer.body).includes("smuggled"));
    }
  });

  test("an answer that breaks off breaks off for the client, too", async () => {
    await assert.rejects(bytes("POST", "mouse/move", { coordinate: { x: 1, y: 1 } }));
  });

  test("what follows an answer belongs to nobody", async () => {
    for (let round = 0; round < 4; ++round) {
      const click = await bytes("POST", "mouse/click", { button: "left_click" });
      assert.ok(click.status === 200 && JSON.stringify(click.body) === "{}", JSON.stringify(click.body));
      const health = await bytes("GET", "system/health");
      assert.ok("head" in health.body);
    }
  });

  test("an endless body streams and can be left, without memory or descriptors", async () => {
    const before_ = descriptors(server.child.pid);
    const memory = () => Number(readFileSync(`/proc/${server.child.pid}/status`, "utf8").match(/VmRSS:\s*(\d+)/)[1]);
    const used = memory();
    const controller = new AbortController();
    const answer = await fetch(server.url + at("/desk/screen/screenshot"), { signal: controller.signal });
    let count = 0;
    for await (const piece of answer.body) if ((count += piece.length) > 200 << 20) break;
    controller.abort();
    assert.ok(memory() < used + (64 << 10), `grew from ${used} to ${memory()} KiB`);
    await until("its connection is closed", () => descriptors(server.child.pid) <= before_);
  });

  test("its headers are not passed on", async () => {
    const { status, headers, body } = await bytes("GET", "file/download?path=/x");
    assert.equal(status, 200);
    assert.equal(headers["content-type"], "application/octet-stream");
    assert.match(headers["content-disposition"], /^attachment/);
    assert.match(headers["content-security-policy"], /^sandbox/);
    assert.equal(headers["x-content-type-options"], "nosniff");
    for (const name of ["set-cookie", "access-control-allow-origin", "service-worker-allowed", "clear-site-data", "refresh", "location"]) assert.equal(headers[name], undefined, name);
    assert.match(body.toString(), /script/);
  });

  test("a status that no operation of a desk has is a 502, and none of its words pass", async () => {
    for (const [operation, body, status] of [
      ["mouse/scroll", { direction: "up", amount: 1 }, 302],
      ["keyboard/key", { key: "a" }, 401],
    ]) {
      const answer = await bytes("POST", operation, body);
      assert.equal(answer.status, 502, operation);
      assert.equal(answer.body.code, "bad_desk_answer");
      assert.equal(answer.body.success, false);
      assert.match(answer.body.detail, new RegExp(`impossible status ${status}`));
      for (const name of ["location", "www-authenticate"]) assert.equal(answer.headers[name], undefined, name);
      assert.ok(!JSON.stringify(answer.body).includes("script"));
    }
  });

  test("no header that could open anything reaches it, nor a client's address", async () => {
    const secret = "very-secret-value";
    const { body } = await server.request("GET", at("/desk/system/health"), {
      headers: {
        authorization: `Bearer ${secret}`,
        cookie: `carrel_login=${secret}`,
        "x-api-key": secret,
        "x-anthropic-api-key": secret,
        "proxy-authorization": secret,
        "x-forwarded-for": secret,
        forwarded: secret,
        "x-other": secret,
        referer: `http://localhost/${secret}`,
        "user-agent": secret,
      },
    });
    assert.match(body.head, /GET \/system\/health HTTP\/1\.1\r\n/);
    assert.ok(!body.head.includes(secret), body.head);
  });

  test("its notices are counted, and its words are never told", async () => {
    await until("some are told", async () => (await server.events(id)).some(({ data }) => data.code === "display_restarted"));
    const events = await server.events(id);
    assert.ok(events.length < 100, `${events.length} events`);
    assert.ok(!JSON.stringify(events).includes("you have won"));
    assert.ok(!events.some(({ event }) => event === "message_complete"));
  });

  test("a viewer gets its bytes and can leave", async () => {
    const before_ = descriptors(server.child.pid);
    const viewer = await Viewer.open(server, at("/vnc"));
    assert.equal(viewer.status, 101);
    await viewer.read(1 << 20);
    viewer.close();
    await until("its connections are closed", () => descriptors(server.child.pid) <= before_);
  });

  test("the agent hears errors, its turn ends, and pictures that are none are not kept", async () => {
    const calls = [{ name: "screenshot" }, { name: "bash", input: { command: "true" } }, { name: "left_click", input: { coordinate: [1, 1] } }, { name: "cursor_position" }];
    const events = await server.turn(id, JSON.stringify(calls.map((call) => ({ tool_uses: [call] }))), 240);
    assert.equal(events.at(-1).event, "message_complete");
    assert.equal(events.at(-1).data.status, "completed");
    assert.ok(!events.some(({ data }) => data.screenshot));
  });

  test("the server is well, and its desk can be removed", async () => {
    assert.equal((await server.json("GET", "/api/v1/health/ready")).status, "ready");
    assert.ok(inside(server.data, desk).length >= 1);
    assert.equal((await server.request("DELETE", at("?purge=true"))).status, 204);
    await until("nothing is left", () => leftovers(server.data, [desk]).length === 0);
  });
});

test("keys are in no log, event, file, address or process of a desk", async () => {
  const token = "the-token-of-this-server";
  const model = "sk-ant-key-from-the-environment";
  const pasted = "sk-ant-key-pasted-into-the-page";
  const data = path.join(folder, "data-secrets");
  await mkdir(data);
  shareImages(data);
  const server = await Server.start({ data, args: ["--log-level", "debug"], env: { CARREL_TOKEN: token, ANTHROPIC_API_KEY: model, ANTHROPIC_BASE_URL: "http://127.0.0.1:1" } });
  const headers = { authorization: `Bearer ${token}` };
  const ask = async (method, target, body) => {
    const answer = await server.request(method, target, { body, headers });
    assert.ok(answer.status < 300, `${method} ${target}: ${JSON.stringify(answer.body)}`);
    return answer.body;
  };
  try {
    const { id, desk } = await ask("POST", "/api/v1/sessions", { provider: "anthropic", network: "none" });
    await ask("POST", "/api/v1/credentials", { provider: "anthropic", key: pasted });
    await ask("POST", `/api/v1/sessions/${id}/messages`, { content: "hi" });
    const shell = await ask("POST", `/api/v1/sessions/${id}/desk/terminal/execute`, { command: "env; cat /proc/*/environ /proc/*/cmdline 2>/dev/null | tr '\\0' '\\n'; mount" });
    await until("a try failed", async () => (await ask("GET", `/api/v1/sessions/${id}/events`)).events.some(({ event }) => event === "status"));
    await ask("POST", `/api/v1/sessions/${id}/cancel`);
    const told = JSON.stringify([shell, await ask("GET", `/api/v1/sessions/${id}/events`), await ask("GET", `/api/v1/sessions/${id}`), await ask("GET", "/api/v1/config"), await ask("GET", "/api/v1/health")]);
    const memory = inside(data, desk.id).map(({ pid }) => readFileSync(`/proc/${pid}/environ`, "latin1"));
    assert.ok(memory.length >= 4);
    const jail = readFileSync(`/proc/${server.child.pid}/cmdline`, "latin1");
    const children = readFileSync(`/proc/${server.child.pid}/task/${server.child.pid}/children`, "utf8").trim().split(" ");
    const inherited = children.map((pid) => readFileSync(`/proc/${pid}/environ`, "latin1"));
    assert.ok(inherited.join("").includes("PATH="), "the jail's environment can be read here");
    for (const secret of [token, model, pasted]) {
      assert.ok(!told.includes(secret), "answers");
      assert.ok(!(server.log + server.output).includes(secret), "the log");
      assert.ok(!memory.join("").includes(secret), "environment of the desk");
      assert.ok(!jail.includes(secret), "command lines");
      assert.ok(!inherited.join("").includes(secret), "environment of the jail");
      for (const part of ["server", "desks", "endpoints", "bin"]) {
        assert.ok(existsSync(path.join(data, part)), part);
        assert.ok(!holds(path.join(data, part), secret), `files of ${part}`);
      }
    }
    await ask("DELETE", `/api/v1/sessions/${id}?purge=true`);
  } finally {
    await server.stop();
  }
});
