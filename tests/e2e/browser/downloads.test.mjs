// Downloads that nobody who drives the browser has begun.
import assert from "node:assert/strict";
import { test } from "node:test";
import { until } from "../lib/carrel.mjs";
import { onPages, serveInDesk } from "../lib/pages.mjs";

const pages = onPages(() =>
  serveInDesk(
    pages,
    {
      "/": { body: `<title>Shelf</title><a href="/file" style="position: fixed; inset: 0">Take it</a>` },
      "/file": { headers: { "Content-Disposition": "attachment; filename=taken.bin" }, body: "data" },
    },
    8233,
  ),
);

// No test before it may drive the browser.
test("a download by the mouse is listed though nobody has asked the browser before", async () => {
  await pages.desk.post("browser/open_url", { url: "http://127.0.0.1:8233/" });
  const title = async () => (await pages.get("browser/active_window")).window_title;
  await until("the page is there", async () => /^Shelf/.test(await title()));
  await until("it is downloaded", async () => {
    await pages.desk.post("mouse/click", { button: "left_click", coordinate: { x: 500, y: 400 } });
    return (await pages.run("ls Downloads 2>/dev/null || true")).includes("taken.bin\n");
  });
  const downloads = await until("its end is told", async () => {
    const told = (await pages.get("browser/page/downloads")).downloads;
    return told[0]?.state === "completed" && told;
  });
  const [{ name, url, state, path }] = downloads;
  assert.deepEqual([name, url, state], ["taken.bin", "http://127.0.0.1:8233/file", "completed"]);
  assert.equal(await pages.run(`cat '${path}'`), "data");
});

test("the next browser's are listed, too, and each once", async () => {
  await pages.desk.post("browser/close");
  const count = (await pages.get("browser/page/downloads")).downloads.length;
  await pages.post("browser/cdp/navigate", { url: "http://127.0.0.1:8233/" });
  await pages.tool("left_click", { target: { type: "coordinate", x: 300, y: 300 } });
  const all = await until("it is complete", async () => {
    const { downloads } = await pages.get("browser/page/downloads");
    return downloads.at(-1).state === "completed" && downloads.length > count && downloads;
  });
  assert.equal(all.length, count + 1);
  assert.equal(new Set(all.map(({ id }) => id)).size, all.length);
});
