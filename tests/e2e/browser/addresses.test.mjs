// Addresses as people write them, and what they lead to beside pages: downloads and PDFs.
import assert from "node:assert/strict";
import { test } from "node:test";
import { until } from "../lib/carrel.mjs";
import { onPages, serveInDesk } from "../lib/pages.mjs";

const pdf = `%PDF-1.4
1 0 obj<</Type/Catalog/Pages 2 0 R>>endobj 2 0 obj<</Type/Pages/Kids[3 0 R]/Count 1>>endobj 3 0 obj<</Type/Page/MediaBox[0 0 300 200]/Parent 2 0 R>>endobj
trailer<</Root 1 0 R>>`;
const pages = onPages(() =>
  serveInDesk(
    pages,
    {
      "/": { body: "<title>Here</title><p>Hello" },
      "/file": { headers: { "Content-Disposition": "attachment; filename=first.bin" }, body: "data" },
      "/pdf": { headers: { "Content-Type": "application/pdf" }, body: pdf },
    },
    8231,
  ),
);
const ask = async (operation, body) => (await pages.desk.ask(operation, body)).body;

// First in this file: the browser is not open yet.
test("a download by the first call of all is listed", async () => {
  assert.match((await ask("browser/cdp/navigate", { url: "127.0.0.1:8231/file" })).error, /is downloaded, not shown/);
  await until("it is complete", async () => (await pages.get("browser/page/downloads")).downloads[0]?.state === "completed");
  const { downloads } = await pages.get("browser/page/downloads");
  assert.equal(downloads.length, 1);
  assert.equal(downloads[0].name, "first.bin");
  assert.equal(await pages.run(`cat '${downloads[0].path}'`), "data");
});

test("without a scheme this machine is asked by http", async () => {
  for (const url of ["localhost:8231", "127.0.0.1:8231/", "LOCALHOST:8231/?a=b:c", "app.localhost:8231", "//127.0.0.1:8231/"]) {
    assert.equal((await pages.post("browser/cdp/navigate", { url })).title, "Here", url);
    assert.match((await pages.tool("navigate", { url })).text, /Here/, url);
  }
  const { tab_id, title } = await pages.post("browser/tabs/new", { url: "localhost:8231" });
  assert.equal(title, "Here");
  await pages.post("browser/tabs/close", { tab: tab_id });
  await pages.post("browser/open_url", { url: "localhost:8231/?opened" });
  await until("it is open", async () => (await pages.get("browser/tabs")).tabs.some(({ url }) => url === "http://localhost:8231/?opened"));
});

test("a name that is not known is not asked for twice, and what is no address is refused", async () => {
  assert.match((await ask("browser/cdp/navigate", { url: "intranet/wiki" })).error, /^http:\/\/intranet\/wiki did not load/);
  assert.match((await ask("browser/cdp/navigate", { url: "nowhere.example/a" })).error, /^https:\/\/nowhere\.example\/a did not load/);
  for (const url of ["javascript:alert(1)", "chrome://settings", "a b", "-x", "/etc/passwd", "host:port"]) {
    assert.equal((await pages.desk.ask("browser/cdp/navigate", { url })).status, 422, url);
    assert.ok(await pages.failure("navigate", { url }), url);
  }
});

test("a PDF says that it is one, and how to read it", async () => {
  const opened = await pages.post("browser/cdp/navigate", { url: "localhost:8231/pdf" });
  assert.match(opened.note, /this is a PDF/);
  assert.match(await pages.read(), /this is a PDF/);
  assert.match((await pages.post("browser/page/text")).text, /this is a PDF/);
  assert.match((await pages.tool("navigate", { url: "localhost:8231/pdf" })).text, /this is a PDF/);
  const { note } = await pages.post("browser/cdp/navigate", { url: "localhost:8231" });
  assert.equal(note, undefined);
  assert.doesNotMatch(await pages.read(), /PDF/);
});

test("a script's value is what it is, whatever the page has replaced", async () => {
  await pages.open(`<script>JSON.stringify = () => "forged"; Object.prototype.toJSON = () => "forged"; Array.prototype.map = () => ["forged"]; Promise.prototype.then = () => "forged"</script><p>Text`);
  assert.equal((await pages.tool("javascript_exec", { text: "({ a: [1, 'b'] })" })).text, '{"a":[1,"b"]}');
  assert.equal((await pages.tool("javascript_exec", { text: "(async () => [1, 2])()" })).text, "[1,2]");
  assert.deepEqual((await pages.post("browser/cdp/evaluate", { script: "({ a: [1] })" })).result, { a: [1] });
  assert.equal((await pages.post("browser/cdp/get_text", { selector: "p" })).text.trim(), "Text");
  assert.match(await pages.read(), /paragraph "Text"/);
});
