// The browser as programs drive it, on a real one: pages, fields, scripts, tabs; and what a page, a browser or a
// client can do wrong.
import assert from "node:assert/strict";
import { after, afterEach, before, describe, test } from "node:test";
import { Server, until } from "./lib/carrel.mjs";

let server;
let session;
before(async () => {
  server = await Server.start();
  session = await server.createSession({ provider: "scripted", network: "none", width: 1024, height: 768 });
});
after(() => server?.end());

const at = (operation) => `/api/v1/sessions/${session.id}/desk/${operation}`;
const ask = (method, operation, body) => server.request(method, at(operation), { body });
/** The answer of a call that works. */
async function post(operation, body = {}) {
  const { status, body: answer } = await ask("POST", operation, body);
  assert.equal(status, 200, `${operation}: ${JSON.stringify(answer)}`);
  assert.equal(answer.success, true, `${operation}: ${answer.error}`);
  return answer;
}
/** The sentence of a call that does not. */
async function wrong(operation, body = {}) {
  const { status, body: answer } = await ask("POST", operation, body);
  assert.equal(status, 200, `${operation}: ${JSON.stringify(answer)}`);
  assert.equal(answer.success, false, JSON.stringify(answer));
  return answer.error;
}
const get = (operation) => server.json("GET", at(operation));
const evaluate = async (script, more = {}) => (await post("browser/cdp/evaluate", { script, ...more })).result;
const run = async (command) => (await server.json("POST", at("terminal/execute"), { command })).output;
const page = (html) => `data:text/html;charset=utf-8,${encodeURIComponent(html)}`;
const open = (html, more = {}) => post("browser/cdp/navigate", { url: page(html), ...more });
const browserProcess = "$(pgrep -o -x chromium)";

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
    for (const url of ["javascript:alert(1)", "chrome://settings", "nonsense", "http://a b/", ""])
      assert.equal((await ask("POST", "browser/cdp/navigate", { url })).status, 422, url);
  });

  test("a page that never ends loading is told at the time given, and can be left", async () => {
    const why = await wrong("browser/cdp/navigate", { url: page("<script>for(;;);</script>"), timeout_ms: 700 });
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

describe("elements", () => {
  const recorder = `<title>[]</title><script>
    const seen = []; const note = (x) => { seen.push(x); document.title = JSON.stringify(seen); };
    for (const name of ["mousedown", "mouseup", "click", "mouseover"]) addEventListener(name, (e) => e.isTrusted && note(name + ":" + e.target.id));
  </script>`;
  const seen = () => evaluate("JSON.parse(document.title)");

  test("are clicked with real events, wherever they lie", async () => {
    await open(recorder + "<div style='height:3000px'></div><button id=far>far</button><div style='height:3000px'></div>");
    const { message } = await post("browser/cdp/click_selector", { selector: "#far" });
    assert.equal(message, 'Clicked "#far".');
    const events = await seen();
    assert.deepEqual(events.filter((one) => one.endsWith(":far")), ["mouseover:far", "mousedown:far", "mouseup:far", "click:far"]);
  });

  test("are waited for: late, hidden, disabled, covered, moving", async () => {
    await open(`${recorder}<div id=place></div><script>
      setTimeout(() => { place.innerHTML = "<button id=late disabled hidden>late</button><div id=over style='position:fixed;inset:0'></div>"; }, 50);
      setTimeout(() => { late.hidden = false; }, 100);
      setTimeout(() => { late.disabled = false; }, 150);
      setTimeout(() => { over.remove(); }, 200);
    </script>`);
    await post("browser/cdp/click_selector", { selector: "#late" });
    assert.ok((await seen()).includes("click:late"));
  });

  test("that cannot be clicked are told with the reason", async () => {
    await open(`<button id=hidden hidden>x</button><button id=off disabled>x</button><button id=under>x</button>
      <div class="veil dark" id=veil style="position:fixed;inset:0"></div>`);
    const why = (selector) => wrong("browser/cdp/click_selector", { selector, timeout_ms: 150 });
    assert.match(await why("#none"), /"#none": no element is there/);
    assert.match(await why("#hidden"), /<button#hidden> cannot be seen/);
    assert.match(await why("#off"), /<button#off> is disabled/);
    assert.match(await why("#under"), /<button#under> is covered by <div#veil\.veil\.dark>/);
    assert.match(await why("##"), /no CSS selector/);
    assert.equal((await ask("POST", "browser/cdp/click_selector", { selector: "" })).status, 422);
    assert.equal((await ask("POST", "browser/cdp/click_selector", { selectr: "a" })).status, 422);
  });

  test("are hovered", async () => {
    await open(`${recorder}<style>#menu{display:none} #bar:hover #menu{display:block}</style><div id=bar>bar<p id=menu>menu</p></div>`);
    await post("browser/cdp/hover", { selector: "#bar" });
    await post("browser/cdp/wait_for_selector", { selector: "#menu", timeout_ms: 5000 });
  });

  test("are waited for in each state", async () => {
    await open("<p id=a>a</p><p id=b hidden>b</p>");
    const wait = (selector, state) => post("browser/cdp/wait_for_selector", { selector, state });
    await wait("#a", "visible");
    await wait("#b", "attached");
    await wait("#b", "hidden");
    await wait("#c", "hidden");
    await wait("#c", "detached");
    await evaluate("setTimeout(() => { document.querySelector('#b').hidden = false; document.querySelector('#a').remove(); }, 50)");
    await Promise.all([wait("#b", "visible"), wait("#a", "detached")]);
    const why = (selector, state) => wrong("browser/cdp/wait_for_selector", { selector, state, timeout_ms: 100 });
    assert.match(await why("#b", "hidden"), /can still be seen/);
    assert.match(await why("#b", "detached"), /still there/);
    assert.match(await why("#a", "visible"), /no element/);
    assert.equal((await ask("POST", "browser/cdp/wait_for_selector", { selector: "a", state: "gone" })).status, 422);
  });

  test("scroll, and tell how far they are", async () => {
    await open("<div id=box style='height:100px;overflow:auto'><div id=in style='height:1000px'></div></div><div style='height:5000px'></div>");
    assert.equal((await post("browser/cdp/scroll", { amount: 300 })).y, 300);
    assert.equal((await post("browser/cdp/scroll", { direction: "up", amount: 100 })).y, 200);
    assert.equal((await post("browser/cdp/scroll", { selector: "#in", amount: 70 })).y, 70);
    assert.equal(await evaluate("document.querySelector('#box').scrollTop"), 70);
    assert.equal(await evaluate("scrollY"), 200);
    assert.match(await wrong("browser/cdp/scroll", { selector: "#none" }), /no element/);
  });
});

describe("fields", () => {
  const form = `<input id=text value=old><textarea id=area>old</textarea><input id=number type=number><input id=date type=date>
    <input id=range type=range max=10><input id=color type=color><input id=check type=checkbox><input id=radio type=radio>
    <select id=list><option value=a>First</option><option value=b>Second</option></select><div id=rich contenteditable>old <b>text</b></div>
    <input id=fixed readonly value=x><input id=short maxlength=3><input id=file type=file><button id=button>x</button><input id=secret type=password>
    <script>const heard = []; for (const name of ["input", "change"]) addEventListener(name, (e) => heard.push(name + ":" + e.target.id))</script>`;
  const fill = (selector, value) => post("browser/cdp/fill_input", { selector, value });
  const refuse = (selector, value) => wrong("browser/cdp/fill_input", { selector, value, timeout_ms: 150 });

  test("of every kind take a value, and tell what they hold", async () => {
    await open(form);
    const cases = [
      ["#text", "new value"], ["#text", ""], ["#text", "Grüße 你好 😀 \"<&'"], ["#area", "two\nlines"], ["#number", "-12.5"], ["#date", "2024-02-29"],
      ["#range", "7"], ["#color", "#ff8800"], ["#check", "true"], ["#check", "false"], ["#radio", "true"], ["#list", "b"], ["#rich", "plain"], ["#secret", "pässword"],
    ];
    for (const [selector, value] of cases) assert.equal((await fill(selector, value)).value, value, `${selector} ${value}`);
    assert.equal((await fill("#list", "First")).value, "a");
    assert.equal((await fill("#short", "abcdef")).value, "abc");
    const heard = await evaluate("heard");
    for (const one of ["input:text", "input:area", "change:date", "change:list", "change:check", "input:rich"]) assert.ok(heard.includes(one), one);
  });

  test("take long texts whole", async () => {
    await open("<textarea id=area></textarea>");
    const text = "All work and no play. ".repeat(5000);
    assert.equal((await fill("#area", text)).value.length, text.length);
    assert.equal(await evaluate("document.querySelector('#area').value.length"), text.length);
  });

  test("are filled one after another when many are asked for at once", async () => {
    await open(Array.from({ length: 12 }, (_, i) => `<input id=f${i}>`).join(""));
    await Promise.all(Array.from({ length: 12 }, (_, i) => fill(`#f${i}`, `value ${i}`)));
    assert.deepEqual(await evaluate("[...document.querySelectorAll('input')].map((one) => one.value)"), Array.from({ length: 12 }, (_, i) => `value ${i}`));
  });

  test("refuse what they cannot hold", async () => {
    await open(form);
    assert.match(await refuse("#date", "tomorrow"), /does not take "tomorrow"/);
    assert.match(await refuse("#number", "many"), /numbers/);
    assert.match(await refuse("#list", "Third"), /no such option; it has "First", "Second"/);
    assert.match(await refuse("#check", "perhaps"), /true or false/);
    assert.match(await refuse("#fixed", "y"), /read-only/);
    assert.match(await refuse("#button", "y"), /no field/);
    assert.match(await refuse("#file", "y"), /no field/);
  });
});

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
    const first = (await get("window/list")).windows.find(({ title }) => title.startsWith("first"));
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
    await post("browser/close", { screenshot: false });
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
    await post("browser/close", { screenshot: false });
    await run("(setsid chromium --remote-debugging-port=29333 about:blank >/dev/null 2>&1 &)");
    await until("it has a window", async () => /chromium/i.test((await get("browser/active_window")).window_title));
    const { status, body } = await ask("POST", "browser/cdp/navigate", { url: "about:blank" });
    assert.deepEqual([status, body.code], [409, "no_devtools"]);
    await post("browser/close", { screenshot: false });
    assert.equal((await open("<title>back</title>")).title, "back");
  });

  test("one that a person has started is driven like ours", async () => {
    await post("browser/close", { screenshot: false });
    await run("(setsid chromium >/dev/null 2>&1 &)");
    await until("it can be driven", async () => (await ask("GET", "browser/cdp/url")).status === 200);
    assert.equal((await open("<title>taken over</title>")).title, "taken over");
  });

  test("what listens on the port and is no browser is told", async () => {
    await post("browser/close", { screenshot: false });
    await run("(setsid python3 -m http.server -b 127.0.0.1 29222 >/dev/null 2>&1 &)");
    await until("it listens", async () => (await ask("GET", "browser/cdp/url")).body.code === "bad_browser_answer");
    await run("pkill -f http.server");
    await until("it is gone", async () => (await ask("GET", "browser/cdp/url")).body.code === "no_browser");
  });
});
