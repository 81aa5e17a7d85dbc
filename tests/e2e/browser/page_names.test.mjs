// Names and roles of elements, held against Chromium's own accessibility tree. What is told otherwise on purpose stands
// in docs/decisions/0019-names-and-roles-as-chromium-gives-them.md.
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { describe, test } from "node:test";
import { Accessible, parseLine } from "../lib/accessible.mjs";
import { onPages } from "../lib/pages.mjs";

const pages = onPages();

/** Chromium's words for what we call as WAI-ARIA, or people, do. */
const ourWord = {
  Audio: "audio",
  ColorWell: "color input",
  Date: "date input",
  DateTime: "date and time input",
  DescriptionList: "list",
  DisclosureTriangle: "button",
  Figcaption: "caption",
  Iframe: "iframe",
  InputTime: "time input",
  LayoutTable: "table",
  LayoutTableCell: "cell",
  LayoutTableRow: "row",
  MathMLMath: "math",
  PluginObject: "object",
  Video: "video",
  "graphics-document": "document",
  "graphics-object": "group",
  "graphics-symbol": "image",
};
/** What may be told as the text that it is, or not at all: parts of texts and of what is told anyhow. */
const quiet = new Set(
  `generic none Abbr Canvas LabelText Legend Ruby StaticText SvgRoot caption code comment deletion emphasis insertion mark
   rowgroup sectionfooter sectionheader separator strong subscript suggestion superscript time`.split(/\s+/),
);
/** Told otherwise on purpose: by its page's name, with the reason. */
const chosen = {
  "input submit empty value, title": "a title is a better name than none",
  "video aria-label": "its author's name, not that it cannot be played here",
  optgroup: "options stand in their list's line",
  "label w password": "passwords are not told, not even their length",
  "labelledby password": "passwords are not told, not even their length",
  "label title input": "a title is a better name than none",
  "label hidden": "a hidden label is a better name than none",
  "aria-hidden label": "a hidden label is a better name than none",
  "second summary": "it opens nothing",
  "label in hidden": "a hidden label is a better name than none",
  "file input": "its role and value say it, not the words on its button",
  "file input label": "its role says what it takes",
  month: "its role says what it takes",
  week: "its role says what it takes",
  "div contenteditable": "it is typed into",
  "div ce label": "it is typed into",
  audio: "its author's name, not that it cannot be played here",
  "video plain": "its author's name, not that it cannot be played here",
  "tr in grid": "a row's cells are told below it",
  "svg rect tab": "unnamed drawings are told where they can be used",
  "svg g desc": "unnamed drawings are told where they can be used",
  "svg plain": "unnamed drawings are told where they can be used",
  "svg desc": "unnamed drawings are told where they can be used",
  "svg focus": "unnamed drawings are told where they can be used",
};

const namedByContent = new Set(
  "button cell checkbox columnheader gridcell heading link menuitem option radio rowheader switch tab treeitem".split(
    " ",
  ),
);

/** Whether both say the same, in their own words. */
function isSame(theirs, ours) {
  const role = ourWord[theirs.role] ?? theirs.role;
  const isQuiet = theirs.isIgnored || quiet.has(role);
  if (isQuiet && (ours.role === "" || ours.role === "clickable")) return true;
  if (ours.role !== role) return false;
  // What alone an element holds stands in its line, as its text.
  return (
    ours.name === theirs.name || (theirs.name === "" && ours.name === ours.text && !namedByContent.has(role))
  );
}

async function compare(file) {
  const cases = JSON.parse(readFileSync(new URL(`../lib/${file}`, import.meta.url)));
  await pages.open("<p>first");
  await pages.read();
  const accessible = await Accessible.of(pages);
  const told = [];
  for (const { about, html } of cases) {
    await pages.open(html);
    const theirs = await accessible.theirs("#t");
    const ours = await accessible.ours("#t", theirs.role === "option" ? theirs.name : "");
    told.push({ about, theirs, ours, isSame: isSame(theirs, ours) });
  }
  await accessible.close();
  const open = told.filter(({ about }) => !(about in chosen));
  const different = open.filter(({ isSame }) => !isSame);
  const lines = different.map(
    ({ about, theirs, ours }) =>
      `${about}: Chromium has ${theirs.role} "${theirs.name}", we ${ours.role} "${ours.name}"`,
  );
  const idle = told.filter(({ about, isSame }) => about in chosen && isSame).map(({ about }) => about);
  return { share: 1 - different.length / open.length, count: open.length, lines, idle };
}

describe("names and roles", () => {
  for (const file of ["names_and_roles.json", "names_neighbours.json"])
    test(
      `are Chromium's own, but for what is told otherwise on purpose (${file})`,
      { timeout: 600_000 },
      async (t) => {
        const { share, count, lines, idle } = await compare(file);
        t.diagnostic([`${(share * 100).toFixed(1)} % of ${count}`, ...lines].join("\n"));
        assert.ok(share >= 0.97, lines.join("\n"));
        assert.deepEqual(idle, [], "these are no choices any more");
      },
    );

  test("are read where pages refer in circles, nest without end or name elements by all there is", async () => {
    const circle = `<div role=textbox id=a aria-labelledby="b c"><span aria-labelledby=a>x</span></div><span id=b aria-owns=c aria-labelledby=c>B</span><span id=c aria-owns=b>C</span>`;
    const nested = "<div role=button title=T tabindex=0>".repeat(300) + "<b role=combobox>".repeat(300);
    const many =
      `<div id=all>${"<i role=textbox>w</i>".repeat(3000)}</div>` +
      "<button aria-labelledby='all all all all'>x</button>".repeat(200);
    await pages.open(`<button>First</button>${circle}${many}${nested}`);
    const tree = await pages.read();
    assert.match(tree, /button "First"/);
    assert.match(tree, /textbox "B C/);
    assert.equal((await pages.post("browser/page/find", { query: "first" })).matches[0].name, "First");
  });

  test("of ten thousand labelled fields are read in the time that a page has", async () => {
    await pages.open(
      `<div id=all></div><script>all.innerHTML = Array.from({ length: 10_000 }, (_, i) => "<label for=f" + i + ">Label " + i + "</label><input id=f" + i + "><button>B</button>").join("")</script>`,
    );
    const { text, elements } = await pages.post("browser/page/read", { filter: "all" });
    assert.match(text, /textbox "Label 0" /);
    assert.ok(elements >= 100, String(elements));
  });

  test("do not run together", async () => {
    await pages.open(
      `<h2>Hello<br>World</h2><button><span style="display:inline-block">one</span><span style="display:inline-block">two</span></button>`,
    );
    const lines = (await pages.read()).split("\n").map(parseLine).filter(Boolean);
    assert.deepEqual(
      lines.map(({ role, name }) => [role, name]),
      [
        ["heading", "Hello World"],
        ["button", "one two"],
      ],
    );
  });
});
