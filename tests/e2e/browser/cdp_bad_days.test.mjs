// What a page, a browser or a person can do wrong to who drives the browser.
import assert from "node:assert/strict";
import { before, describe, test } from "node:test";
import { browserProcess, onBrowser } from "../lib/browser.mjs";
import { until } from "../lib/carrel.mjs";

const { ask, evaluate, get, open, post, run, serve, wrong } = onBrowser();
const close = async () => {
  await post("browser/close", { screenshot: false });
  await until("the browser has ended", async () => (await run("pgrep -c -x chromium || true")) === "0\n");
};

describe("bad days", () => {
  test("a dialog is told and hangs nothing", async () => {
    await open("<title>d</title><button onclick=\"alert('look'); document.title = 'went on'\">x</button>");
    assert.match((await post("browser/cdp/click_selector", { selector: "button" })).message, /shows a dialog now \(alert: "look"\)/);
    assert.match(await wrong("browser/cdp/evaluate", { script: "1" }), /shows a dialog \(alert: "look"\)/);
    assert.equal((await get("browser/cdp/url")).title, "d");
    assert.equal((await get("browser/tabs")).tabs.length, 1);
    assert.match(await wrong("browser/cdp/evaluate", { script: "1" }), /dialog/);
    assert.equal((await post("browser/tabs/reload")).title, "d");
    assert.match(await wrong("browser/cdp/evaluate", { script: "confirm('sure?')" }), /confirm: "sure\?"/);
    assert.equal((await open("<title>next</title>")).title, "next");
  });

  test("a page that is busy for ever is told, and can be left", async () => {
    await open("<title>busy</title>");
    await evaluate("setTimeout(() => { for (;;); })");
    assert.match(await wrong("browser/cdp/evaluate", { script: "1", timeout_ms: 300 }), /did not end within/);
    assert.equal((await get("browser/cdp/url")).title, "busy");
    assert.equal((await open("<title>left</title>")).title, "left");
  });

  test("a page that crashes is told at once, and can be loaded again", async () => {
    await open("<title>fragile</title>");
    const waiting = ask("POST", "browser/cdp/evaluate", { script: "new Promise(() => {})" });
    await until("the script runs", async () => (await evaluate("1")) === 1);
    await run("for p in $(pgrep -f -- --type=renderer); do kill -9 $p; done");
    const { status, body } = await waiting;
    assert.deepEqual([status, body.code], [503, "page_crashed"]);
    assert.equal((await ask("POST", "browser/cdp/get_text", {})).body.code, "page_crashed");
    assert.equal((await post("browser/tabs/reload")).title, "fragile");
    assert.equal(await evaluate("1"), 1);
  });

  test("a browser that hangs is told in time, and the desk answers on", async () => {
    await open("<title>slow</title>");
    await run(`kill -STOP ${browserProcess}`);
    const { status, body } = await ask("POST", "browser/cdp/evaluate", { script: "1", timeout_ms: 300 });
    assert.deepEqual([status, body.code], [504, "browser_hung"]);
    assert.equal((await get("screen/info")).success, true);
    assert.equal((await ask("GET", "browser/devtools/json/version")).body.code, "browser_hung");
    await run(`kill -CONT ${browserProcess}`);
    await until("it goes on", async () => (await ask("POST", "browser/cdp/evaluate", { script: "1" })).body.result === 1);
  });

  test("a browser that hangs can be closed, and the next one works", async () => {
    await open("<title>hung</title>");
    await run(`kill -STOP ${browserProcess}`);
    await close();
    assert.equal((await ask("GET", "browser/cdp/url")).body.code, "no_browser");
    assert.equal((await open("<title>fresh</title>")).title, "fresh");
  });

  test("a browser that is killed fails what waits, and the next call opens another", async () => {
    await open("<title>short-lived</title>");
    const waiting = ask("POST", "browser/cdp/evaluate", { script: "new Promise(() => {})" });
    await until("the script runs", async () => (await evaluate("1")) === 1);
    await run(`kill -9 ${browserProcess}`);
    const { status, body } = await waiting;
    assert.deepEqual([status, body.code], [503, "browser_gone"]);
    assert.equal((await ask("GET", "browser/cdp/url")).body.code, "no_browser");
    assert.equal((await open("<title>another</title>")).title, "another");
  });

  test("one that was started without its port is told apart", async () => {
    await close();
    await run("(setsid chromium --remote-debugging-port=29333 about:blank >/dev/null 2>&1 &)");
    await until("it has a window", async () => /chromium/i.test((await get("browser/active_window")).window_title));
    const { status, body } = await ask("POST", "browser/cdp/navigate", { url: "about:blank" });
    assert.deepEqual([status, body.code], [409, "no_devtools"]);
    await close();
    assert.equal((await open("<title>back</title>")).title, "back");
  });

  test("one that a person has started is driven like ours", async () => {
    await close();
    await run("(setsid chromium >/dev/null 2>&1 &)");
    await until("it can be driven", async () => (await ask("GET", "browser/cdp/url")).status === 200);
    assert.equal((await open("<title>taken over</title>")).title, "taken over");
  });

  test("what listens on the port and is no browser is told", async () => {
    await close();
    await run("(setsid python3 -m http.server -b 127.0.0.1 29222 >/dev/null 2>&1 &)");
    await until("it listens", async () => (await ask("GET", "browser/cdp/url")).body.code === "bad_browser_answer");
    await run("pkill -f http.server");
    await until("it is gone", async () => (await ask("GET", "browser/cdp/url")).body.code === "no_browser");
  });
});

describe("a page that hangs", () => {
  const fine = "<title>fine</title><p>fine</p>";
  let site;
  before(async () => {
    await open("<title>start</title>");
    site = await serve({ "fine.html": fine, "loop.html": "<title>loop</title><script>for(;;);</script>", "alerts.html": "<title>alerts</title><script>for(;;) alert('more')</script>" }, 8766);
  });
  const go = (name, more = {}) => post("browser/cdp/navigate", { url: site + name, ...more });
  /** On a page of the site, by a script that runs when nothing else does; returns when it runs. */
  const hang = async (name, script) => {
    assert.equal((await go("fine.html")).title, "fine");
    await evaluate(`${script}(() => { document.title = "hangs ${name}"; for (;;); })`);
    await until("it hangs", async () => (await get("browser/tabs")).tabs[0].title === `hangs ${name}`);
  };

  test("is left for another one of the same site, which would come in the same process", async () => {
    await hang("once", "setTimeout");
    assert.equal((await go("fine.html")).title, "fine");
    await hang("again and again", "setInterval");
    assert.equal((await go("fine.html")).title, "fine");
    assert.match(await wrong("browser/cdp/navigate", { url: site + "alerts.html" }), /alert: "more"/);
    assert.equal((await go("fine.html")).title, "fine");
    assert.equal(await evaluate("document.querySelector('p').textContent"), "fine");
  });

  test("is loaded again, and left by the way back", async () => {
    await hang("before it is loaded again", "setTimeout");
    assert.equal((await post("browser/tabs/reload")).title, "fine");
    await go("fine.html?second");
    await evaluate('setTimeout(() => { document.title = "hangs second"; for (;;); })');
    await until("it hangs", async () => (await get("browser/tabs")).tabs[0].title === "hangs second");
    assert.equal((await post("browser/tabs/back")).url, site + "fine.html");
    assert.equal(await evaluate("1"), 1);
  });

  test("is left by the toolset too", async () => {
    await hang("under the toolset", "setInterval");
    const { content, error } = await post("browser/toolset", { name: "navigate", input: { url: site + "fine.html" } });
    assert.match(content[0].text, /fine\.html — fine/, error);
  });

  test("from its start is told with the time that was given, and described by what the browser knows", async () => {
    for (let attempt = 0; attempt < 2; attempt++)
      assert.equal(
        await wrong("browser/cdp/navigate", { url: site + "loop.html", timeout_ms: 8000 }),
        'the page did not reach "load" within 8000 ms; it goes on loading',
      );
    assert.equal((await get("browser/cdp/url")).url, site + "loop.html");
    const { status, body } = await ask("POST", "browser/cdp/get_text", { timeout_ms: 200 });
    assert.deepEqual([status, body.code], [504, "page_busy"]);
    assert.equal((await post("browser/cdp/navigate", { url: site + "fine.html" })).title, "fine");
  });
});
