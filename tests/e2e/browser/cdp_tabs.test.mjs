// Tabs and windows of a real browser.
import assert from "node:assert/strict";
import { afterEach, describe, test } from "node:test";
import { page, onBrowser } from "../lib/browser.mjs";
import { until } from "../lib/carrel.mjs";

const { ask, evaluate, get, open, post } = onBrowser();

describe("tabs", () => {
  afterEach(async () => {
    const { tabs } = await get("browser/tabs");
    for (const { tab_id: tab } of tabs.slice(1)) await post("browser/tabs/close", { tab });
  });

  test("are opened, listed, told apart, brought to the front and closed", async () => {
    await open("<title>first</title>");
    const [{ tab_id: first }] = (await get("browser/tabs")).tabs;
    const { tab_id: second, title } = await post("browser/tabs/new", { url: page("<title>second</title>") });
    assert.equal(title, "second");
    let { tabs } = await get("browser/tabs");
    assert.deepEqual(tabs.map((tab) => [tab.tab_id, tab.title, tab.is_active]), [[first, "first", false], [second, "second", true]]);
    assert.equal((await get("browser/cdp/url")).title, "second");
    assert.equal((await get(`browser/cdp/url?tab=${first}`)).title, "first");
    assert.equal((await post("browser/tabs/switch", { tab: first })).title, "first");
    assert.equal((await get("browser/cdp/url")).title, "first");
    await until("the window shows it", async () => (await get("browser/active_window")).window_title.startsWith("first"));
    assert.equal(await evaluate("document.title", { tab: second }), "second");
    await post("browser/tabs/close", { tab: second });
    ({ tabs } = await get("browser/tabs"));
    assert.deepEqual(tabs.map((tab) => tab.tab_id), [first]);
    const gone = await ask("POST", "browser/cdp/evaluate", { script: "1", tab: second });
    assert.deepEqual([gone.status, gone.body.code], [404, "no_such_tab"]);
  });

  test("that people open are seen too, and the one that they look at is the active one", async () => {
    await open("<title>first</title>");
    await post("file/write", { path: "/home/agent/person.html", file_text: "<title>by a person</title>" });
    await post("browser/open_url", { url: "file:///home/agent/person.html", screenshot: false });
    await until("the new one is active", async () => (await get("browser/cdp/url")).title === "by a person");
    await post("keyboard/key", { key: "ctrl+1", screenshot: false });
    await until("the first is active", async () => (await get("browser/cdp/url")).title === "first");
  });

  test("in windows of their own: the window that has the keyboard decides", async () => {
    await open("<title>first</title>");
    await post("browser/tabs/new", { url: page("<title>apart</title>"), new_window: true });
    assert.equal((await get("browser/cdp/url")).title, "apart");
    const first = await until("its window has its name", async () =>
      (await get("window/list")).windows.find(({ title }) => title.startsWith("first")),
    );
    await post("window/focus", { window_id: first.window_id, screenshot: false });
    await until("the first is active", async () => (await get("browser/cdp/url")).title === "first");
  });

  test("clicks work in one that is not in front: it is brought there", async () => {
    const { tab_id: tab } = await post("browser/tabs/new", { url: page("<title>x</title><button onclick='document.title=1'>x</button>") });
    await post("browser/tabs/new");
    await post("browser/cdp/click_selector", { selector: "button", tab });
    assert.equal((await get(`browser/cdp/url?tab=${tab}`)).title, "1");
    assert.equal((await get("browser/tabs")).tabs.find((one) => one.tab_id === tab).is_active, true);
  });
});
