// The browser of a desk behind Playwright, unmodified: connectOverCDP through the server's own port.
import assert from "node:assert/strict";
import http from "node:http";
import { once } from "node:events";
import { after, before, describe, test } from "node:test";
import { chromium } from "playwright-core";
import { Server, until } from "../lib/carrel.mjs";
import { ordinary } from "../lib/desk.mjs";

const key = "a-key-for-the-tests-of-playwright";
const headers = { authorization: `Bearer ${key}` };
let server;
let session;
let browser;
before(async () => {
  server = await Server.start({ env: { CARREL_TOKEN: key } });
  session = (await call("POST", "/api/v1/sessions", ordinary)).body;
});
after(async () => {
  await browser?.close();
  if (session) await call("DELETE", `/api/v1/sessions/${session.id}?purge=true`);
  await server?.stop();
});

const call = (method, target, body, more = headers) => server.request(method, target, { body, headers: more });
const at = (operation) => `/api/v1/sessions/${session.id}/desk/${operation}`;
const desk = async (method, operation, body) => {
  const answer = await call(method, at(operation), body);
  assert.equal(answer.status, 200, JSON.stringify(answer.body));
  return answer.body;
};
const page = (html) => `data:text/html;charset=utf-8,${encodeURIComponent(html)}`;

/** The status of a WebSocket handshake. */
async function handshake(target, more = {}) {
  const { hostname, port } = new URL(server.url);
  const lines = { Connection: "Upgrade", Upgrade: "websocket", "Sec-WebSocket-Version": "13", "Sec-WebSocket-Key": Buffer.alloc(16).toString("base64"), ...more };
  const request = http.request({ hostname, port, path: target, agent: false, headers: lines }).end();
  const [answer, socket] = await Promise.race([once(request, "upgrade"), once(request, "response")]);
  socket?.destroy();
  answer.resume();
  return answer.statusCode;
}

describe("Playwright", () => {
  test("connects by the endpoint's address, starts the browser, and drives it", async () => {
    browser = await chromium.connectOverCDP(server.url + at("browser/devtools"), { headers });
    assert.match(browser.version(), /^\d+\./);
    const tab = await browser.contexts()[0].newPage();
    await tab.goto(page("<title>form</title><input id=name><button onclick='document.title = document.querySelector(\"#name\").value'>Go</button>"));
    await tab.fill("#name", "from Playwright");
    await tab.click("button");
    assert.equal(await tab.title(), "from Playwright");
    const shot = await tab.screenshot();
    assert.equal(shot.subarray(1, 4).toString(), "PNG");
    assert.equal(await tab.evaluate(() => 6 * 7), 42);
    await tab.close();
  });

  test("and the desk's own operations do not disturb each other", async () => {
    const tab = await browser.contexts()[0].newPage();
    await tab.goto(page("<title>shared</title><button onclick='document.title = 1 + Number(document.title) || 1'>x</button>"));
    await until("the desk sees it in front", async () => (await desk("GET", "browser/cdp/url")).title === "shared");
    for (let i = 1; i <= 5; i++) {
      await (i % 2 ? tab.click("button") : desk("POST", "browser/cdp/click_selector", { selector: "button" }));
      assert.equal(await tab.title(), String(i));
      assert.equal((await desk("POST", "browser/cdp/evaluate", { script: "document.title" })).result, String(i));
    }
    await tab.close();
  });

  test("takes pages with megabytes in both directions", async () => {
    const tab = await browser.contexts()[0].newPage();
    const large = "x".repeat(5_000_000);
    assert.equal(await tab.evaluate((text) => text.length, large), large.length);
    assert.equal((await tab.evaluate((length) => "y".repeat(length), 5_000_000)).length, 5_000_000);
    await tab.close();
  });

  test("connects by WebSocket addresses too: the one that is told, and one without an id", async () => {
    const { webSocketDebuggerUrl: told } = await desk("GET", "browser/devtools/json/version");
    assert.ok(told.startsWith(server.url.replace("http", "ws") + at("browser/devtools/browser/")), told);
    for (const address of [told, server.url.replace("http", "ws") + at("browser/devtools/browser")]) {
      const other = await chromium.connectOverCDP(address, { headers });
      assert.ok(other.contexts()[0].pages().length > 0);
      await other.close();
    }
    assert.equal(browser.isConnected(), true, "the first is not disturbed");
  });

  test("is told when the browser ends", async () => {
    const ended = once(browser, "disconnected");
    await desk("POST", "browser/close", { screenshot: false });
    await ended;
    assert.equal(browser.isConnected(), false);
    browser = undefined;
  });
});

describe("the DevTools endpoint", () => {
  test("lists targets with addresses that lead back here", async () => {
    await desk("POST", "browser/cdp/navigate", { url: page("<title>listed</title>") });
    for (const path of ["browser/devtools/json", "browser/devtools/json/list", "browser/devtools/json/"]) {
      // The list hears of a title in its own time.
      const mine = await until("it is listed", async () => (await desk("GET", path)).find((one) => one.title === "listed"));
      assert.ok(mine.webSocketDebuggerUrl.startsWith(server.url.replace("http", "ws") + at("browser/devtools/page/")));
      assert.equal(mine.devtoolsFrontendUrl, undefined);
    }
    const behind = await call("GET", at("browser/devtools/json/version"), undefined, { ...headers, "x-forwarded-proto": "https", "x-forwarded-host": "evil.example" });
    assert.ok(behind.body.webSocketDebuggerUrl.startsWith(server.url.replace("http", "wss")), "only our own host");
  });

  test("relays one tab's protocol", async () => {
    const [target] = await desk("GET", "browser/devtools/json");
    const { WebSocket } = await import("ws");
    const socket = new WebSocket(target.webSocketDebuggerUrl, { headers });
    await once(socket, "open");
    socket.send(JSON.stringify({ id: 1, method: "Runtime.evaluate", params: { expression: "document.title" } }));
    const [message] = await once(socket, "message");
    assert.equal(JSON.parse(message).result.result.value, "listed");
    socket.close();
    await once(socket, "close");
  });

  test("is for who may control the desk, and not for pages of others", async () => {
    const target = at("browser/devtools/browser");
    assert.equal(await handshake(target), 401);
    assert.equal(await handshake(target, headers), 101);
    assert.equal(await handshake(target, { ...headers, Origin: "https://evil.example" }), 403);
    assert.equal((await call("GET", at("browser/devtools/json/version"), undefined, {})).status, 401);
  });

  test("refuses what leads nowhere", async () => {
    for (const path of ["new", "close/1", "activate/1", "version/x", "../json/version"])
      assert.equal((await call("GET", at(`browser/devtools/json/${path}`))).status, 404, path);
    assert.equal(await handshake(at("browser/devtools/page/0123456789ABCDEF"), headers), 404);
    assert.equal(await handshake(at("browser/devtools/page/a%2Fb"), headers), 404);
    assert.equal(await handshake(at("browser/devtools/browser/0123-4567"), headers), 404);
    assert.equal((await call("GET", at("browser/devtools/browser"))).status, 426);
  });

  test("cannot be reached by pages of the browser itself", async () => {
    await desk("POST", "browser/cdp/navigate", { url: page("<title>curious</title>") });
    const script = `
      const read = async () => { try { return (await (await fetch("http://127.0.0.1:29222/json/version")).text()).length; } catch { return "refused"; } };
      const socket = (path) => new Promise((resolve) => { const s = new WebSocket("ws://127.0.0.1:29222" + path); s.onopen = () => resolve("open"); s.onerror = () => resolve("refused"); });
      return [await read(), await socket("/devtools/browser"), await socket("PATH")]`;
    const { webSocketDebuggerUrl: told } = await desk("GET", "browser/devtools/json/version");
    const path = told.slice(told.indexOf("/devtools/browser/"));
    const { result } = await desk("POST", "browser/cdp/evaluate", { script: script.replace("PATH", path.replace("/browser/devtools", "/devtools")) });
    assert.deepEqual(result, ["refused", "refused", "refused"]);
  });
});
