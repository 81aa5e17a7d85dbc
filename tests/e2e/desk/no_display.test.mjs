// A desk whose image has no display: what works in it, what is refused and how, what its agent is offered, and what the
// page shows.
import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { once } from "node:events";
import { mkdirSync, readdirSync, rmSync, statSync, writeFileSync } from "node:fs";
import path from "node:path";
import { after, before, test } from "node:test";
import WebSocket from "ws";
import { startAnthropic } from "../../doubles/anthropic.mjs";
import { at, dataDirectory, Server } from "../lib/carrel.mjs";
import { launchBrowser, openPage } from "../lib/chromium.mjs";
import { inside } from "../lib/host.mjs";

const data = `${dataDirectory}-bare`;
let api;
let server;
let session;
const desk = (operation) => at(session.id, `/desk/${operation}`);
const ask = (method, operation, body) => server.request(method, desk(operation), { body });
const post = (operation, body = {}) => server.json("POST", desk(operation), body);
const get = (operation) => server.json("GET", desk(operation));

before(async () => {
  // The newest build of the tests' image, without a copy of its files, and with the mark.
  const images = path.join(dataDirectory, "images/desktop");
  const builds = readdirSync(images).sort((a, b) => statSync(path.join(images, b)).ctimeMs - statSync(path.join(images, a)).ctimeMs);
  rmSync(data, { recursive: true, force: true });
  mkdirSync(path.join(data, "images/desktop"), { recursive: true });
  execFileSync("cp", ["-al", path.join(images, builds[0]), path.join(data, "images/desktop")]);
  // The original's own file, where there is one, must not be written through the link.
  const facts = path.join(data, "images/desktop", builds[0], "facts");
  rmSync(facts, { force: true });
  writeFileSync(facts, "display none\n");
  api = await startAnthropic();
  server = await Server.start({ data, env: { ANTHROPIC_BASE_URL: api.url, ANTHROPIC_API_KEY: api.key, no_proxy: "127.0.0.1" } });
  session = await server.createSession({ provider: "anthropic", network: "none", environment: { A: "1" }, files: [{ path: "f", text: "x" }], command: "cat f" });
});
after(async () => {
  await server?.end();
  await api?.close();
  rmSync(data, { recursive: true, force: true });
});

test("it is ready without display, window manager and panel, and its session says so", async () => {
  assert.equal(session.desk.display, false);
  assert.equal((await server.json("GET", at(session.id))).desk.display, false);
  const words = inside(data, session.desk.id).map(({ words }) => words.join(" "));
  assert.equal(words.length >= 2, true, words.join("\n"));
  assert.deepEqual(words.filter((line) => /Xvnc|openbox|tint2/.test(line)), []);
  assert.deepEqual(await get("system/health"), { success: true, status: "ok", display: false, window_manager: false });
  assert.equal((await get("system/info")).display, null);
});

test("files, terminal, background commands and processes work, as it began", async () => {
  assert.equal((await post("terminal/execute", { command: "echo $A [$DISPLAY]" })).output, "1 []\n");
  assert.equal((await get("terminal/process/output?process_id=start&wait=20")).data, "x");
  await post("file/write", { path: "/home/agent/new", file_text: "text" });
  assert.match((await post("file/view", { path: "/home/agent/new" })).output, /text/);
  assert.ok((await get("process/list")).processes.length > 0);
  const socket = new WebSocket(server.url.replace("http", "ws") + desk("terminal/pty") + "?command=echo%20hi", ["carrel.pty.v1"]);
  await once(socket, "close");
});

test("every call for screen, mouse, keyboard, windows, clipboard and browser is refused with one code", async () => {
  const calls = [
    ["GET", "screen/screenshot"], ["POST", "screen/screenshot", {}], ["POST", "mouse/click", { button: "left_click", coordinate: { x: 1, y: 1 } }], ["POST", "keyboard/type", { text: "a" }],
    ["GET", "window/list"], ["GET", "system/clipboard"], ["POST", "system/clipboard", { content: "a" }], ["POST", "browser/open_url", { url: "about:blank" }],
    ["POST", "browser/cdp/navigate", { url: "about:blank" }], ["POST", "browser/page/read", {}], ["POST", "system/wait", { duration: 0.01, screenshot: true }],
  ];
  for (const [method, operation, body] of calls) {
    const answer = await ask(method, operation, body);
    assert.equal(answer.status, 409, `${operation}: ${JSON.stringify(answer.body)}`);
    assert.equal(answer.body.code, "no_display");
    assert.match(answer.body.error, /no display/);
  }
  const batch = await post("batch", { actions: [{ operation: "terminal/execute", input: { command: "true" } }, { operation: "mouse/click", input: { button: "left_click", coordinate: { x: 1, y: 1 } } }] });
  assert.equal(batch.failed_at, 1);
  assert.equal(batch.results[1].status, 409);
});

test("nobody can watch it, and is told why before the connection is made", async () => {
  const socket = new WebSocket(server.url.replace("http", "ws") + at(session.id, "/vnc"), ["binary"]);
  const [, answer] = await once(socket, "unexpected-response");
  assert.equal(answer.statusCode, 409);
  const pieces = [];
  for await (const piece of answer) pieces.push(piece);
  assert.equal(JSON.parse(Buffer.concat(pieces)).code, "no_display");
});

test("a page to open is refused, and leaves no session", async () => {
  const { status, body } = await server.request("POST", "/api/v1/sessions", { body: { provider: "scripted", network: "none", open_url: "about:blank" } });
  assert.equal(status, 422);
  assert.match(JSON.stringify(body.detail), /open_url.*no display/);
  assert.equal((await server.json("GET", "/api/v1/sessions")).total, 1);
});

test("its agent is offered no tool for the screen, and works by its shell", async () => {
  api.say({ blocks: [{ type: "tool_use", name: "bash", input: { command: "echo from-bash" } }] }, { blocks: [{ type: "text", text: "Done." }] });
  const events = await server.turn(session.id, "go");
  assert.ok(events.some(({ event, data }) => event === "tool_result" && JSON.stringify(data).includes("from-bash")), JSON.stringify(events));
  for (const request of api.requests) {
    const body = request.body ?? request;
    assert.ok(!JSON.stringify(body.tools).includes("computer"), JSON.stringify(body.tools));
    assert.match(JSON.stringify(body.system), /no display/);
  }
  assert.ok(api.requests.length >= 2);
});

test("it is known as such by the next server, too", async () => {
  await server.stop();
  server = await Server.start({ data, fresh: false, env: { ANTHROPIC_BASE_URL: api.url, ANTHROPIC_API_KEY: api.key, no_proxy: "127.0.0.1" } });
  assert.equal((await server.json("GET", at(session.id))).desk.display, false);
  assert.equal((await ask("GET", "screen/screenshot")).body.code, "no_display");
});

test("the page says so in the picture's place, and still shows files and conversation", async () => {
  const browser = await launchBrowser();
  try {
    const page = await openPage(browser, `${server.url}/#${session.id}`);
    await page.getByTestId("no-display").waitFor();
    assert.equal(await page.getByTestId("desktop-state").innerText(), "No display");
    assert.equal(await page.getByTestId("control-toggle").count(), 0);
    await page.getByTestId("files").click();
    await page.getByRole("button", { name: "Up one folder" }).click();
    await page.getByText("new", { exact: true }).waitFor();
    assert.deepEqual(page.complaints, []);
  } finally {
    await browser.close();
  }
});
