// The server's own API, field by field, and what it refuses.
import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import { Server, until } from "../lib/carrel.mjs";
import { connect, exchange } from "../lib/wire.mjs";

let server;
let session;
before(async () => {
  server = await Server.start();
  session = await server.createSession({ provider: "scripted", network: "none", title: "First" });
});
after(() => server?.end());

const rfc3339 = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?Z$/;
const sessions = "/api/v1/sessions";
const at = (rest = "") => `${sessions}/${session.id}${rest}`;

/** The problems of a 422, as "body.content: message". */
async function problems(method, target, options) {
  const { status, body, headers } = await server.request(method, target, options);
  assert.equal(status, 422, JSON.stringify(body));
  assert.equal(headers["content-type"], "application/problem+json");
  assert.equal(body.code, "validation_failed");
  assert.match(headers["x-request-id"], /\S/);
  for (const { msg, type } of body.detail) assert.ok(msg.length > 4 && /^[a-z_]+$/.test(type), JSON.stringify(body));
  return body.detail.map(({ loc }) => loc.join("."));
}

/** A refusal in one sentence. */
async function refusal(status, method, target, options) {
  const answer = await server.request(method, target, options);
  assert.equal(answer.status, status, JSON.stringify(answer.body));
  assert.equal(answer.headers["content-type"], "application/problem+json");
  assert.equal(answer.body.status, status);
  assert.equal(typeof answer.body.detail, "string");
  return answer;
}

describe("sessions", () => {
  test("a new session has every field of the contract", () => {
    assert.match(session.id, /^sess_[0-9a-f]{12}$/);
    assert.equal(session.title, "First");
    assert.equal(session.status, "active");
    assert.equal(session.provider, "scripted");
    assert.equal(typeof session.model, "string");
    assert.match(session.created_at, rfc3339);
    assert.match(session.updated_at, rfc3339);
    assert.equal(session.vnc_url, `/desk/${session.id}`);
    assert.equal(session.busy, false);
    const { id, ...desk } = session.desk;
    assert.match(id, /^desk_[0-9a-f]{12}$/);
    assert.deepEqual(desk, { state: "ready", network: "none", width: 1280, height: 800 });
  });

  test("reading one adds its suffix and messages", async () => {
    const read = await server.json("GET", at());
    const { system_prompt_suffix, messages, ...rest } = read;
    assert.equal(system_prompt_suffix, "");
    assert.deepEqual(messages, []);
    assert.deepEqual(rest, session);
  });

  test("creation says where the session is and what took how long", async () => {
    const wish = { provider: "scripted", network: "none", width: 1024, height: 768, system_prompt_suffix: "Be brief." };
    const answer = await server.request("POST", sessions, { body: wish });
    assert.equal(answer.status, 201);
    assert.equal(answer.headers.location, `${sessions}/${answer.body.id}`);
    assert.match(answer.headers["server-timing"], /dur=/);
    assert.equal(answer.body.title, null);
    assert.equal(answer.body.desk.width, 1024);
    assert.equal((await server.json("GET", answer.headers.location)).system_prompt_suffix, "Be brief.");
    const screen = await server.json("GET", `${answer.headers.location}/desk/screen/info`);
    assert.equal(screen.actual_width_px ?? screen.display_width_px, 1024);
    await server.json("DELETE", answer.headers.location);
  });

  test("lists are paged, newest first, and count all", async () => {
    const second = await server.createSession({ provider: "scripted", network: "none", title: "Second" });
    const { sessions: both, total } = await server.json("GET", sessions);
    assert.equal(total, 2);
    assert.deepEqual(both.map(({ title }) => title), ["Second", "First"]);
    const page = await server.json("GET", `${sessions}?limit=1&offset=1`);
    assert.equal(page.total, 2);
    assert.deepEqual(page.sessions.map(({ id }) => id), [session.id]);
    assert.deepEqual((await server.json("GET", `${sessions}?offset=2`)).sessions, []);
    await server.json("DELETE", `${sessions}/${second.id}`);
  });

  test("renaming changes title and time of change only", async () => {
    const renamed = await server.json("PATCH", at(), { title: "Größe 😀" });
    assert.equal(renamed.title, "Größe 😀");
    assert.ok(renamed.updated_at >= session.updated_at);
    assert.deepEqual({ ...renamed, title: "First", updated_at: session.updated_at }, session);
    await server.json("PATCH", at(), { title: "First" });
  });

  test("deleting archives, purging removes everything", async () => {
    const { id } = await server.createSession();
    await server.turn(id, "hello");
    assert.equal((await server.request("DELETE", `${sessions}/${id}`)).status, 204);
    await refusal(404, "GET", `${sessions}/${id}`);
    await refusal(404, "DELETE", `${sessions}/${id}`);
    await refusal(404, "POST", `${sessions}/${id}/messages`, { body: { content: "x" } });
    await refusal(404, "PATCH", `${sessions}/${id}`, { body: { title: "x" } });
    await refusal(404, "GET", `${sessions}/${id}/desk/screen/info`);
    assert.ok((await server.events(id)).length > 3, "the history stays");
    const listed = async (query) => (await server.json("GET", `${sessions}${query}`)).sessions.find((row) => row.id === id);
    assert.equal(await listed(""), undefined);
    const archived = await listed("?include_archived=true");
    assert.equal(archived.status, "archived");
    assert.equal(archived.desk.state, "stopped");
    assert.equal((await server.request("DELETE", `${sessions}/${id}?purge=true`)).status, 204);
    assert.equal(await listed("?include_archived=true"), undefined);
    await refusal(404, "GET", `${sessions}/${id}/events`);
    await refusal(404, "DELETE", `${sessions}/${id}?purge=true`);
  });

  test("what is unknown is a 404 that says so", async () => {
    for (const [method, target, body] of [
      ["GET", `${sessions}/sess_000000000000`],
      ["DELETE", `${sessions}/sess_000000000000`],
      ["GET", `${sessions}/nonsense`],
      ["GET", `${sessions}/sess_000000000000/stream`],
      ["GET", `${sessions}/sess_000000000000/events`],
      ["GET", `${sessions}/sess_000000000000/vnc`],
      ["POST", `${sessions}/sess_000000000000/cancel`],
      ["POST", `${sessions}/sess_000000000000/desk/renew`],
      ["POST", `${sessions}/sess_000000000000/desk/mouse/click`, { button: "left_click" }],
      ["POST", `${sessions}/sess_000000000000/messages`, { content: "hi" }],
      ["GET", `${sessions}/${"%2e%2e/".repeat(3)}etc`],
      ["GET", "/api/v1/nothing"],
      ["GET", "/nothing.js"],
    ]) {
      const { body: problem } = await refusal(404, method, target, { body });
      assert.ok(problem.detail.length > 10, target);
    }
    await refusal(404, "GET", at(`/blobs/${"0".repeat(64)}`));
    await refusal(404, "GET", at("/blobs/..%2f..%2fcarrel.db"));
    await refusal(404, "GET", at("/desk/nothing/here"));
  });

  test("a well desk is not renewed, and nothing is cancelled when nothing runs", async () => {
    await refusal(409, "POST", at("/desk/renew"));
    assert.equal((await server.json("POST", at("/cancel"))).status, "not_processing");
  });
});

describe("wrong requests", () => {
  test("a 422 names every wrong field", async () => {
    const cases = [
      [{}, "POST", at("/messages"), ["body.content"]],
      [{ content: "" }, "POST", at("/messages"), ["body.content"]],
      [{ content: "x".repeat(10_001) }, "POST", at("/messages"), ["body.content"]],
      [{ content: 5 }, "POST", at("/messages"), ["body.content"]],
      [{ content: null }, "POST", at("/messages"), ["body.content"]],
      [{ content: "x", colour: 1 }, "POST", at("/messages"), ["body.colour"]],
      [{ title: "" }, "PATCH", at(), ["body.title"]],
      [{ provider: "nobody" }, "POST", sessions, ["body.provider"]],
      [{ width: "wide", height: 10, network: "all" }, "POST", sessions, ["body.width", "body.height", "body.network"]],
      [{ width: 1024.5 }, "POST", sessions, ["body.width"]],
      [{ titel: "x" }, "POST", sessions, ["body.titel"]],
      [[], "POST", sessions, ["body"]],
      ["text", "POST", sessions, ["body"]],
      [{ provider: "anthropic" }, "POST", "/api/v1/credentials", ["body.key"]],
      [{ provider: "scripted", key: "sk-123456789" }, "POST", "/api/v1/credentials", ["body.provider"]],
      [{ coordinate: { x: "left" } }, "POST", at("/desk/mouse/move"), ["body.coordinate.x", "body.coordinate.y"]],
      [{ button: "left_click", coordinate: { x: 1, y: 2, z: 3 } }, "POST", at("/desk/mouse/click"), ["body.coordinate.z"]],
      [{ command: "true", timeout: 1000 }, "POST", at("/desk/terminal/execute"), ["body.timeout"]],
    ];
    for (const [body, method, target, wanted] of cases) {
      const found = await problems(method, target, { body: JSON.stringify(body) });
      assert.deepEqual(found.sort(), wanted.sort(), `${method} ${target} ${JSON.stringify(body).slice(0, 100)}`);
    }
  });

  test("lengths are counted in characters", async () => {
    const wish = { provider: "scripted", network: "none", title: "😀".repeat(200) };
    const { id, title } = await server.json("POST", sessions, wish);
    assert.equal(title, wish.title);
    assert.deepEqual(await problems("PATCH", `${sessions}/${id}`, { body: { title: "😀".repeat(201) } }), ["body.title"]);
    await server.turn(id, "é".repeat(10_000));
    await server.json("DELETE", `${sessions}/${id}?purge=true`);
  });

  test("a query's fields are judged, too", async () => {
    for (const query of ["limit=0", "limit=101", "limit=x", "offset=-1", "include_archived=maybe"])
      assert.deepEqual(await problems("GET", `${sessions}?${query}`), [`query.${query.split("=")[0]}`]);
    assert.deepEqual(await problems("GET", at("/events?after=x")), ["query.after"]);
    assert.deepEqual(await problems("GET", at("/events?limit=5000")), ["query.limit"]);
    assert.deepEqual(await problems("GET", at("/stream?last_event_id=new")), ["query.last_event_id"]);
    assert.deepEqual(await problems("GET", at("/desk/screen/screenshot?format=gif")), ["query.format"]);
  });

  test("JSON that is none says where", async () => {
    for (const body of ['{"content":', "{'content':1}", '{"content":"a",}', '{"content":"a"}x', '{"content":"a","content":"b"}', `${"[".repeat(100)}${"]".repeat(100)}`, "\ufeff{}", '{"content":"\\ud800"}', '{"content":"a\nb"}'])
      assert.deepEqual(await problems("POST", at("/messages"), { body }), ["body"], body.slice(0, 40));
    const invalid = Buffer.concat([Buffer.from('{"content":"'), Buffer.from([0xff, 0xfe]), Buffer.from('"}')]);
    assert.deepEqual(await problems("POST", at("/messages"), { body: invalid }), ["body"]);
    assert.deepEqual(await problems("POST", at("/desk/mouse/click"), { body: "{" }), ["body"]);
  });

  test("bodies that are too large, of another type, or for another method", async () => {
    await refusal(413, "POST", at("/messages"), { body: JSON.stringify({ content: "x".repeat(2 << 20) }) });
    for (const type of ["text/plain", "application/x-www-form-urlencoded", "multipart/form-data; boundary=x"])
      await refusal(415, "POST", at("/messages"), { body: '{"content":"x"}', headers: { "content-type": type } });
    await refusal(415, "POST", at("/desk/file/upload"), { body: "{}" });
    for (const [method, target, allowed] of [
      ["PUT", sessions, ["GET", "POST"]],
      ["POST", at(), ["GET", "PATCH", "DELETE"]],
      ["GET", at("/messages"), ["POST"]],
      ["GET", at("/desk/mouse/click"), ["POST"]],
      ["DELETE", at("/stream"), ["GET"]],
    ]) {
      const { headers } = await refusal(405, method, target);
      for (const name of allowed) assert.ok(headers.allow.includes(name), `${method} ${target}: ${headers.allow}`);
    }
  });

  test("HEAD is GET without the body", async () => {
    const answer = await server.request("HEAD", sessions);
    assert.equal(answer.status, 200);
    assert.equal(answer.body.length, 0);
    assert.ok(Number(answer.headers["content-length"]) > 0);
  });
});

describe("strangers", () => {
  const host = () => new URL(server.url).host;
  const probe = (headers, method = "GET", body = undefined) => server.request(method, sessions, { headers, body });

  test("a foreign Host is refused, also for the page", async () => {
    for (const name of ["evil.example", "evil.example:7800", "127.0.0.1.evil.example", "localhost.evil.example", "169.254.169.254", "[::2]"]) {
      const { status, body } = await probe({ host: name });
      assert.equal(status, 403, name);
      assert.match(body.detail, /localhost/);
      assert.equal((await server.request("GET", "/", { headers: { host: name } })).status, 403, name);
    }
    for (const name of ["localhost", "LOCALHOST:1", "127.0.0.1", "[::1]:80"]) assert.equal((await probe({ host: name })).status, 200, name);
  });

  test("a foreign Origin is refused", async () => {
    for (const origin of ["https://evil.example", "null", `https://evil.example:${new URL(server.url).port}`, "file://", `http://${host()}.evil.example`, "http://localhost:1"]) {
      assert.equal((await probe({ origin })).status, 403, origin);
      assert.equal((await probe({ origin }, "POST", {})).status, 403, origin);
    }
    assert.equal((await probe({ origin: `http://${host()}` })).status, 200);
  });

  test("what a page of another site may ask", async () => {
    for (const site of ["cross-site", "same-site"]) {
      assert.equal((await probe({ "sec-fetch-site": site })).status, 403, site);
      assert.equal((await probe({ "sec-fetch-site": site }, "POST", {})).status, 403, site);
      assert.equal((await server.request("GET", "/", { headers: { "sec-fetch-site": site } })).status, 200, "a link to the page");
    }
    assert.equal((await probe({ "sec-fetch-site": "same-origin" })).status, 200);
    assert.equal((await probe({ "sec-fetch-site": "none" })).status, 200);
  });

  test("every answer forbids sniffing, framing by others and caching", async () => {
    for (const target of [sessions, "/nothing", "/", at("/desk/screen/info"), at("/desk/screen/screenshot")]) {
      const { headers } = await server.request("GET", target);
      assert.equal(headers["x-content-type-options"], "nosniff", target);
      assert.equal(headers["cross-origin-resource-policy"], "same-origin", target);
      assert.match(headers["content-security-policy"], /frame-ancestors|sandbox/, target);
      assert.match(headers["cache-control"], /no-store|no-cache/, target);
      assert.equal(headers["access-control-allow-origin"], undefined, target);
      assert.match(headers["x-request-id"], /\S/, target);
    }
  });
});

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
      "chunked in capitals": post("Transfer-Encoding: Chunked\r\n", "0\r\n\r\n"),
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
      "a whole address as target": `GET http://localhost/ HTTP/1.1\r\n${host}\r\n`,
      "another version": `GET / HTTP/2.0\r\n${host}\r\n`,
      "no version": `GET /\r\n${host}\r\n`,
      "something else": "\x16\x03\x01\x02\x00\x01",
      "an unknown expectation": post("Expect: 200-ok\r\nContent-Length: 2\r\n", "{}"),
    };
    for (const [name, bytes] of Object.entries(table)) {
      const { answer, status, ended } = await exchange(server, Buffer.from(bytes, "latin1"), { untilClosed: true });
      assert.ok([400, 411, 417, 501, 505].includes(status), `${name}: ${answer.slice(0, 300)}`);
      assert.ok(ended, name);
      assert.equal(answer.match(/HTTP\/1\.1 \d/g).length, 1, `${name}: one answer: ${answer}`);
      assert.match(answer, /"detail":"[^"]{10,}/, name);
    }
    assert.equal((await server.json("GET", sessions)).total, 1, "no session was made meanwhile");
  });

  test("chunks that are none are refused", async () => {
    for (const chunks of ["x\r\n{}\r\n0\r\n\r\n", "2\n{}\r\n0\r\n\r\n", "2\r\n{}0\r\n\r\n", "-2\r\n{}\r\n0\r\n\r\n", "ffffffffffffffffff\r\n{}\r\n0\r\n\r\n", "0x2\r\n{}\r\n0\r\n\r\n", `2;${"a".repeat(70_000)}\r\n{}\r\n0\r\n\r\n`]) {
      const { answer, status } = await exchange(server, post("Transfer-Encoding: chunked\r\n", chunks), { untilClosed: true });
      assert.ok(status === 400 || status === 413, `${chunks.slice(0, 40)}: ${answer.slice(0, 200)}`);
    }
  });

  test("heads that are too large are refused, and the rest of the server goes on", async () => {
    for (const head of [`GET /${"a".repeat(100_000)} HTTP/1.1\r\n${host}\r\n`, `GET / HTTP/1.1\r\n${host}X: ${"a".repeat(100_000)}\r\n\r\n`, `GET / HTTP/1.1\r\n${host}${"X: y\r\n".repeat(5000)}\r\n`]) {
      const { status } = await exchange(server, head, { untilClosed: true });
      assert.ok(status === 431 || status === 414 || status === 400, `${status}`);
    }
    const many = await exchange(server, `GET / HTTP/1.1\r\n${host}${"X: y\r\n".repeat(200)}\r\n`, { untilClosed: true });
    assert.ok(many.status === 431 || many.status === 400);
  });

  test("half a head times out with 408", async () => {
    const { answer, status, ended } = await exchange(server, `GET / HTTP/1.1\r\nHost: loc`, { untilClosed: true, seconds: 60 });
    assert.equal(status, 408, answer);
    assert.ok(ended);
  });

  test("pipelined requests are answered in order", async () => {
    const socket = await connect(server);
    socket.write(`GET /api/v1/health/live HTTP/1.1\r\n${host}\r\nGET /api/v1/nothing HTTP/1.1\r\n${host}\r\nGET /api/v1/health/ready HTTP/1.1\r\n${host}Connection: close\r\n\r\n`);
    await until("three answers", () => socket.ended);
    assert.deepEqual([...socket.answer.matchAll(/HTTP\/1\.1 (\d+)/g)].map((match) => match[1]), ["200", "404", "200"]);
  });

  test("a body that is announced and not sent holds nobody up", async () => {
    const socket = await connect(server);
    socket.write(post("Content-Length: 100\r\n", '{"title":'));
    assert.equal((await server.json("GET", "/api/v1/health/live")).status, "alive");
    socket.destroy();
  });

  test("a client that waits for 100-continue gets it", async () => {
    const socket = await connect(server);
    socket.write(`PATCH ${at()} HTTP/1.1\r\n${host}Content-Type: application/json\r\nExpect: 100-continue\r\nContent-Length: 17\r\nConnection: close\r\n\r\n`);
    await until("100", () => socket.answer.startsWith("HTTP/1.1 100"));
    socket.write('{"title":"First"}');
    await until("the answer", () => socket.ended);
    assert.match(socket.answer, /HTTP\/1\.1 200/);
  });
});

describe("health and configuration", () => {
  test("health says what it checked", async () => {
    const health = await server.json("GET", "/api/v1/health");
    assert.equal(health.status, "degraded", "Claude has no key here");
    assert.match(health.timestamp, rfc3339);
    assert.equal(typeof health.version, "string");
    assert.deepEqual(health.checks.database, { status: "ok", type: "sqlite" });
    assert.deepEqual(health.checks.api_key, { status: "missing", provider: "anthropic" });
    assert.deepEqual(await server.json("GET", "/api/v1/health/ready"), { status: "ready" });
    assert.deepEqual(await server.json("GET", "/api/v1/health/live"), { status: "alive" });
  });

  test("configuration tells what a client needs", async () => {
    const config = await server.json("GET", "/api/v1/config");
    assert.equal(config.app_name, "Carrel");
    assert.equal(config.vnc_url, "/desk/{id}");
    assert.ok(config.available_providers.includes("anthropic") && config.available_providers.includes("scripted"));
    assert.equal(typeof config.default_model, "string");
    const [anthropic, scripted] = config.providers;
    assert.deepEqual([anthropic.name, anthropic.title, anthropic.needs_key, anthropic.key_variable], ["anthropic", "Anthropic", true, "ANTHROPIC_API_KEY"]);
    assert.equal(anthropic.default_model, config.default_model);
    assert.ok(anthropic.models.includes(config.default_model));
    assert.deepEqual([scripted.name, scripted.needs_key, scripted.models], ["scripted", false, []]);
  });
});
