// browser_toolset_20260801 with several tabs, and when the browser has a bad day.
import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { until } from "../lib/carrel.mjs";
import { home, onSite } from "../lib/toolset_site.mjs";

const pages = onSite();

const at = (x, y) => ({ type: "coordinate", x, y });
const tool = (name, input) => pages.tool(name, input);
const ref = (pattern) => pages.target(pattern);

describe("tabs and the browser's state", () => {
  test("new_tab, list_tabs, switch_tab, close_tab answer the state and nothing else", async () => {
    await tool("navigate", { url: home });
    const before_ = (await pages.call("list_tabs")).content;
    assert.equal(before_.length, 1);
    const { content } = await pages.call("new_tab");
    assert.equal(content.length, 1);
    const [{ tabs, state_changes }] = content;
    const active = tabs.filter(({ active }) => active);
    assert.equal(active.length, 1);
    assert.equal(tabs.length, before_[0].tabs.length + 1);
    assert.deepEqual(state_changes, [{ type: "tab_opened", tab_id: active[0].tab_id }]);
    const first = before_[0].tabs.find(({ active }) => active).tab_id;
    const switched = (await pages.call("switch_tab", { tab_id: first })).content;
    assert.equal(switched.length, 1);
    assert.equal(switched[0].tabs.find(({ active }) => active).tab_id, first);
    assert.equal("state_changes" in switched[0], false);
    const closed = (await pages.call("close_tab", { tab_id: active[0].tab_id })).content;
    assert.equal(
      closed[0].tabs.some(({ tab_id }) => tab_id === active[0].tab_id),
      false,
    );
    for (const name of ["switch_tab", "close_tab"])
      assert.match(await pages.failure(name, { tab_id: "nowhere" }), /no tab nowhere/);
    assert.match(await pages.failure("screenshot", { tab_id: "nowhere" }), /no tab nowhere/);
    assert.match(
      await pages.failure("close_tab"),
      /^invalid input for browser member 'close_tab': tab_id: expected a string$/,
    );
  });

  test("a member acts on the tab that it names", async () => {
    await tool("navigate", { url: home });
    const first = (await tool("list_tabs")).state.tabs.find(({ active }) => active).tab_id;
    await tool("new_tab");
    assert.match((await tool("read_page", { tab_id: first })).text, /heading "Home"/);
    const { state } = await tool("left_click", { target: at(400, 400), tab_id: first });
    assert.equal(state.tabs.find(({ active }) => active).tab_id, first);
  });

  test("a popup is told, a download is told with its end", async () => {
    await tool("navigate", { url: home });
    const popped = await tool("left_click", { target: await ref(/"Popup"/) });
    let changes = popped.state.state_changes;
    for (let i = 0; i < 100 && !changes; ++i) changes = (await tool("wait", { duration: 0.1 })).state.state_changes;
    assert.ok(changes, "the popup is told");
    assert.equal(changes[0].type, "tab_opened");
    const { tabs } = (await tool("list_tabs")).state;
    assert.ok(tabs.some(({ tab_id }) => tab_id === changes[0].tab_id));
    await tool("close_tab", { tab_id: changes[0].tab_id });
    await tool("navigate", { url: home });
    const told = [];
    told.push(...((await tool("left_click", { target: await ref(/"File"/) })).state.state_changes ?? []));
    for (let i = 0; i < 50 && !told.some(({ type }) => type === "download_completed"); ++i)
      told.push(...((await tool("wait", { duration: 0.1 })).state.state_changes ?? []));
    const end = told.at(-1);
    assert.deepEqual(
      { ...end, download_id: "x" },
      {
        type: "download_completed",
        download_id: "x",
        url: `${home}/file`,
        size_bytes: 5,
        path: "/home/agent/Downloads/f.bin",
      },
    );
    assert.ok(told.every(({ download_id }) => download_id === end.download_id));
    assert.match((await tool("navigate", { url: `${home}/file` })).text, /is a download/);
  });

  describe("a popup that greets with an alert", () => {
    const dismissed = 'An alert dialog "hi" was dismissed.';
    const greeted = async () => (await pages.get("browser/tabs")).tabs.find(({ title }) => title === "Greeted");
    const greeting = async () => (await pages.get("browser/tabs")).tabs.find(({ url }) => url === `${home}/greeting`);
    const closeGreeted = async () => pages.post("browser/tabs/close", { tab: (await until("it goes on", greeted)).tab_id });

    test("is told, and holds up neither the click that opens it nor what comes after", async () => {
      await tool("navigate", { url: `${home}/asking` });
      const opener = (await tool("list_tabs")).state.tabs.find(({ active }) => active).tab_id;
      const begin = Date.now();
      const told = (await tool("left_click", { target: await ref(/"Go"/), tab_id: opener })).texts;
      while (!told.includes(dismissed) && Date.now() - begin < 8000)
        told.push(...(await tool("find", { query: "Go", tab_id: opener })).texts);
      assert.ok(told.includes(dismissed), told.join(" "));
      assert.ok(Date.now() - begin < 8000, "nothing waits for the limit of a call");
      await closeGreeted();
    });

    test("is dismissed by the next call when it comes between two", async () => {
      await tool("navigate", { url: `${home}/asking` });
      const opener = (await tool("list_tabs")).state.tabs.find(({ active }) => active).tab_id;
      await tool("javascript_exec", { text: "setTimeout(() => window.open('/greeting'), 300); 1" });
      const tab = (await until("it is open", greeting)).tab_id;
      await until("it asks", async () => (await pages.post("browser/page/dialog", { action: "look", tab })).dialog);
      assert.ok((await tool("find", { query: "Go", tab_id: opener })).texts.includes(dismissed));
      await closeGreeted();
    });

    test("is found and answered by page/dialog after a click that waits for nothing", async () => {
      await tool("navigate", { url: `${home}/asking` });
      await pages.post("browser/page/click", { ref: await pages.ref(/"Go"/), observe: "none" });
      const tab = (await until("it is open", greeting)).tab_id;
      const dialog = (action) => pages.post("browser/page/dialog", { action, tab });
      await until("it asks", async () => (await dialog("look")).dialog?.message === "hi");
      await dialog("accept");
      await closeGreeted();
    });
  });

  test("a tab that asks whether to leave is closed all the same", async () => {
    await tool("new_tab");
    await tool("navigate", { url: `${home}/leave` });
    await tool("left_click", { target: at(20, 20) });
    const tab = (await tool("list_tabs")).state.tabs.find(({ active }) => active).tab_id;
    const { state } = await tool("close_tab", { tab_id: tab });
    assert.ok(!state.tabs.some(({ tab_id }) => tab_id === tab));
  });

  test("members that are off or unknown are refused in the vendor's words", async () => {
    for (const name of ["file_upload", "read_console", "read_network", "javascript_exec"])
      assert.equal(
        await pages.failure(name, {}, {}),
        `The '${name}' action is not permitted by this application's permissions and cannot be used in this session.`,
      );
    assert.match(
      await pages.failure("navigate", { url: home }, { navigate: { enabled: false } }),
      /^The 'navigate' action is not permitted/,
    );
    for (const name of ["constructor", "hover_over", ""])
      assert.equal(await pages.failure(name), `Error: unknown browser toolset member '${name}'`);
    assert.equal((await pages.refused("browser/toolset", { input: {} })).status, 422);
    assert.equal((await pages.refused("browser/toolset", { name: "wait", input: [] })).status, 422);
  });
});

describe("a bad day", () => {
  test("a browser that hangs is an error within its time, and nothing is lost when it goes on", async () => {
    await tool("navigate", { url: home });
    const [{ tabs }] = (await pages.call("list_tabs")).content;
    await pages.run("pkill -STOP chromium");
    try {
      assert.match(await pages.failure("read_page"), /did not answer/);
    } finally {
      await pages.run("pkill -CONT chromium");
    }
    const [state] = (await pages.call("list_tabs")).content;
    assert.deepEqual(state, { type: "browser_state", tabs });
    assert.match((await tool("read_page")).text, /heading "Home"/);
  });

  test("a browser that is killed is started again by the next call", async () => {
    await tool("navigate", { url: home });
    await tool("javascript_exec", { text: "onkeydown = () => { document.title = 'held' }; 1" });
    const waiting = pages.call("hold_key", { text: "a", duration: 30 });
    await until("the key is down", async () => (await pages.get("browser/tabs")).tabs.some(({ title }) => title === "held"));
    await pages.run("pkill -KILL chromium");
    assert.equal((await waiting).is_error, true);
    assert.deepEqual((await pages.call("list_tabs")).content, [{ type: "browser_state", tabs: [] }]);
    assert.match((await tool("navigate", { url: home })).text, /Home/);
  });

  test("calls that come together are carried out one after another", async () => {
    await pages.open(`<input aria-label=Field>`);
    await tool("left_click", { target: await ref(/"Field"/) });
    await Promise.all(["a", "b", "c", "d"].map((text) => tool("type", { text: text.repeat(50) })));
    assert.match(
      await pages.evaluate("document.querySelector('input').value"),
      /^(a{50}|b{50}|c{50}|d{50}){4}$/,
    );
  });

  test("a page that closes itself, or is navigated by a click, is answered", async () => {
    await tool("navigate", { url: home });
    await tool("javascript_exec", { text: "window.open('/popup'); 1" });
    const tabs = async () => (await tool("list_tabs")).state.tabs;
    const popup = await until("the popup is there", async () =>
      (await tabs()).find(({ title }) => title === "Popup"),
    );
    await tool("javascript_exec", {
      text: "document.body.innerHTML = '<button onclick=window.close()>Close</button>'; 1",
      tab_id: popup.tab_id,
    });
    await tool("left_click", { target: at(20, 20), tab_id: popup.tab_id });
    await until(
      "the popup is gone",
      async () => !(await tabs()).some(({ tab_id }) => tab_id === popup.tab_id),
    );
    await tool("navigate", { url: home });
    const clicked = await tool("left_click", { target: await ref(/"Second"/) });
    assert.match(clicked.state.tabs.find(({ active }) => active).url, /second$/);
  });
});
