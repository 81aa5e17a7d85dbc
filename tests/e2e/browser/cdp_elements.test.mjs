// Elements of pages in a real browser: clicked, hovered, waited for, scrolled, filled.
import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { onBrowser } from "../lib/browser.mjs";

const { ask, evaluate, open, post, wrong } = onBrowser();

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
    // A long one is told by its beginning, in whole characters.
    assert.match(await why(`x${"ü".repeat(5000)}`), /^"xü{90,99}": no element is there/);
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
