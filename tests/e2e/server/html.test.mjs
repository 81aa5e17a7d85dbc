// A page that a desk wrote is a stranger's page: opened from the server's own address in a real browser it cannot
// call the server's API.
import assert from "node:assert/strict";
import http from "node:http";
import { once } from "node:events";
import { after, before, test } from "node:test";
import { launchBrowser } from "../lib/chromium.mjs";
import { until } from "../lib/carrel.mjs";
import { onDesk } from "../lib/desk.mjs";

const desk = onDesk();
const { at, post } = desk;
let browser;
before(async () => (browser = await launchBrowser()));
after(() => browser?.close());

const attack = `<!doctype html><title>waiting</title><script>
(async () => {
  const tries = [];
  const ask = async (name, call) => { try { tries.push(name + ":" + (await call()).status); } catch (error) { tries.push(name + ":blocked"); } };
  await ask("list", () => fetch("/api/v1/sessions"));
  await ask("make", () => fetch("/api/v1/sessions", { method: "POST", headers: { "content-type": "application/json" }, body: '{"title":"stolen"}' }));
  await ask("plain", () => fetch("/api/v1/sessions", { method: "POST", mode: "no-cors", headers: { "content-type": "text/plain" }, body: '{"title":"stolen"}' }));
  document.title = "ran " + tries.join(" ");
})();
</script><form method="post" action="/api/v1/sessions" enctype="text/plain"><input name='{"title":"stolen","x":"' value='"}'></form>`;

const total = async () => (await desk.server.json("GET", "/api/v1/sessions")).total;
const download = (name) => desk.server.url + at(`file/download?path=/home/agent/${name}`);

async function put(name, text) {
  const written = await post("file/write", { path: `/home/agent/${name}`, file_text: text });
  assert.equal(written.success, true);
}

test("HTML and SVG from a desk are downloaded, not shown", async () => {
  await put("attack.html", attack);
  await put("attack.svg", `<svg xmlns="http://www.w3.org/2000/svg"><script>fetch("/api/v1/sessions",{method:"POST"})</script></svg>`);
  for (const name of ["attack.html", "attack.svg"]) {
    const page = await browser.newPage();
    const waiting = page.waitForEvent("download");
    await page.goto(download(name)).catch((error) => assert.match(String(error), /Download is starting|ERR_ABORTED/));
    assert.equal((await waiting).suggestedFilename(), name);
    assert.equal(page.url(), "about:blank");
    await page.close();
  }
  assert.equal(await total(), 1);
});

test("nor does it run in a frame, as a script, or as a worker of our own page", async () => {
  await put("attack.js", "window.stolen = true; self.stolen = true;");
  const page = await browser.newPage();
  await page.goto(desk.server.url);
  const result = await page.evaluate(async ([html, js]) => {
    const frame = document.createElement("iframe");
    frame.src = html;
    document.body.append(frame);
    const script = document.createElement("script");
    const loaded = new Promise((resolve) => (script.onload = script.onerror = (event) => resolve(event.type)));
    script.src = js;
    document.head.append(script);
    const outcome = await loaded;
    const worker = await navigator.serviceWorker?.register(js).then(() => "registered", () => "refused");
    return { outcome, worker, stolen: window.stolen === true };
  }, [download("attack.html"), download("attack.js")]);
  assert.deepEqual(result, { outcome: "error", worker: "refused", stolen: false });
  await page.close();
  assert.equal(await total(), 1);
});

test("even if a browser showed it, it would be of no origin, and such a page is refused", async () => {
  // What the sandbox makes of it: the same document under an opaque origin, told by `Origin: null`.
  const page = await browser.newPage();
  await page.route(/shown\.html/, (route) => route.fulfill({ contentType: "text/html", headers: { "content-security-policy": "sandbox allow-scripts" }, body: attack }));
  await page.goto(`${desk.server.url}/shown.html`);
  await until("its tries are over", async () => (await page.title()).startsWith("ran"));
  assert.equal(await page.title(), "ran list:blocked make:blocked plain:blocked");
  await page.close();
  assert.equal(await total(), 1);
});

test("a page of another site can neither read nor write, not even by a form or a WebSocket", async () => {
  const stranger = http.createServer((request, response) => response.writeHead(200, { "content-type": "text/html" }).end(attack.replaceAll('"/api', `"${desk.server.url}/api`)));
  stranger.listen(0, "127.0.0.1");
  await once(stranger, "listening");
  try {
    const page = await browser.newPage();
    await page.goto(`http://localhost:${stranger.address().port}/`);
    await until("its tries are over", async () => (await page.title()).startsWith("ran"));
    assert.equal(await page.title(), "ran list:blocked make:blocked plain:blocked");
    const opened = await page.evaluate((url) => new Promise((resolve) => {
      const socket = new WebSocket(url, "binary");
      socket.onopen = () => resolve("open");
      socket.onerror = () => resolve("refused");
    }), desk.server.url.replace("http", "ws") + desk.beside("vnc"));
    assert.equal(opened, "refused");
    await Promise.all([page.waitForNavigation(), page.evaluate(() => document.forms[0].submit())]);
    assert.match(await page.content(), /another (site|origin)/);
    await page.close();
    assert.equal(await total(), 1);
  } finally {
    stranger.closeAllConnections();
    stranger.close();
  }
});
