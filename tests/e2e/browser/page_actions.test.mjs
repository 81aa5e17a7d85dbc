// Acting on pages: clicks by reference and place, form fields of all kinds, uploads.
import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { onPages, serveInDesk } from "../lib/pages.mjs";

const pages = onPages();

/** Records events in `seen`, trusted ones with a star. */
const recorder = `<script>const seen = []; const note = (e) => seen.push(e.type + (e.isTrusted ? "*" : "") + ":" + (e.target.id || e.target.localName));</script>`;
const seen = () => pages.evaluate("seen.splice(0)");

describe("clicking", () => {
  test("by reference scrolls there first, wherever the element is", async () => {
    await pages.open(`${recorder}<div style="height:4000px"></div><button id=far onclick="note(event)">Far</button>
      <div style="height:100px;overflow:auto" id=box><div style="height:900px"></div><button id=inner onclick="note(event)">Inner</button></div>`);
    const answer = await pages.post("browser/page/click", { ref: await pages.ref(/"Far"/) });
    assert.ok(answer.y < 768);
    await pages.post("browser/page/click", { ref: await pages.ref(/"Inner"/) });
    assert.deepEqual(await seen(), ["click*:far", "click*:inner"]);
  });

  test("by place, with buttons, counts and held keys", async () => {
    await pages.open(`${recorder}<style>body{margin:0}</style><div id=pad style="width:300px;height:300px"></div><script>
      for (const type of ["click","dblclick","auxclick","contextmenu"]) pad.addEventListener(type, (e) => { e.preventDefault(); seen.push([type, e.button, e.detail, e.clientX, e.clientY, e.ctrlKey, e.shiftKey]) })</script>`);
    const coordinate = { x: 30, y: 40 };
    await pages.post("browser/page/click", { coordinate });
    await pages.post("browser/page/click", { coordinate: { x: 0, y: 0 }, modifiers: "ctrl+shift" });
    await pages.post("browser/page/click", { coordinate, button: "right" });
    await pages.post("browser/page/click", { coordinate, button: "middle" });
    await pages.post("browser/page/click", { coordinate, count: 2 });
    assert.deepEqual(await seen(), [
      ["click", 0, 1, 30, 40, false, false],
      ["click", 0, 1, 0, 0, true, true],
      ["contextmenu", 2, 0, 30, 40, false, false],
      ["auxclick", 2, 1, 30, 40, false, false],
      ["auxclick", 1, 1, 30, 40, false, false],
      ["click", 0, 1, 30, 40, false, false],
      ["click", 0, 2, 30, 40, false, false],
      ["dblclick", 0, 2, 30, 40, false, false],
    ]);
  });

  test("reaches into shadow roots and frames of another site", async () => {
    await serveInDesk(
      pages,
      {
        "/": {
          body: `<div style="height:1500px"></div><iframe title=Other width=400 height=150 style="border:7px solid;margin:13px" src="http://localhost:8131/in"></iframe><div id=h></div>
        <script>h.attachShadow({mode:"open"}).innerHTML = "<button onclick='this.textContent=\\"shadow done\\"'>Shadow</button>"</script>`,
        },
        "/in": {
          body: `<div style="height:400px"></div><button onclick="this.textContent='frame done'">Inside</button>`,
        },
      },
      8131,
    );
    await pages.tool("navigate", { url: "http://127.0.0.1:8131/" });
    await pages.readUntil(/"Inside"/);
    await pages.post("browser/page/click", { ref: await pages.ref(/"Inside"/) });
    await pages.post("browser/page/click", { ref: await pages.ref(/"Shadow"/) });
    const tree = await pages.read();
    assert.match(tree, /"frame done"/);
    assert.match(tree, /"shadow done"/);
  });

  test("refuses what cannot be clicked, and says why", async () => {
    await pages.open(`<button id=under style="position:absolute;left:20px;top:20px">Under</button><div role=dialog aria-label="Cookies" style="position:fixed;inset:0;background:#fff"></div>
      <button id=gone>Gone</button>`);
    const covered = await pages.refused("browser/page/click", { ref: await pages.ref(/"Under"/) });
    assert.equal(covered.code, "covered");
    assert.match(covered.detail, /button "Under"\) is covered by dialog "Cookies"/);
    const gone = await pages.ref(/"Gone"/);
    await pages.evaluate(`document.getElementById("gone").style.display = "none"`);
    assert.equal((await pages.refused("browser/page/click", { ref: gone })).code, "not_visible");
    for (const coordinate of [
      { x: 5000, y: 1 },
      { x: 1, y: 5000 },
      { x: -1, y: 0 },
    ])
      assert.equal((await pages.refused("browser/page/click", { coordinate })).code, "outside_viewport");
    for (const wish of [
      {},
      { ref: "ref_1", coordinate: { x: 1, y: 1 } },
      { ref: "x" },
      { coordinate: { x: 1, y: 1 }, modifiers: "a" },
      { coordinate: { x: 1, y: 1 }, count: 4 },
    ])
      assert.equal((await pages.refused("browser/page/click", wish)).status, 422, JSON.stringify(wish));
  });

  test("hovers", async () => {
    await pages.open(`${recorder}<button id=b>B</button><script>b.onmouseover = note</script>`);
    await pages.post("browser/page/hover", { ref: await pages.ref(/"B"/) });
    assert.deepEqual(await seen(), ["mouseover*:b"]);
  });

  test("tells what the desk made of it, when that is asked for", async () => {
    await pages.open(
      `<title>Before</title><button onclick="document.title='After'; document.body.style.background='#123'">Change</button>`,
    );
    const ref = await pages.ref(/"Change"/);
    const answer = await pages.post("browser/page/click", { ref, observe: "settled", first_change_ms: 10_000, limit_ms: 60_000 });
    assert.ok(["settled", "still_changing"].includes(answer.observed), answer.observed);
    assert.equal(answer.changes.screen, true);
    assert.ok(answer.image && answer.width === 1024);
    const quick = await pages.post("browser/page/click", { ref });
    assert.ok(!("observed" in quick) && !("image" in quick));
    assert.ok((await pages.post("browser/page/hover", { ref, screenshot: true })).image);
  });

  test("scrolls to an element", async () => {
    await pages.open(`<div style="height:4000px"></div><p id=end>The end</p>`);
    const answer = await pages.post("browser/page/scroll_to", { ref: await pages.ref(/The end/) });
    assert.match(answer.output, /Scrolled to ref_/);
    assert.ok((await pages.evaluate("end.getBoundingClientRect().top")) < 700);
  });
});

describe("form fields", () => {
  const fields = `${recorder}<form>
    <label>Name <input id=name value=old></label><label>Long <textarea id=long></textarea></label><label>Short <input id=short maxlength=3></label>
    <label>Number <input id=number type=number></label><label>Range <input id=range type=range min=0 max=10></label><label>Date <input id=date type=date></label>
    <label>Time <input id=time type=time></label><label>Colour <input id=colour type=color></label><label>Mail <input id=mail type=email></label>
    <label>Pass <input id=pass type=password></label>
    <label>One <select id=one><option value=a>Apple<option value=b>Banana<option disabled>Cherry</select></label>
    <label>Agree <input id=agree type=checkbox></label><label>Left <input id=left name=side type=radio></label><label>Right <input id=right name=side type=radio checked></label>
    <div id=edit contenteditable aria-label=Edit>old text</div><div id=wifi role=switch aria-label=Wifi aria-checked=false tabindex=0 onclick="this.ariaChecked = this.ariaChecked !== 'true'"></div>
    <label>Fixed <input id=fixed readonly value=x></label><label>Off <input id=off disabled></label><label>Upper <input id=upper oninput="this.value = this.value.toUpperCase()"></label>
    <button>Send</button></form><script>for (const type of ["beforeinput","input","change","focusin"]) document.addEventListener(type, note, true)</script>`;

  test("take what a person would put there, with the events of a person", async () => {
    await pages.open(fields);
    const set = async (label, value) =>
      (await pages.post("browser/page/form_input", { ref: await pages.ref(new RegExp(label)), value })).value;
    assert.equal(await set('textbox "Name"', "Ann Ä😀"), "Ann Ä😀");
    const events = await seen();
    assert.ok(
      events.includes("beforeinput*:name") &&
        events.includes("input*:name") &&
        events.includes("change:name"),
      events.join(),
    );
    for (const [label, id, value] of [
      ['"Long"', "long", "a\nb\n\nc"],
      ['"Number"', "number", 12.5],
      ['"Range"', "range", 7],
      ['"Date"', "date", "2026-02-03"],
      ['"Time"', "time", "08:15"],
      ['"Colour"', "colour", "#00ff7f"],
      ['"Mail"', "mail", "a@b.test"],
    ]) {
      await set(label, value);
      assert.equal(await pages.evaluate(`document.getElementById("${id}").value`), String(value), label);
      const after = await seen();
      assert.ok(
        after.some((event) => event.startsWith("input")) && after.some((event) => event.startsWith("change")),
        `${label}: ${after}`,
      );
    }
    assert.equal(await set('"Pass"', "secret"), "(hidden)");
    assert.equal(await pages.evaluate(`pass.value`), "secret");
    assert.equal(await set('"One"', "Banana"), "Banana");
    assert.equal(await set('"One"', "a"), "Apple");
    assert.equal(await set('"One"', " banana "), "Banana");
    assert.equal(await set('"Agree"', true), true);
    assert.equal(await set('"Agree"', true), true);
    assert.equal(await set('"Left"', true), true);
    assert.equal(await set('"Wifi"', true), true);
    assert.equal(await set('"Edit"', "new text"), "new text");
    assert.deepEqual(
      await pages.evaluate(
        `[agree.checked, left.checked, right.checked, wifi.ariaChecked, edit.textContent, one.value]`,
      ),
      [true, true, false, "true", "new text", "b"],
    );
    assert.equal(await set('"Name"', ""), "");
    assert.equal(await set('"Name"', "x".repeat(50_000)), "x".repeat(50_000));
  });

  test("that the page changes are told", async () => {
    await pages.open(fields);
    const upper = await pages.post("browser/page/form_input", {
      ref: await pages.ref(/"Upper"/),
      value: "loud",
    });
    assert.deepEqual([upper.value, upper.changed_by_page], ["LOUD", true]);
    const short = await pages.post("browser/page/form_input", {
      ref: await pages.ref(/"Short"/),
      value: "abcdef",
    });
    assert.deepEqual([short.value, short.changed_by_page], ["abc", true]);
  });

  test("refuse what they cannot hold, with what they could", async () => {
    await pages.open(fields);
    for (const [label, value, words] of [
      ['"One"', "Durian", /no option "Durian"; there are "Apple", "Banana", "Cherry"/],
      ['"One"', "Cherry", /disabled/],
      ['"Date"', "tomorrow", /YYYY-MM-DD/],
      ['"Number"', "many", /a number/],
      ['"Range"', "much", /a number/],
      ['"Colour"', "reddish", /#rrggbb/],
      ['"Agree"', "yes", /true or false/],
      ['"Right"', false, /cannot be cleared/],
      ['"Fixed"', "y", /read-only/],
      ['"Off"', "y", /disabled/],
      ['"Send"', "y", /click it|no form field/],
    ]) {
      const { code, detail } = await pages.refused("browser/page/form_input", {
        ref: await pages.ref(new RegExp(label)),
        value,
      });
      assert.equal(code, "field_refused", label);
      assert.match(detail, words);
    }
    assert.equal(await pages.evaluate("fixed.value"), "x");
    for (const value of [null, [null], {}])
      assert.equal((await pages.refused("browser/page/form_input", { ref: "ref_1", value })).status, 422);
  });

  test("files are given by their paths on the desk", async () => {
    await pages.open(
      `<input type=file id=one aria-label=One><label for=hidden>Choose</label><input type=file id=hidden multiple style="display:none" aria-label=Several><button>B</button>`,
    );
    await pages.write("/home/agent/a b.txt", "content a");
    await pages.write("/home/agent/c.txt", "c");
    await pages.post("browser/page/upload", {
      ref: await pages.ref(/"One"/),
      paths: ["/home/agent/a b.txt"],
    });
    await pages.post("browser/page/upload", {
      ref: await pages.ref(/"Several"/),
      paths: ["a b.txt", "~/c.txt"],
    });
    assert.deepEqual(
      await pages.evaluate(`[[...one.files].map((f) => f.name), [...hidden.files].map((f) => f.name)]`),
      [["a b.txt"], ["a b.txt", "c.txt"]],
    );
    assert.equal((await pages.tool("javascript_exec", { text: "one.files[0].text()" })).text, "content a");
    for (const [label, paths, code] of [
      [/"One"/, ["/nowhere"], "no_such_file"],
      [/"One"/, ["/home/agent"], "no_such_file"],
      [/"One"/, ["/etc/shadow"], "no_such_file"],
      [/"One"/, ["a b.txt", "c.txt"], "field_refused"],
      [/button "B"/, ["c.txt"], "no_file_input"],
    ])
      assert.equal(
        (await pages.refused("browser/page/upload", { ref: await pages.ref(label), paths })).code,
        code,
      );
    assert.equal((await pages.refused("browser/page/upload", { ref: "ref_1", paths: [] })).status, 422);
  });
});
