// What models meet on pages beside plain elements: labels of hidden boxes, drawings, areas of pictures, options, closed
// shadow roots, modal dialogs; read, found, clicked and set.
import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { until } from "../lib/carrel.mjs";
import { onPages, serveInDesk } from "../lib/pages.mjs";

const pages = onPages();
const pixel =
  "data:image/png;base64,iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg==";
const clicks = `<script>const seen = []; addEventListener("click", (e) => seen.push(e.target.id || e.target.localName), true)</script>`;
const seen = () => pages.evaluate("seen.splice(0)");
const click = async (pattern) => pages.post("browser/page/click", { ref: await pages.ref(pattern) });
const set = async (pattern, value) =>
  pages.post("browser/page/form_input", { ref: await pages.ref(pattern), value });
const refusal = async (pattern, value) =>
  (await pages.refused("browser/page/form_input", { ref: await pages.ref(pattern), value })).detail;
const find = async (query) => (await pages.post("browser/page/find", { query })).matches;

describe("a label whose box is hidden", () => {
  const boxes = `${clicks}<p><label id=l><input type=checkbox id=dark style="display:none"> Dark mode</label></p>
    <label id=m><input type=radio name=r id=one style="visibility:hidden;position:absolute">One</label><label><input type=radio name=r id=two hidden checked>Two</label>
    <div><input type=checkbox id=far hidden><label for=far style="display:block"><span>Far away</span></label></div>
    <label><input type=checkbox id=off hidden disabled>Off</label>`;

  test("is that box, with its state, and can be clicked and set", async () => {
    await pages.open(boxes);
    const tree = await pages.read();
    for (const line of [
      /checkbox "Dark mode" \[ref_\d+\] \(not checked\)/,
      /radio "One" \[ref_\d+\] \(not checked\)/,
      /radio "Two" \[ref_\d+\] \(checked\)/,
      /checkbox "Far away" \[ref_\d+\] \(not checked\)/,
      /checkbox "Off" \[ref_\d+\] \(not checked, disabled\)/,
    ])
      assert.match(tree, line);
    assert.equal(tree.match(/Dark mode/g).length, 1);
    await click(/"Dark mode"/);
    await click(/"Far away"/);
    await click(/"One"/);
    assert.deepEqual(await pages.evaluate("[dark.checked, far.checked, one.checked]"), [true, true, true]);
    assert.match(await pages.read(), /checkbox "Dark mode" \[ref_\d+\] \(checked\)/);
    assert.equal((await set(/"Dark mode"/, false)).value, false);
    assert.equal((await set(/"Two"/, true)).value, true);
    assert.deepEqual(await pages.evaluate("[dark.checked, two.checked]"), [false, true]);
    assert.match(await refusal(/"Off"/, true), /disabled/);
    assert.ok((await find("dark mode checkbox"))[0].text.startsWith('checkbox "Dark mode"'));
  });

  test("is set by its box's selector too", async () => {
    await pages.open(boxes);
    const fill = async (selector, value) =>
      await pages.desk.post("browser/cdp/fill_input", { selector, value, timeout_ms: 1000 });
    assert.equal((await fill("#dark", "true")).value, "true");
    assert.equal((await fill("#one", "on")).value, "true");
    assert.equal(await pages.evaluate("dark.checked"), true);
    assert.match((await fill("#off", "true")).error, /disabled/);
    await pages.open("<input type=checkbox id=alone hidden>");
    assert.match((await fill("#alone", "true")).error, /cannot be seen/);
  });

  test("that is a bare text in the body is clicked where the text stands", async () => {
    await pages.open(
      `${clicks}<div style="height:300px"></div><label><input type=checkbox id=bare hidden>Bare</label>`,
    );
    await click(/"Bare"/);
    assert.equal(await pages.evaluate("bare.checked"), true);
  });
});

describe("a text", () => {
  test("is clicked where it stands, not in the middle of what holds it", async () => {
    await pages.open(
      `${clicks}<script>addEventListener("click", (e) => seen.push(e.clientX < 200))</script><p>Left end</p>loose words<div style="height:600px"></div>`,
    );
    await click(/paragraph "Left end"/);
    await click(/text "loose words"/);
    assert.deepEqual(await seen(), ["p", true, "body", true]);
  });

  test("that a cover hides is told to be covered", async () => {
    await pages.open(
      `loose words<div id=cover role=dialog aria-label=Cover style="position:fixed;inset:0;background:#fff"></div>`,
    );
    const { code, detail } = await pages.refused("browser/page/click", {
      ref: await pages.ref(/"loose words"/),
    });
    assert.equal(code, "covered", detail);
  });
});

describe("a drawing", () => {
  const svg = (
    more = "",
  ) => `<svg ${more} width=400 height=200><defs><text>unused</text></defs><a href="#one"><text x=10 y=30>Node one</text></a>
    <g role=button tabindex=0 aria-label=Press id=press><rect x=10 y=50 width=60 height=30></rect></g><text x=10 y=120>Total 4711</text>
    <rect x=200 y=10 width=30 height=30 id=bar><title>May: 12</title></rect><a xmlns:xlink="http://www.w3.org/1999/xlink" xlink:href="#two"><text x=10 y=160>Old link</text></a></svg>`;

  test("in a page is read, found and clicked", async () => {
    await pages.open(
      clicks +
        svg() +
        "<button><svg width=20 height=20><title>Print</title><rect width=9 height=9></rect></svg></button>",
    );
    const tree = await pages.read();
    for (const line of [
      /link "Node one" \[ref_\d+\] href="#one"/,
      /button "Press"/,
      /text "Total 4711"/,
      /image "May: 12"/,
      /link "Old link" \[ref_\d+\] href="#two"/,
      /button "Print"/,
    ])
      assert.match(tree, line);
    assert.doesNotMatch(tree, /unused/);
    await click(/"Node one"/);
    assert.equal(await pages.evaluate("location.hash"), "#one");
    await click(/"Press"/);
    assert.ok((await seen()).length >= 2);
    assert.match((await find("total"))[0].text, /Total 4711/);
    assert.match((await pages.post("browser/page/text")).text, /Node one[^]*Total 4711/);
  });

  test("that is the page itself is, too", async () => {
    await pages.write(
      "/home/agent/chart.svg",
      svg('xmlns="http://www.w3.org/2000/svg"').replaceAll(/(\w[\w:]*)=([^\s">]+)(?=[\s>])/g, '$1="$2"'),
    );
    await pages.tool("navigate", { url: "file:///home/agent/chart.svg" });
    const tree = await pages.read();
    assert.match(tree, /link "Node one" \[ref_\d+\] href="#one"/);
    assert.match(tree, /text "Total 4711"/);
    await click(/"Node one"/);
    assert.equal(await pages.evaluate("location.hash"), "#one");
    assert.match((await pages.post("browser/page/text")).text, /Total 4711/);
    assert.match((await find("press"))[0].text, /button "Press"/);
  });
});

describe("areas of a picture", () => {
  const map = (
    style = "",
  ) => `${clicks}<img usemap=#m src=${pixel} width=300 height=200 alt=Map style="${style}"><map name=m>
    <area href=#north alt=North coords=0,0,100,50><area href=#ring title=Ring shape=circle coords=200,100,30>
    <area href=#corner alt=Corner shape=poly coords="0,200,0,100,20,100,20,180,100,180,100,200"><area alt=Nothing coords=5,150,9,160></map>`;

  test("are links, clicked by their shapes", async () => {
    await pages.open(map());
    const tree = await pages.read();
    assert.match(
      tree,
      /image "Map" \[ref_\d+\]\n +link "North" \[ref_\d+\] href="#north"\n +link "Ring" \[ref_\d+\] href="#ring"\n +link "Corner"/,
    );
    assert.doesNotMatch(tree, /Nothing/);
    for (const [name, hash] of [
      ["North", "#north"],
      ["Ring", "#ring"],
      ["Corner", "#corner"],
    ]) {
      await click(new RegExp(`"${name}"`));
      assert.equal(await pages.evaluate("location.hash"), hash);
    }
    assert.match((await find("north"))[0].text, /link "North"/);
  });

  test("are clicked below a long page, within borders; a cover is told, a picture that did not come has none", async () => {
    await pages.open(`<div style="height:3000px"></div>${map("border:20px solid;padding:10px")}`);
    await click(/"Ring"/);
    assert.equal(await pages.evaluate("location.hash"), "#ring");
    await pages.evaluate(
      `document.body.append(Object.assign(document.createElement("div"), { style: "position:fixed;inset:0" })) ?? 1`,
    );
    assert.equal(
      (await pages.refused("browser/page/click", { ref: await pages.ref(/"North"/) })).code,
      "covered",
    );
    await pages.open(map().replace(pixel, "data:,"));
    assert.doesNotMatch(await pages.read(), /North/);
  });
});

describe("options of a list", () => {
  const lists = `<label>Colour <select id=one><option>Red<option value=g>Green<option disabled>Grey<optgroup label=Dark disabled><option>Black</optgroup></select></label>
    <label>Several <select id=many multiple><option>A<option>B<option>C<option disabled selected>D<option aria-label=Eve>E</select></label>
    <script>const heard = []; for (const type of ["input", "change"]) addEventListener(type, (e) => heard.push(type + ":" + e.target.id))</script>`;
  const chosen = () => pages.evaluate("[...many.selectedOptions].map((option) => option.text)");

  test("are found by their text, and set by what is found", async () => {
    await pages.open(lists);
    const [green] = await find("Green");
    assert.equal(green.role, "option");
    assert.equal(green.name, "Green");
    assert.equal((await find("Eve"))[0].name, "Eve");
    assert.equal(
      (await pages.post("browser/page/form_input", { ref: green.ref, value: true })).value,
      "Green",
    );
    assert.equal(await pages.evaluate("one.value"), "g");
    const wrong = (value) => pages.refused("browser/page/form_input", { ref: green.ref, value });
    assert.match((await wrong(false)).detail, /always one option is selected/);
    assert.match((await wrong("x")).detail, /true or false/);
    const [b] = (await find("B")).filter(({ name }) => name === "B");
    await pages.post("browser/page/form_input", { ref: b.ref, value: true });
    await pages.post("browser/page/click", { ref: b.ref });
    assert.deepEqual(await pages.evaluate("[many.options[1].selected]"), [true]);
  });

  test("of a list that takes several are set by an array, exactly those", async () => {
    await pages.open(lists);
    assert.equal((await set(/listbox "Several"/, ["A", "C"])).value, "A, C, D");
    assert.deepEqual(await chosen(), ["A", "C", "D"]);
    assert.deepEqual(await pages.evaluate("heard.splice(0)"), ["input:many", "change:many"]);
    await set(/listbox "Several"/, ["Eve"]);
    assert.deepEqual(await chosen(), ["D", "E"]);
    await set(/listbox "Several"/, []);
    assert.deepEqual(await chosen(), ["D"]);
    await set(/listbox "Several"/, "B");
    assert.deepEqual(await chosen(), ["B", "D"]);
    assert.equal((await set(/combobox "Colour"/, ["Green"])).value, "Green");
  });

  test("that cannot be set are told", async () => {
    await pages.open(lists + "<input aria-label=Text>");
    assert.match(
      await refusal(/listbox "Several"/, ["A", "X"]),
      /no option "X"; there are "A", "B", "C", "D", "Eve"/,
    );
    assert.match(await refusal(/combobox "Colour"/, ["Red", "Green"]), /takes one option/);
    assert.match(await refusal(/combobox "Colour"/, []), /takes one option/);
    assert.match(await refusal(/combobox "Colour"/, ["Grey"]), /disabled/);
    assert.match(await refusal(/combobox "Colour"/, "Black"), /disabled/);
    assert.match(await refusal(/textbox "Text"/, ["x"]), /only a list/);
    assert.deepEqual(await chosen(), ["D"]);
    for (const value of [[1], [["A"]], [null], Array(1001).fill("A")])
      assert.equal((await pages.refused("browser/page/form_input", { ref: "ref_1", value })).status, 422);
  });
});

describe("values that look right", () => {
  test("and are no day, time or colour are told as that", async () => {
    await pages.open(`<input type=date aria-label=Date><input type=time aria-label=Time><input type=month aria-label=Month><input type=week aria-label=Week>
      <input type=datetime-local aria-label=Both><input type=color id=colour aria-label=Colour>`);
    for (const [field, value, words] of [
      ["Date", "2024-02-30", /2024-02-30 is no day of the calendar/],
      ["Date", "30.2.2024", /written YYYY-MM-DD/],
      ["Time", "25:61", /25:61 is no time/],
      ["Month", "2024-13", /no month/],
      ["Week", "2023-W53", /no week/],
      ["Both", "2024-02-30T10:00", /no day of the calendar with a time/],
      ["Colour", "reddish", /#rrggbb/],
      ["Colour", "#ff000080", /lets nothing through/],
      ["Colour", "currentcolor", /#rrggbb/],
    ])
      assert.match(await refusal(new RegExp(`"${field}"`), value), words);
    for (const [words, value] of [
      ["crimson", "#dc143c"],
      ["#f00", "#ff0000"],
      ["rgb(0 128 255)", "#0080ff"],
      ["#ABCDEF", "#abcdef"],
    ]) {
      assert.equal((await set(/"Colour"/, words)).value, value);
      const filled = await pages.desk.post("browser/cdp/fill_input", { selector: "#colour", value: words });
      assert.equal(filled.value, value, JSON.stringify(filled));
    }
    const wrong = await pages.desk.post("browser/cdp/fill_input", {
      selector: "input[type=date]",
      value: "2024-02-30",
      timeout_ms: 500,
    });
    assert.match(wrong.error, /does not take "2024-02-30": the calendar/);
  });
});

describe("closed shadow roots", () => {
  const closed = `<div id=h></div><x-card><b slot=s>slotted</b></x-card><y-card></y-card><p><span id=empty style="display:inline-block;width:10px;height:10px"></span></p><script>
    const root = h.attachShadow({ mode: "closed" });
    root.innerHTML = "<button>Inside</button><label>Field <input></label><div id=deeper></div>";
    root.querySelector("button").onclick = (e) => { e.target.textContent = "Done" };
    root.getElementById("deeper").attachShadow({ mode: "closed" }).innerHTML = "<a href='#deep'>Deep</a>";
    document.querySelector("y-card").attachShadow({ mode: "closed" }).innerHTML = "<i>Never defined</i>";
    customElements.define("x-card", class extends HTMLElement { constructor() { super(); this.attachShadow({ mode: "closed" }).innerHTML = "<h2>Card</h2><slot name=s></slot>" } });
  </script>`;

  test("are read, found, clicked and filled like open ones", async () => {
    await pages.open(closed);
    assert.match((await pages.post("browser/page/text")).text, /Card/);
    const tree = await pages.read();
    for (const line of [
      /button "Inside"/,
      /textbox "Field"/,
      /link "Deep" \[ref_\d+\] href="#deep"/,
      /heading "Card"/,
      /Never defined/,
      /slotted/,
    ])
      assert.match(tree, line);
    await click(/"Inside"/);
    assert.match(await pages.read(), /button "Done"/);
    assert.equal((await set(/"Field"/, "typed")).value, "typed");
    await click(/"Deep"/);
    assert.equal(await pages.evaluate("location.hash"), "#deep");
    assert.match((await find("field"))[0].text, /textbox "Field"/);
  });

  test("are, too, in frames, made late, and after a navigation", async () => {
    const home = await serveInDesk(
      pages,
      {
        "/": { body: `<iframe src="http://localhost:8141/in" width=500 height=300></iframe>` },
        "/in": { body: closed },
      },
      8141,
    );
    await pages.tool("navigate", { url: home });
    await pages.readUntil(/iframe[^]*button "Inside"[^]*link "Deep"/);
    await pages.open(`<div id=late style="width:50px;height:50px"></div>`);
    assert.doesNotMatch(await pages.read(), /button/);
    await pages.evaluate(`(late.attachShadow({ mode: "closed" }).innerHTML = "<button>Late</button>", 1)`);
    assert.match(await pages.read(), /button "Late"/);
    // Of an element of the page's own making it may come at any time, too, and whatever was looked into before.
    await pages.open(`<x-late><b>Loading</b></x-late>${"<x-plain>plain</x-plain>".repeat(300)}<script>
      for (const name of ["x-late", "x-plain"]) customElements.define(name, class extends HTMLElement {})</script>`);
    for (let times = 0; times < 3; ++times) assert.doesNotMatch(await pages.read(), /button/);
    await pages.evaluate(`(document.querySelector("x-late").attachShadow({ mode: "closed" }).innerHTML = "<button>Late</button><slot></slot>", 1)`);
    await until("its turn has come", async () => /button "Late"/.test(await pages.read()));
    assert.match((await pages.post("browser/page/text")).text, /Loading/);
    const references = [...(await pages.read()).matchAll(/\[ref_(\d+)\]/g)].map(([, number]) => number);
    assert.equal(new Set(references).size, references.length);
  });
});

describe("behind a modal dialog", () => {
  test("nothing is told or found, and what is left out is said", async () => {
    await pages.open(`<button>Behind</button><main><p>Text behind</p><div><dialog id=q aria-label=Ask><button onclick="q.close()">Yes</button><dialog id=r>Second <button onclick="r.close()">Inner</button></dialog></dialog></div></main>
      <script>q.showModal()</script>`);
    const open = await pages.read();
    assert.match(open, /dialog "Ask" \[ref_\d+\] \(modal\)\n +button "Yes"/);
    assert.match(open, /what lies behind the modal dialog "Ask" cannot be used, and is left out/);
    assert.doesNotMatch(open, /Text behind|button "Behind"/);
    assert.deepEqual(
      (await find("behind")).map(({ name }) => name),
      [],
    );
    await pages.evaluate("(r.showModal(), 1)");
    assert.doesNotMatch(await pages.read(), /"Yes"/);
    await click(/"Inner"/);
    await click(/"Yes"/);
    const closed = await pages.read();
    assert.match(closed, /button "Behind"[^]*Text behind/);
    assert.doesNotMatch(closed, /left out/);
  });

  test("but not behind one that is not modal, nor what is asked for by its reference", async () => {
    await pages.open(
      `<button id=b>Behind</button><div id=box><button>Boxed</button></div><dialog id=q>Dialog</dialog><script>q.show()</script>`,
    );
    const tree = await pages.read();
    assert.match(tree, /button "Behind"[^]*dialog/);
    const ref = await pages.ref(/"Boxed"/);
    await pages.evaluate("(q.close(), q.showModal(), 1)");
    assert.match(await pages.read({ ref }), /button "Boxed"/);
    assert.equal((await pages.refused("browser/page/click", { ref })).code, "covered");
  });
});
