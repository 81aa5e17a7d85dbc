// Cookies and local storage of the desk's browser: saved, carried to another desk, and loaded; with a site that a
// program of the desk serves.
import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import { chromium } from "playwright-core";
import { Server, until } from "../lib/carrel.mjs";
import { ordinary } from "../lib/desk.mjs";

let server;
before(async () => (server = await Server.start()));
after(() => server?.end());

class Desk {
  static async make() {
    const desk = new Desk();
    ({ id: desk.id } = await server.createSession(ordinary));
    return desk;
  }
  at(operation) {
    return `/api/v1/sessions/${this.id}/desk/${operation}`;
  }
  ask(method, operation, body) {
    return server.request(method, this.at(operation), { body });
  }
  async call(method, operation, body) {
    const { status, body: answer } = await this.ask(method, operation, body);
    assert.equal(status, 200, JSON.stringify(answer));
    assert.equal(answer.success, true, answer.error);
    return answer;
  }
  save(origins = "") {
    return this.call("GET", `browser/storage_state${origins ? `?origins=${origins}` : ""}`);
  }
  load(state) {
    return this.call("POST", "browser/storage_state", state);
  }
  async evaluate(script) {
    return (await this.call("POST", "browser/cdp/evaluate", { script })).result;
  }
  async serve() {
    await this.call("POST", "file/write", { path: "/home/agent/site/index.html", file_text: "<title>site</title>" });
    await this.call("POST", "terminal/execute", { command: "(setsid python3 -m http.server -b 127.0.0.1 -d /home/agent/site 8765 >/dev/null 2>&1 &)" });
    await until("the site is served", async () => (await this.ask("POST", "browser/cdp/navigate", { url: "http://127.0.0.1:8765/" })).body.success);
  }
}

const origin = "http://127.0.0.1:8765";

describe("stored state", () => {
  let desk;
  let state;
  before(async () => {
    desk = await Desk.make();
    await desk.serve();
  });

  test("is saved as Playwright writes it", async () => {
    await desk.evaluate("localStorage.setItem('name', 'Ada ü😀'); localStorage.setItem('', 'empty'); for (const key of ['length', 'key', 'getItem', '__proto__', '0']) localStorage.setItem(key, 'of ' + key); document.cookie = 'kind=oat; max-age=3600; samesite=strict'; document.cookie = 'brief=1'");
    const { success, ...rest } = await desk.save();
    state = rest;
    assert.deepEqual(Object.keys(state).sort(), ["cookies", "origins"]);
    const kind = state.cookies.find(({ name }) => name === "kind");
    assert.deepEqual({ ...kind, expires: Math.sign(kind.expires) }, { name: "kind", value: "oat", domain: "127.0.0.1", path: "/", expires: 1, httpOnly: false, secure: false, sameSite: "Strict" });
    assert.equal(state.cookies.find(({ name }) => name === "brief").expires, -1);
    const items = state.origins.find((one) => one.origin === origin).localStorage;
    const odd = ["length", "key", "getItem", "__proto__", "0"].map((name) => ({ name, value: `of ${name}` }));
    const sorted = (list) => [...list].sort((a, b) => (a.name < b.name ? -1 : 1));
    assert.deepEqual(sorted(items), sorted([{ name: "", value: "empty" }, { name: "name", value: "Ada ü😀" }, ...odd]));
  });

  test("is what Playwright itself reads there", async () => {
    const browser = await chromium.connectOverCDP(server.url + desk.at("browser/devtools"));
    const [context] = browser.contexts();
    const theirs = (await context.storageState()).cookies;
    const items = await context.pages()[0].evaluate(() => Array.from({ length: localStorage.length }, (_, i) => localStorage.key(i)).map((name) => [name, localStorage.getItem(name)]));
    await browser.close();
    const sorted = (list) => [...list].sort((a, b) => a.name.localeCompare(b.name));
    assert.deepEqual(sorted(state.cookies), sorted(theirs));
    assert.deepEqual(state.origins[0].localStorage.map(({ name, value }) => [name, value]).sort(), items.sort());
  });

  test("is loaded into another desk, where the site finds it at once", async () => {
    const other = await Desk.make();
    const { cookies, origins } = await other.load(state);
    assert.deepEqual([cookies, origins], [state.cookies.length, 1]);
    await other.serve();
    assert.equal(await other.evaluate("localStorage.getItem('name')"), "Ada ü😀");
    assert.equal(await other.evaluate("localStorage.getItem('length') + localStorage.getItem('__proto__')"), "of lengthof __proto__");
    assert.equal(await other.evaluate("document.cookie.split('; ').sort().join()"), "brief=1,kind=oat");
    const { cookies: again, origins: kept } = await other.save();
    assert.equal(again.length, state.cookies.length);
    assert.equal(kept[0].origin, origin);
    assert.equal((await other.call("GET", "browser/tabs")).tabs.length, 1, "no tab is left of it");
  });

  test("of origins that no tab shows is kept too, without a request to them", async () => {
    await desk.load({ origins: [{ origin: "https://nowhere.example", localStorage: [{ name: "a", value: "b" }] }] });
    const { origins } = await desk.save();
    assert.deepEqual(origins.find((one) => one.origin === "https://nowhere.example"), { origin: "https://nowhere.example", localStorage: [{ name: "a", value: "b" }] });
    assert.equal((await desk.save("https://other.example")).origins.some((one) => one.origin === "https://other.example"), false);
  });

  test("that was saved is taken again, cookie by cookie: without a name, of one site alone, with a prefix", async () => {
    const site = (await Desk.make());
    await site.serve();
    await site.evaluate("document.cookie = 'nameless'");
    const common = { domain: "a.example", path: "/", expires: 4e9, httpOnly: true, secure: true, sameSite: "None" };
    const given = [
      { name: "apart", value: "1", ...common, partitionKey: "https://b.example", _crHasCrossSiteAncestor: true },
      { name: "apart", value: "2", ...common, partitionKey: "https://c.example", _crHasCrossSiteAncestor: true },
      { name: "apart", value: "3", ...common, partitionKey: "https://a.example", _crHasCrossSiteAncestor: false },
      { name: "apart", value: "whole", ...common },
      { name: "wide", value: "1", ...common, domain: ".a.example", path: "/below" },
      { name: "__Host-strict", value: "1", ...common },
    ];
    assert.equal((await site.load({ cookies: given })).cookies, given.length);
    const sorted = (list) => list.map((cookie) => ({ ...cookie, expires: Math.sign(cookie.expires) })).sort((a, b) => (JSON.stringify(a) < JSON.stringify(b) ? -1 : 1));
    const first = await site.save();
    const nameless = { name: "", value: "nameless", domain: "127.0.0.1", path: "/", expires: -1, httpOnly: false, secure: false, sameSite: "Lax" };
    assert.deepEqual(sorted(first.cookies), sorted([nameless, ...given]));
    const { cookies, origins } = first;
    const other = await Desk.make();
    assert.equal((await other.load({ cookies, origins })).cookies, cookies.length);
    assert.deepEqual(sorted((await other.save()).cookies), sorted(cookies));
  });

  test("is saved and loaded without waking the site's service worker", async () => {
    const worker = `fetch("/woken");
      const page = "<title>worker</title><script>localStorage.setItem('worker', 'was here')</script>";
      addEventListener("fetch", (event) => event.respondWith(new Response(page, { headers: { "content-type": "text/html" } })));
      addEventListener("install", () => skipWaiting());
      addEventListener("activate", (event) => event.waitUntil(clients.claim()));`;
    await desk.call("POST", "file/write", { path: "/home/agent/worker/worker.js", file_text: worker });
    await desk.call("POST", "file/write", { path: "/home/agent/worker/index.html", file_text: "<title>with a worker</title>" });
    await desk.call("POST", "terminal/execute", { command: "(setsid python3 -u -m http.server -b 127.0.0.1 -d /home/agent/worker 8766 >/tmp/requests 2>&1 &)" });
    const site = "http://127.0.0.1:8766";
    await until("the site is served", async () => (await desk.ask("POST", "browser/cdp/navigate", { url: `${site}/` })).body.success);
    await desk.evaluate("localStorage.setItem('kept', 'yes'); navigator.serviceWorker.register('/worker.js').then(() => navigator.serviceWorker.ready).then(() => true)");
    await until("the worker controls the page", () => desk.evaluate("!!navigator.serviceWorker.controller"));
    const requests = async () => (await desk.call("POST", "terminal/execute", { command: "cat /tmp/requests" })).output;
    await until("it has run", async () => (await requests()).includes("/woken"));

    const browser = await chromium.connectOverCDP(server.url + desk.at("browser/devtools"));
    const [context] = browser.contexts();
    const page = context.pages().find((one) => one.url().startsWith(site));
    const session = await context.newCDPSession(page);
    const states = new Set();
    session.on("ServiceWorker.workerVersionUpdated", ({ versions }) => versions.forEach(({ runningStatus }) => states.add(runningStatus)));
    await session.send("ServiceWorker.enable");
    await session.send("Page.navigate", { url: "about:blank" });
    await session.send("ServiceWorker.stopAllWorkers");
    await until("it has stopped", () => states.has("stopped"));
    states.clear();

    await desk.call("POST", "terminal/execute", { command: ": > /tmp/requests" });
    const { origins } = await desk.save(site);
    assert.deepEqual(origins.find((one) => one.origin === site).localStorage, [{ name: "kept", value: "yes" }]);
    await desk.load({ origins: [{ origin: site, localStorage: [{ name: "more", value: "1" }] }] });
    // What it had asked for before is heard before this.
    await desk.call("POST", "terminal/execute", { command: `curl -s -o /dev/null ${site}/last` });
    await until("the last request is heard", async () => (await requests()).includes("/last"));
    assert.doesNotMatch(await requests(), /woken|worker\.js/);
    assert.ok(!states.has("starting") && !states.has("running"), [...states].join());
    await browser.close();
  });

  test("that is malformed is refused, and nothing of it is set", async () => {
    const cases = [
      [{ cookies: [{ name: "x", value: "y" }] }, /cookies\[0\] needs a domain or a url/],
      [{ cookies: [{ value: "y", domain: "a.example" }] }, /needs a name, a text/],
      [{ cookies: [{ name: "", value: "", domain: "a.example" }] }, /needs a name or a value/],
      [{ cookies: [{ name: 7, value: "y", domain: "a.example" }] }, /needs a name, a text/],
      [{ cookies: [{ name: "a", value: "b", domain: "a.example", secure: true, partitionKey: 7 }] }, /partitionKey that is a site/],
      [{ cookies: [{ name: "a", value: "b", domain: "a.example", secure: true, partitionKey: "https://b.example", _crHasCrossSiteAncestor: 1 }] }, /_crHasCrossSiteAncestor of true or false/],
      [{ cookies: [{ name: "x", domain: "a.example" }] }, /needs a value/],
      [{ cookies: [7] }, /object/],
      [{ cookies: "all" }, /list/],
      [{ cookies: [{ name: "a", value: "b", domain: "a.example", sameSite: "Sideways" }] }, /Strict, Lax or None/],
      [{ cookies: [{ name: "a", value: "b", domain: "a.example", expires: "soon" }] }, /expires/],
      [{ origins: [{ origin: "nonsense" }] }, /origins\[0\] needs an origin/],
      [{ origins: [{ origin: "https://a.example/path" }] }, /origins\[0\] needs an origin/],
      [{ origins: [{ origin: "https://a.example", localStorage: [{ name: 1, value: "x" }] }] }, /item that is not/],
      [{ cookies: [{ name: "good", value: "1", domain: "a.example" }], origins: [{ origin: "x" }] }, /origins\[0\]/],
      [{ storage: [] }, /no such field/],
    ];
    for (const [body, message] of cases) {
      const answer = await desk.ask("POST", "browser/storage_state", body);
      assert.equal(answer.status, 422, JSON.stringify(body));
      assert.match(JSON.stringify(answer.body), message);
    }
    assert.equal((await desk.save()).cookies.some(({ name }) => name === "good"), false);
    assert.equal((await desk.ask("GET", "browser/storage_state?origins=nonsense")).status, 422);
  });
});
