// What the server writes into its log, as JSON.
import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import path from "node:path";
import { test } from "node:test";
import { at, dataDirectory, programs, Server, until } from "../lib/carrel.mjs";
import { identity } from "../lib/host.mjs";

const key = "the-key-of-this-test-0123";
const headers = { authorization: `Bearer ${key}` };

const linesOf = (server) =>
  server.log
    .split("\n")
    .slice(0, -1)
    .map((line) => {
      try {
        return JSON.parse(line);
      } catch {
        return assert.fail(`no JSON: ${line}`);
      }
    });

async function onServer(settings, work) {
  const server = await Server.start({ env: { CARREL_TOKEN: key, ...settings.env }, args: settings.args });
  try {
    await work(server);
  } finally {
    for (const { id } of (await server.request("GET", "/api/v1/sessions", { headers })).body.sessions) await server.request("DELETE", at(id, "?purge=true"), { headers });
    await server.stop();
  }
  return server;
}

test("every line is one JSON object, with the ids of what it is about", async () => {
  let session;
  let answer;
  const server = await onServer({ args: ["--log-format", "json", "--log-level", "debug"] }, async (running) => {
    session = (await running.request("POST", "/api/v1/sessions", { headers, body: { provider: "scripted", network: "none", title: "a\n{secret title}" } })).body;
    answer = await running.request("GET", at(session.id, "/desk/file/download?path=/etc/hostname&token=secret-of-query"), { headers });
    process.kill(identity(dataDirectory, session.desk.id).pid, "SIGKILL");
    await until("the end of the desk is in the log", () => running.log.includes("ended"));
  });
  const lines = linesOf(server);
  for (const line of lines) {
    assert.match(line.time, /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/);
    assert.ok(["debug", "info", "warning", "error"].includes(line.level), line.level);
    assert.ok(["carrel", "carrel-jail"].includes(line.program), line.program);
    assert.equal(typeof line.message, "string");
  }
  const ended = lines.find(({ level, desk }) => level === "warning" && desk === session.desk.id);
  assert.ok(ended, server.log);
  const access = lines.filter(({ request }) => request === answer.headers["x-request-id"]);
  assert.equal(access.length, 1);
  assert.equal(access[0].session, session.id);
  assert.equal(access[0].level, "debug");
  assert.match(access[0].message, /^req_[0-9a-f]+ GET file\/download \d+ in [0-9.]+ ms of sess_/);
});

test("nothing secret and nobody's words are in the log, whatever is asked", async () => {
  const secrets = ["secret-of-query", "secret-of-body", "secret-of-header", "secret title", "secret-of-path", key];
  const server = await onServer({ env: { CARREL_LOG_FORMAT: "json", CARREL_LOG_LEVEL: "debug" } }, async (running) => {
    const session = (await running.request("POST", "/api/v1/sessions", { headers, body: { provider: "scripted", network: "none", title: "secret title" } })).body;
    await running.request("GET", "/api/v1/sessions?limit=1&key=secret-of-query", { headers });
    await running.request("POST", at(session.id, "/desk/terminal/execute"), { headers, body: { command: "echo secret-of-body" } });
    await running.request("POST", at(session.id, "/messages"), { headers, body: { content: "secret-of-body" } });
    await running.request("POST", "/api/v1/credentials", { headers, body: { provider: "anthropic", key: "secret-of-body" } });
    await running.request("POST", "/api/v1/login", { body: { key: "secret-of-body-of-login" } });
    await running.request("GET", "/api/v1/sessions", { headers: { "x-api-key": "secret-of-header" } });
    await running.request("GET", "/secret-of-path", { headers });
    await running.request("GET", at("secret-of-path"), { headers });
  });
  assert.ok(linesOf(server).length > 10);
  for (const secret of secrets) assert.ok(!server.log.includes(secret), secret);
});

test("without asking for more, the log holds no line for each request", async () => {
  const server = await onServer({}, async (running) => {
    for (let i = 0; i < 20; ++i) await running.request("GET", "/api/v1/sessions", { headers });
  });
  assert.ok(!server.log.includes("sessions/list"), server.log);
  assert.match(server.log, /^\d{4}-\d\d-\d\dT\S+Z carrel info ready$/m);
});

test("a format that there is not is refused before anything starts", () => {
  const ended = (() => {
    try {
      return execFileSync(path.join(programs, "carrel"), ["serve", "--check", "--log-format", "xml"], { encoding: "utf8", stdio: "pipe" });
    } catch (error) {
      return error.stderr;
    }
  })();
  assert.match(ended, /--log-format: must be one of text, json, not "xml"/);
});
