// Dialogs, downloads and logs of pages, as a model meets them; and pages that have a bad day.
import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { until } from "../lib/carrel.mjs";
import { onPages, serveInDesk } from "../lib/pages.mjs";

const pages = onPages();

describe("dialogs", () => {
  test("are told by the click that opens them, hold nothing up, and are answered", async () => {
    await pages.open(
      `<button onclick="document.title = 'said ' + prompt('Your name?', 'nobody')">Ask</button><button onclick="document.title = confirm('Sure?')">Confirm</button>`,
    );
    const [ask, confirm] = [await pages.ref(/"Ask"/), await pages.ref(/"Confirm"/)];
    const clicked = await pages.post("browser/page/click", { ref: ask });
    assert.deepEqual(clicked.dialog, { type: "prompt", message: "Your name?" });
    const waiting = await pages.refused("browser/page/read", {});
    assert.equal(waiting.code, "dialog_open");
    assert.match(waiting.detail, /Your name\?/);
    const looked = await pages.post("browser/page/dialog", {});
    assert.deepEqual(looked.dialog, { type: "prompt", message: "Your name?" });
    await pages.post("browser/page/dialog", { action: "accept", text: "Ada" });
    await until("the page goes on", async () => (await pages.post("browser/page/text")).title === "said Ada");
    await pages.post("browser/page/click", { ref: confirm });
    const { dialogs } = await pages.post("browser/page/dialog", { action: "dismiss" });
    await until("the page goes on", async () => (await pages.post("browser/page/text")).title === "false");
    assert.deepEqual(
      dialogs.map(({ type }) => type),
      ["prompt", "confirm"],
    );
    assert.equal((await pages.refused("browser/page/dialog", { action: "accept" })).code, "no_dialog");
    const last = (await pages.post("browser/page/dialog")).dialogs;
    assert.deepEqual(
      last.map(({ open, accepted, text }) => [open, accepted, text]),
      [
        [false, true, "Ada"],
        [false, false, ""],
      ],
    );
  });

  test("that a page opens without end do not keep it", async () => {
    await pages.open(
      `<button onclick="for (let i = 0; i < 30; ++i) alert('again ' + i); this.textContent = 'Done'">Nag</button>`,
    );
    const { texts } = await pages.tool("left_click", { target: await pages.target(/"Nag"/) });
    assert.match(
      texts.join("\n"),
      /An alert dialog "again 0" was dismissed\.[^]*more dialogs were dismissed/,
    );
    assert.match(await pages.read(), /"Done"/);
  });
});

describe("what a page does", () => {
  test("downloads go to ~/Downloads and are listed", async () => {
    await serveInDesk(
      pages,
      {
        "/": { body: `<a href="/file">Get</a>` },
        "/file": {
          headers: {
            "Content-Type": "application/octet-stream",
            "Content-Disposition": 'attachment; filename="report.txt"',
          },
          body: "forty-two",
        },
      },
      8141,
    );
    await pages.tool("navigate", { url: "http://127.0.0.1:8141/" });
    const completed = () =>
      until("downloads end", async () => {
        const { downloads } = await pages.get("browser/page/downloads");
        return downloads.length > 0 && downloads.every(({ state }) => state === "completed") && downloads;
      });
    const ref = await pages.ref(/"Get"/);
    await pages.post("browser/page/click", { ref });
    const [first] = await completed();
    assert.deepEqual(
      [first.name, first.path, first.received],
      ["report.txt", "/home/agent/Downloads/report.txt", 9],
    );
    assert.equal(await pages.run("cat ~/Downloads/report.txt"), "forty-two");
    await pages.post("browser/page/click", { ref });
    await until(
      "a second download",
      async () => (await pages.get("browser/page/downloads")).downloads.length === 2,
    );
    const [, second] = await completed();
    assert.notEqual(second.path, first.path);
  });

  test("its console is kept, with exceptions, in bounds, and is searched", async () => {
    await pages.get("browser/page/console?clear=true");
    await pages.open(
      `<script>console.log("first", 1, {a: 2}); console.warn("careful"); console.error("broken\\nbadly"); setTimeout(() => { throw new TypeError("uncaught one") }); </script>`,
    );
    const read = async (query = "") => (await pages.get(`browser/page/console?${query}`)).entries;
    const entries = await until("the exception is there", async () => {
      const all = await read();
      return all.some(({ text }) => text.includes("uncaught one")) && all;
    });
    assert.deepEqual(entries.map(({ level }) => level).sort(), ["error", "error", "log", "warning"]);
    assert.match(entries.find(({ level }) => level === "log").text, /^first 1/);
    assert.ok(entries.every(({ url, line }) => url.endsWith("page.html") && line > 0));
    assert.equal((await read("errors_only=true")).length, 2);
    assert.deepEqual(
      (await read("pattern=CAREFUL")).map(({ text }) => text),
      ["careful"],
    );
    assert.equal((await read("limit=1"))[0].number, entries.at(-1).number);
    await pages.evaluate(`(() => { for (let i = 0; i < 5000; ++i) console.log("flood " + i); return 1 })()`);
    const flood = await until("the flood is over", async () => {
      const all = await read("limit=1000");
      return all.at(-1)?.text === "flood 4999" && all;
    });
    assert.equal(flood.length, 1000);
    await read("clear=true");
    assert.deepEqual(await read(), []);
  });

  test("its requests are kept with status, type, size and time, and nothing secret", async () => {
    const home = await serveInDesk(
      pages,
      {
        "/": {
          body: `<script>fetch("/data", { headers: { Authorization: "Bearer topsecret" } }).then(() => fetch("/missing")).then(() => fetch("http://127.0.0.1:8199/").catch(() => document.title = "done"))</script>`,
        },
        "/data": { headers: { "Content-Type": "application/json" }, body: "{}" },
        "/go": { status: 302, headers: { Location: "/" } },
      },
      8151,
    );
    await pages.get("browser/page/network?clear=true");
    await pages.tool("navigate", { url: `${home}/go` });
    const read = async (query = "") => (await pages.get(`browser/page/network?${query}`)).entries;
    const entries = await until("all requests have ended", async () => {
      const all = await read();
      return all.filter(({ type, ended }) => type === "fetch" && ended).length === 3 && all;
    });
    const of = (end) => entries.find(({ url }) => url.endsWith(end));
    assert.deepEqual(
      [of("/go").status, of("8151/").status, of("/data").status, of("/missing").status],
      [302, 200, 200, 404],
    );
    assert.equal(of("/data").media_type, "application/json");
    assert.equal(of("8151/").type, "document");
    assert.ok(of("/data").bytes > 0 && of("/data").milliseconds >= 0);
    assert.match(of("8199/").failure, /net::ERR/);
    assert.doesNotMatch(JSON.stringify(entries), /topsecret/);
    const errors = (await read("errors_only=true"))
      .map(({ url }) => url)
      .filter((url) => !url.endsWith("favicon.ico"));
    assert.deepEqual(
      errors.map((url) => url.slice(url.indexOf(":", 5))),
      [":8151/missing", ":8199/"],
    );
  });
});

describe("a bad day", () => {
  test("a page that runs for ever is an error, and the next page works", async () => {
    await pages.open(`<button>Before</button>`);
    await pages.post("browser/page/read", {});
    await pages.post("browser/page/click", { coordinate: { x: 300, y: 300 } });
    const { tabs } = (await pages.tool("list_tabs")).state;
    await pages.tool("javascript_exec", { text: "setTimeout(() => { for (;;); }); 1" });
    const tab = tabs.find(({ active }) => active).tab_id;
    const stuck = await until("the page is stuck", async () => {
      const answer = await pages.desk.ask("browser/page/read", { tab });
      return answer.status !== 200 && answer.body;
    });
    assert.ok(["page_busy", "cdp_timeout"].includes(stuck.code), JSON.stringify(stuck));
    await pages.tool("new_tab");
    await pages.tool("navigate", { url: "data:text/html,<button>Alive</button>" });
    assert.match(await pages.read(), /"Alive"/);
    await pages.tool("close_tab", { tab_id: tab });
  });

  test("without a browser every call says so", async () => {
    const { downloads } = await pages.get("browser/page/downloads");
    await pages.post("browser/close", { screenshot: false });
    // Its windows are gone before it has ended.
    await until(
      "the browser has ended",
      async () => (await pages.refused("browser/page/read")).code === "no_browser",
    );
    for (const [operation, body] of [
      ["read", {}],
      ["text", {}],
      ["find", { query: "x" }],
      ["click", { ref: "ref_1" }],
      ["form_input", { ref: "ref_1", value: "x" }],
      ["dialog", {}],
    ]) {
      const { status, code } = await pages.refused(`browser/page/${operation}`, body);
      assert.deepEqual([status, code], [503, "no_browser"], operation);
    }
    assert.deepEqual((await pages.get("browser/page/downloads")).downloads, downloads);
  });
});
