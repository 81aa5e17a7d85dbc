// Calls that act in one tab at the same time: each has its turn, whichever operation it came by.
import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { onPages } from "../lib/pages.mjs";

const pages = onPages();
const fields = `<input id=f0 aria-label=First><input id=f1 aria-label=Second><input id=f2 type=password aria-label=Third>`;
const values = () => pages.evaluate(`[...document.querySelectorAll("input")].map((field) => field.value)`);
const form = async () => {
  await pages.open(fields);
  const tree = await pages.read();
  return [...tree.matchAll(/\[(ref_\d+)\]/g)].map(([, ref]) => ref).slice(0, 3);
};

describe("calls on one tab at the same time", () => {
  test("fill each its own field, twenty times over", async () => {
    const refs = await form();
    for (let round = 0; round < 20; ++round) {
      const wanted = refs.map((_, at) => `value-${at}-${round}`);
      await Promise.all(refs.map((ref, at) => pages.post("browser/page/form_input", { ref, value: wanted[at] })));
      assert.deepEqual(await values(), wanted, `round ${round}`);
    }
  });

  test("do so whichever operation they came by, with clicks between them", async () => {
    const refs = await form();
    for (let round = 0; round < 20; ++round) {
      const wanted = refs.map((_, at) => `mixed-${at}-${round}`);
      await Promise.all([
        pages.post("browser/page/form_input", { ref: refs[0], value: wanted[0] }),
        pages.post("browser/cdp/fill_input", { selector: "#f1", value: wanted[1] }),
        pages.tool("form_input", { target: { type: "ref", ref: refs[2] }, value: wanted[2] }),
        pages.post("browser/cdp/click_selector", { selector: "#f0" }),
        pages.post("browser/page/click", { ref: refs[1] }),
      ]);
      assert.deepEqual(await values(), wanted, `round ${round}`);
    }
  });

  test("in two tabs wait for nothing of each other", async () => {
    const refs = await form();
    const { tab_id } = await pages.post("browser/tabs/new", { url: "data:text/html,<input id=other>" });
    const first = (await pages.get("browser/tabs")).tabs.find(({ tab_id: id }) => id !== tab_id).tab_id;
    await Promise.all([
      pages.post("browser/page/form_input", { tab: first, ref: refs[0], value: "here" }),
      pages.post("browser/cdp/fill_input", { tab: tab_id, selector: "#other", value: "there" }),
    ]);
    const { result } = await pages.post("browser/cdp/evaluate", { tab: tab_id, script: "document.querySelector('input').value" });
    assert.equal(result, "there");
    await pages.post("browser/tabs/close", { tab: tab_id });
    assert.equal((await values())[0], "here");
  });

  test("one that fails leaves the turn to the next, and a dialog is answered meanwhile", async () => {
    await pages.open(`<button onclick="document.title = confirm('Really?')">Ask</button>${fields}`);
    const ask = await pages.ref(/"Ask"/);
    const first = await pages.ref(/"First"/);
    assert.equal((await pages.refused("browser/page/click", { ref: "ref_999999" })).code, "stale_reference");
    const clicked = await pages.post("browser/page/click", { ref: ask });
    assert.equal(clicked.dialog.type, "confirm");
    assert.equal((await pages.refused("browser/page/form_input", { ref: first, value: "no" })).code, "dialog_open");
    await pages.post("browser/page/dialog", { action: "accept" });
    await pages.post("browser/page/form_input", { ref: first, value: "yes" });
    assert.deepEqual((await values())[0], "yes");
  });
});

describe("a field that is typed into while the focus moves", () => {
  const kinds = { text: "<input id=f aria-label=First>", password: "<input id=f type=password aria-label=First>", lines: "<textarea id=f aria-label=First></textarea>" };
  const held = () => pages.evaluate(`[f, other].map((field) => field.value)`);
  const set = {
    "page/form_input": async (value) => pages.post("browser/page/form_input", { ref: await pages.ref(/"First"/), value }),
    "cdp/fill_input": (value) => pages.post("browser/cdp/fill_input", { selector: "#f", value }),
    toolset: async (value) => pages.tool("form_input", { target: await pages.target(/"First"/), value }),
  };

  for (const [kind, field] of Object.entries(kinds))
    test(`is set all the same, and no other is: ${kind}`, async () => {
      // The page itself gives the focus to another field, a moment after it came.
      await pages.open(`${field}<input id=other aria-label=Second value=kept><script>f.onfocus = () => queueMicrotask(() => other.focus())</script>`);
      for (const [name, fill] of Object.entries(set)) {
        const before = (await held())[0];
        await fill(`secret by ${name}`);
        assert.deepEqual(await held(), [`secret by ${name}`, "kept"], before);
        await fill("");
        assert.deepEqual(await held(), ["", "kept"], "emptied");
      }
    });

  test("is told when the page sent its text to another field as it came", async () => {
    await pages.open(`${kinds.text}<input id=other aria-label=Second><script>addEventListener("beforeinput", () => other.focus(), true)</script>`);
    const ref = await pages.ref(/"First"/);
    assert.equal((await pages.refused("browser/page/form_input", { ref, value: "astray" })).code, "focus_moved");
    const filled = await pages.desk.ask("browser/cdp/fill_input", { selector: "#f", value: "astray" });
    assert.notEqual(filled.body.success, true, JSON.stringify(filled.body));
  });

  test("is left to a page that takes what is typed and writes it itself", async () => {
    await pages.open(`${kinds.text}<input id=other><script>f.onbeforeinput = (event) => { event.preventDefault(); f.value = "<" + event.data + ">" }</script>`);
    for (const [name, fill] of Object.entries(set)) {
      await fill(name);
      assert.deepEqual(await held(), [`<${name}>`, ""]);
    }
  });

  test("keeps its text from where a person clicks meanwhile, twenty times over", async () => {
    await pages.open(`${kinds.text}<p><textarea id=other rows=8 cols=60 aria-label=Second></textarea>`);
    const [x, y] = await pages.evaluate(`(({ x, y }) => [screenX + x + 100, screenY + outerHeight - innerHeight + y + 60].map(Math.round))(other.getBoundingClientRect())`);
    const ref = await pages.ref(/"First"/);
    for (let round = 0; round < 20; ++round) {
      const wanted = `secret-${round}`;
      const fill = round % 2 ? () => pages.post("browser/page/form_input", { ref, value: wanted }) : () => set["cdp/fill_input"](wanted);
      await Promise.all([
        fill(),
        ...[1, 2, 3].map(() => pages.desk.post("mouse/click", { button: "left_click", coordinate: { x, y }, observe: "none" })),
        pages.desk.post("keyboard/type", { text: "abc", observe: "none" }),
      ]);
      const [inField, elsewhere] = await held();
      assert.ok(inField.includes(wanted), `round ${round}: ${inField}`);
      assert.ok(!elsewhere.includes("secret"), `round ${round}: ${elsewhere}`);
    }
  });

  test("is told of when nobody knows where the text went", async () => {
    // The focus goes into a document of its own, which takes what is typed.
    await pages.open(`<div contenteditable id=f aria-label=First>old</div><iframe id=inner srcdoc="<input autofocus id=i>"></iframe>
      <script>f.onfocus = () => queueMicrotask(() => inner.contentDocument.getElementById("i").focus())</script>`);
    const wrong = await pages.refused("browser/page/form_input", { ref: await pages.ref(/"First"/), value: "text" });
    assert.equal(wrong.code, "focus_moved");
    const { success, error } = (await pages.desk.ask("browser/cdp/fill_input", { selector: "#f", value: "text" })).body;
    assert.equal(success, false);
    assert.match(error, /focus moved away/);
  });
});
