// The browser as programs drive it, on a real one: opening it, pages, reading, scripts.
import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { browserProcess, page, onBrowser } from "../lib/browser.mjs";
import { until } from "../lib/carrel.mjs";

const { ask, evaluate, get, open, post, run, wrong } = onBrowser();

describe("before a browser is open", () => {
  test("reading says how to open one", async () => {
    for (const [method, operation] of [["GET", "browser/cdp/url"], ["GET", "browser/cdp/html"], ["GET", "browser/tabs"], ["POST", "browser/cdp/get_text"]]) {
      const { status, body } = await ask(method, operation, method === "POST" ? {} : undefined);
      assert.equal(status, 503);
      assert.equal(body.code, "no_browser");
      assert.match(body.detail, /open_url/);
    }
  });

  test("navigating opens one, and pages do not see that it is driven", async () => {
    const { url, title } = await open("<title>Hello</title>");
    assert.equal(url, page("<title>Hello</title>"));
    assert.equal(title, "Hello");
    assert.equal(await evaluate("navigator.webdriver"), false);
  });

  test("it has its own sandbox and profile", async () => {
    const words = await run(`tr '\\0' ' ' </proc/${browserProcess}/cmdline`);
    assert.doesNotMatch(words, /no-sandbox/);
    const renderer = await run("for p in $(pgrep -f -- --type=renderer); do grep Seccomp: /proc/$p/status; done | sort -u");
    assert.match(renderer, /Seccomp:\s+2/);
    assert.match(await run("ls -d ~/.config/chromium"), /chromium/);
  });
});

describe("navigating", () => {
  test("waits for what is asked for and tells the address and title", async () => {
    await post("file/write", { path: "/home/agent/one.html", file_text: "<title>One</title><a href=two.html>two</a>" });
    await post("file/write", { path: "/home/agent/two.html", file_text: "<title>Two</title>" });
    for (const wait_until of ["commit", "domcontentloaded", "load", "networkidle"])
      assert.match((await post("browser/cdp/navigate", { url: "file:///home/agent/one.html", wait_until })).url, /one\.html$/);
    assert.equal((await post("browser/cdp/navigate", { url: "file:///home/agent/one.html#part" })).title, "One");
    await post("browser/cdp/click_selector", { selector: "a" });
    await until("the link has led there", async () => (await get("browser/cdp/url")).title === "Two");
  });

  test("goes back, forward, loads again and stops; says when there is nowhere to go", async () => {
    const { tab_id: tab } = await post("browser/tabs/new");
    await post("browser/cdp/navigate", { url: page("<title>1</title>"), tab });
    await post("browser/cdp/navigate", { url: page("<title>2</title>"), tab });
    assert.equal((await post("browser/tabs/back", { tab })).title, "1");
    assert.equal((await post("browser/tabs/forward", { tab })).title, "2");
    assert.match(await wrong("browser/tabs/forward", { tab }), /no page after/);
    await evaluate("window.mark = 1", { tab });
    assert.equal((await post("browser/tabs/reload", { tab })).title, "2");
    assert.equal(await evaluate("typeof mark", { tab }), "undefined");
    assert.equal((await post("browser/tabs/stop", { tab })).tab_id, tab);
    await post("browser/tabs/close", { tab });
  });

  test("says why a page does not come", async () => {
    assert.match(await wrong("browser/cdp/navigate", { url: "file:///nowhere.html" }), /ERR_FILE_NOT_FOUND/);
    assert.match(await wrong("browser/cdp/navigate", { url: "http://127.0.0.1:1/" }), /ERR_/);
    assert.match(await wrong("browser/cdp/navigate", { url: "http://no.such.host.example/" }), /ERR_/);
    for (const url of ["javascript:alert(1)", "chrome://settings", "non sense", "http://a b/", ""])
      assert.equal((await ask("POST", "browser/cdp/navigate", { url })).status, 422, url);
  });

  test("a page that never ends loading is told at the time given, and can be left", async () => {
    const why = await wrong("browser/cdp/navigate", { url: page("<script>for(;;);</script>"), timeout_ms: 6000 });
    assert.match(why, /did not reach "load"/);
    assert.equal((await open("<title>left</title>")).title, "left");
  });
});

describe("reading", () => {
  test("a page's text, an element's, and the document", async () => {
    await open("<!doctype html><title>t</title><h1>Head</h1><p id=p>One <b>two</b></p><p hidden>secret</p><input type=password value=pw><my-box></my-box><script>document.querySelector('my-box').attachShadow({mode:'open'}).innerHTML='<i class=in>shadow</i>'</script>");
    assert.match((await post("browser/cdp/get_text")).text, /^Head\n+One two/);
    assert.doesNotMatch((await post("browser/cdp/get_text")).text, /secret|pw/);
    assert.equal((await post("browser/cdp/get_text", { selector: "#p" })).text, "One two");
    assert.equal((await post("browser/cdp/get_text", { selector: "i.in" })).text, "shadow");
    assert.equal((await post("browser/cdp/get_text", { selector: "[type=password]" })).text, "");
    const { html, is_truncated, total_chars } = await get("browser/cdp/html");
    assert.match(html, /^<!DOCTYPE html>\n<html>/i);
    assert.equal(is_truncated, false);
    assert.equal(total_chars, html.length);
    const part = await post("browser/cdp/get_text", { max_chars: 4 });
    assert.deepEqual([part.text, part.is_truncated], ["Head", true]);
  });

  test("of a hundred megabytes as much as is asked for", async () => {
    await open("<title>large</title>");
    await evaluate("for (let i = 0; i < 100; i++) document.body.append(document.createComment('x'.repeat(1e6)))");
    const { html, is_truncated, total_chars } = await get("browser/cdp/html?max_chars=1000");
    assert.equal(html.length, 1000);
    assert.equal(is_truncated, true);
    assert.ok(total_chars > 1e8);
    assert.match(await wrong("browser/cdp/evaluate", { script: "'y'.repeat(7e7)", timeout_ms: 60_000 }), /too large/);
    assert.equal(await evaluate("1 + 1"), 2);
    await open("<title>small</title>");
  });
});

describe("scripts", () => {
  test("answer their values as JSON", async () => {
    await open("<title>t</title><body>");
    const cases = [
      ["1 + 1", 2], ["'text'", "text"], ["null", null], ["undefined", null], ["({a: [1, {b: 2}]})", { a: [1, { b: 2 }] }],
      ["[1, 'two']", [1, "two"]], ["NaN", "NaN"], ["-Infinity", "-Infinity"], ["12n", "12n"], ["'\\ud800'", "\ufffd"],
      ["return 5", 5], ["() => 6", 6], ["async () => 7", 7], ["function () { return 8 }", 8], ["await Promise.resolve(9)", 9],
      ["new Promise((r) => setTimeout(() => r({ late: true }), 10))", { late: true }],
      ["const x = 1; x + 1", 2], ["const x = 2; x + 1", 3], ["const r = await 3; return r", 3], ["document.title", "t"],
      ["'ü😀'.length", 3], ["// nothing", null],
    ];
    for (const [script, value] of cases) assert.deepEqual(await evaluate(script), value, script);
  });

  test("fail with what a console would say", async () => {
    assert.match(await wrong("browser/cdp/evaluate", { script: "throw new Error('on purpose')" }), /^Error: on purpose\n\s+at/);
    assert.match(await wrong("browser/cdp/evaluate", { script: "nowhere.x" }), /ReferenceError: nowhere is not defined/);
    assert.match(await wrong("browser/cdp/evaluate", { script: "a b" }), /SyntaxError/);
    assert.match(await wrong("browser/cdp/evaluate", { script: "Promise.reject(new TypeError('no'))" }), /TypeError: no/);
    assert.match(await wrong("browser/cdp/evaluate", { script: "throw 'bare'" }), /bare/);
    assert.match(await wrong("browser/cdp/evaluate", { script: "window" }), /no plain data/);
  });

  test("that do not end are ended", async () => {
    assert.match(await wrong("browser/cdp/evaluate", { script: "for(;;);", timeout_ms: 200 }), /did not end within 200 ms/);
    assert.match(await wrong("browser/cdp/evaluate", { script: "new Promise(() => {})", timeout_ms: 200 }), /did not end within 200 ms/);
    assert.equal(await evaluate("1"), 1);
  });

  test("run in frames, by name or address", async () => {
    await post("file/write", { path: "/home/agent/inner.html", file_text: "<title>inner</title><script>var secret = 'of the frame'</script>" });
    await post("file/write", { path: "/home/agent/outer.html", file_text: "<title>outer</title><iframe name=first src=inner.html></iframe><iframe src='data:text/html,<script>var secret=4</script>'></iframe>" });
    await post("browser/cdp/navigate", { url: "file:///home/agent/outer.html" });
    assert.equal(await evaluate("secret", { frame: "first" }), "of the frame");
    assert.equal(await evaluate("return secret + '!'", { frame: "inner.html" }), "of the frame!");
    assert.equal(await evaluate("secret", { frame: "data:text" }), 4);
    assert.match(await wrong("browser/cdp/evaluate", { script: "1", frame: "none" }), /no frame "none"/);
  });

  test("run in frames of other sites too, which other processes draw, and in frames within these", async () => {
    await post("file/write", { path: "/home/agent/site/top.html", file_text: "<title>top</title><iframe name=remote src=http://localhost:8765/inner.html></iframe>" });
    await post("file/write", { path: "/home/agent/site/inner.html", file_text: "<script>var secret = 'remote'</script><iframe src=http://127.0.0.1:8765/deep.html></iframe>" });
    await post("file/write", { path: "/home/agent/site/deep.html", file_text: "<script>var secret = 'deep'</script>" });
    await run("(setsid python3 -m http.server -b 127.0.0.1 -d /home/agent/site 8765 >/dev/null 2>&1 &)");
    await until("the site is served", async () => (await ask("POST", "browser/cdp/navigate", { url: "http://127.0.0.1:8765/top.html" })).body.success);
    assert.equal(await evaluate("secret", { frame: "remote" }), "remote");
    assert.equal(await evaluate("secret", { frame: "deep.html" }), "deep");
  });

  test("many at once are each answered", async () => {
    await open("<title>t</title>");
    const all = await Promise.all(Array.from({ length: 50 }, (_, i) => evaluate(`${i} * 2`)));
    assert.deepEqual(all, Array.from({ length: 50 }, (_, i) => i * 2));
  });
});
