// What scrolls in a page: boxes, frames, lists that are drawn as they scroll; what they hide is told and brought into
// sight, a click meets it and not what is stuck over it, and who scrolls hears what moved.
import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { until } from "../lib/carrel.mjs";
import { onPages, serveInDesk } from "../lib/pages.mjs";

const pages = onPages(prepare);
const port = 8231;
const [A, L] = [`http://127.0.0.1:${port}`, `http://localhost:${port}`];
const start = `<style>body{margin:0}</style><script>const seen = []; addEventListener("click", (e) => seen.push(e.target.id || e.target.localName), true)</script>`;
const rows = (count, name = "Row") =>
  Array.from({ length: count }, (_, n) => `<div style="height:30px"><button id=${name}${n}>${name} ${n}</button></div>`).join("");
const box = (content, style = "", attributes = "id=box") => `<div ${attributes} style="height:120px;overflow:auto;${style}">${content}</div>`;
const head = (height) => `<div style="position:sticky;top:0;height:${height}px;background:#ccc;z-index:2">Head</div>`;
const fixedHead = `<div style="position:fixed;top:0;left:0;right:0;height:60px;background:#ccc;z-index:2">Head</div>`;

async function prepare() {
  const told = `<script>const seen = []; onmessage = ({ data }) => seen.push(data)</script>`;
  const frame = (path, height) => `<iframe src="${path}" style="border:0;display:block;width:500px;height:${height}px"></iframe>`;
  const bodies = {
    "/rows": `${rows(60)}<script>addEventListener("click", (e) => parent.postMessage(e.target.id, "*"), true)</script>`,
    "/tall-same": frame(`${A}/rows`, 1800) + told,
    "/tall-other": frame(`${L}/rows`, 1800) + told,
    "/boxed-same": box(frame(`${A}/rows`, 1800)) + told,
    "/boxed-other": box(frame(`${L}/rows`, 1800)) + told,
    "/scrolling": frame(`${L}/rows`, 300) + `<p style="height:3000px">after</p>` + told,
    "/headed": fixedHead + frame(`${L}/rows`, 700) + `<p style="height:3000px">after</p>` + told,
    "/headed-same": fixedHead + frame(`${A}/rows`, 1800) + told,
  };
  const pageOf = (body) => ({ body: `<!doctype html><meta charset=utf-8><style>body{margin:0}</style>${body}` });
  await serveInDesk(pages, Object.fromEntries(Object.entries(bodies).map(([path, body]) => [path, pageOf(body)])), port);
}

const seen = () => pages.evaluate("seen.splice(0)");
const click = async (pattern) => pages.post("browser/page/click", { ref: await pages.ref(pattern) });
const refusal = async (pattern, operation = "click") =>
  (await pages.refused(`browser/page/${operation}`, { ref: await pages.ref(pattern) })).detail;
const clicked = async (pattern) => {
  await click(pattern);
  return seen();
};
const at = (x, y) => ({ type: "coordinate", x, y });
const turn = (direction, amount, x = 50, y = 60) =>
  pages.tool("scroll", { target: at(x, y), scroll_direction: direction, scroll_amount: amount });
/** A page of frames, as soon as the last of them is there. */
const go = async (path) => {
  await pages.post("browser/cdp/navigate", { url: A + path });
  await until("the frame is read", async () => {
    const { matches } = await pages.post("browser/page/find", { query: "Row 59 button" });
    return matches.some(({ name }) => name === "Row 59");
  });
};
/** Clicks in frames come to the page around them as messages. */
const clickedInFrame = async (pattern) => {
  await click(pattern);
  return until("the click is seen", async () => {
    const all = await seen();
    return all.length > 0 && all;
  });
};

describe("what a box hides", () => {
  test("is brought into its sight before it is clicked", async () => {
    await pages.open(start + box(rows(60)) + "<p>below</p>");
    assert.deepEqual(await clicked(/"Row 5"/), ["Row5"]);
    assert.deepEqual(await clicked(/"Row 59"/), ["Row59"]);
    assert.deepEqual(await clicked(/"Row 0"/), ["Row0"]);
    assert.equal(await pages.evaluate("scrollY"), 0);
  });

  test("is no part of what is seen; the answer says how much it is and where", async () => {
    await pages.open(start + box(rows(60), "", 'id=box role=list aria-label="Files"') + "<p>below</p>" + `<p style="position:absolute;top:4000px">far</p>`);
    const tree = await pages.read({ filter: "visible" });
    assert.match(tree, /"Row 3"[^]*"below"/);
    assert.doesNotMatch(tree, /"Row 4"|"far"/);
    assert.match(tree, /\(56 more elements are scrolled out of sight in list "Files" \[ref_\d+\]: scroll there/);
    assert.match(tree, /\(1 more element is outside the viewport: scroll, or read/);
    assert.doesNotMatch(await pages.read({ filter: "interactive" }), /"Row 4"/);
    assert.match(await pages.read({ filter: "all" }), /"Row 59"/);
  });

  test("is seen where it is positioned out of it, as menus are", async () => {
    const out = (position) => `<button style="position:${position};left:300px;top:200px">${position} one</button>`;
    await pages.open(start + box(`${out("absolute")}${out("fixed").replace("200px", "300px")}${rows(9)}`));
    const tree = await pages.read({ filter: "visible" });
    assert.match(tree, /"absolute one"[^]*"fixed one"/);
    assert.doesNotMatch(tree, /"Row 8"/);
    await pages.open(start + box(`<div style="position:relative">${out("absolute")}${rows(9)}</div>`));
    assert.doesNotMatch(await pages.read({ filter: "visible" }), /"absolute one"/);
  });

  test("is brought into sight in boxes within boxes, either way", async () => {
    const wide = `<div style="width:3000px">${`<button>Left</button>`}<button id=far style="margin-left:2500px">Far</button></div>`;
    await pages.open(start + box(`<div style="height:900px"></div>${box(wide + rows(9), "width:300px", "id=inner")}<div style="height:900px"></div>`, "width:400px"));
    assert.deepEqual(await clicked(/"Far"/), ["far"]);
    assert.deepEqual(await clicked(/"Row 8"/), ["Row8"]);
    assert.ok(await pages.evaluate("box.scrollTop > 500 && inner.scrollTop > 100"));
  });

  test("and nothing can bring into sight is refused, and not clicked", async () => {
    await pages.open(start + box(rows(9, "Clip"), "height:60px;overflow:clip") + `<div style="height:0;overflow:hidden"><button>Zero</button></div><p>below</p>`);
    for (const pattern of [/"Clip 8"/, /"Zero"/]) {
      assert.match(await refusal(pattern), /is not visible/);
      assert.match(await refusal(pattern, "scroll_to"), /is not visible/);
    }
    assert.deepEqual(await seen(), []);
  });

  test("is brought into sight too when it is hidden from the wheel", async () => {
    await pages.open(start + box(rows(9), "overflow:hidden"));
    assert.deepEqual(await clicked(/"Row 8"/), ["Row8"]);
  });

  test("is clicked by what is drawn of it", async () => {
    const link = (id, content) => `<a href="#${id}" id=${id} style="display:contents">${content}</a>`;
    await pages.open(start + box(rows(30) + link("inner", "<div id=words>Inner words</div>") + rows(30, "More") + link("bare", "Bare words")));
    assert.deepEqual(await clicked(/link "Inner words"/), ["words"]);
    assert.deepEqual(await clicked(/link "Bare words"/), ["bare"]);
    assert.equal(await pages.evaluate("location.hash"), "#bare");
    await pages.evaluate("box.scrollTop = 0");
    await pages.post("browser/page/scroll_to", { ref: await pages.ref(/link "Inner words"/) });
    assert.ok(await pages.evaluate("box.scrollTop > 700"));
  });

  test("is brought into sight whatever scrolls: the body, a side bar, what snaps, what a shadow root or a scale draws", async () => {
    const side = `<style>html,body{height:100%;overflow:hidden}main{height:100%;overflow:auto}nav{position:fixed;right:0;top:0;bottom:0;width:180px;overflow:auto}</style>`;
    await pages.open(start + side + `<nav>${rows(60, "Nav")}</nav><main>${rows(80)}</main>`);
    for (const id of ["Nav 50", "Row 70", "Nav 2"]) assert.deepEqual(await clicked(new RegExp(`"${id}"`)), [id.replace(" ", "")]);
    await pages.open(start + `<style>html{overflow:hidden;height:100%}body{height:100%;overflow:auto}</style>${rows(80)}`);
    assert.deepEqual(await clicked(/"Row 70"/), ["Row70"]);
    assert.match((await turn("up", 3)).texts[1], /^<body> .*scrolled by 300 pixels/);
    await pages.open(start + box(rows(60).replaceAll("<div style=\"", "<div style=\"scroll-snap-align:start;"), "scroll-snap-type:y mandatory"));
    assert.deepEqual(await clicked(/"Row 55"/), ["Row55"]);
    await pages.open(start + `<x-a id=host>${rows(40)}</x-a><script>host.attachShadow({ mode: "open" }).innerHTML = '<div style="height:100px;overflow:auto"><slot></slot></div>'</script>`);
    assert.deepEqual(await clicked(/"Row 35"/), ["Row35"]);
    await pages.open(start + `<div style="transform:scale(.5);transform-origin:0 0">${box(rows(60), "border:20px solid")}</div>`);
    assert.deepEqual(await clicked(/"Row 55"/), ["Row55"]);
    assert.deepEqual(await clicked(/"Row 0"/), ["Row0"]);
    assert.doesNotMatch(await pages.read({ filter: "visible" }), /"Row 4"/);
  });

  test("of a text is clicked where the text stands", async () => {
    const words = Array.from({ length: 80 }, (_, n) => `<a href="#${n}" style="display:block">x</a>word${n}`).join("");
    await pages.open(start + box(`<div id=words>${words}</div>`));
    assert.deepEqual(await clicked(/text "word70"/), ["words"]);
    assert.ok(await pages.evaluate("box.scrollTop > 2000"));
  });
});

describe("what is stuck over a box or a page", () => {
  test("takes no click of what it covers", async () => {
    await pages.open(start + box(head(35) + rows(60), "height:66px"));
    for (const n of [40, 39, 3, 0]) assert.deepEqual(await clicked(new RegExp(`"Row ${n}"`)), [`Row${n}`]);
    // So high that it covers the middle as well.
    await pages.open(start + `<div id=h style="position:fixed;top:0;left:0;right:0;height:450px;background:#ccc;z-index:2">Head</div>` + rows(60));
    assert.deepEqual(await clicked(/"Row 40"/), ["Row40"]);
    assert.match(await refusal(/"Row 1"/), /covered by <div> "Head"/);
    await pages.open(start + `<div style="position:fixed;bottom:0;left:0;right:0;height:450px;background:#ccc;z-index:2">Foot</div>` + rows(60));
    assert.deepEqual(await clicked(/"Row 30"/), ["Row30"]);
  });

  test("in a dialog's table", async () => {
    const cells = Array.from({ length: 50 }, (_, n) => `<tr><td>${n}<td><button id=do${n}>Do ${n}</button>`).join("");
    await pages.open(
      start + `<dialog id=d style="padding:0"><div style="height:150px;overflow:auto"><table><thead style="position:sticky;top:0;background:#fff"><tr style="height:50px"><th>A<th>B</thead>${cells}</table></div></dialog><script>d.showModal()</script>`,
    );
    for (const n of [5, 45, 0]) assert.deepEqual(await clicked(new RegExp(`button "Do ${n}"`)), [`do${n}`]);
  });

  test("is told by scroll_to", async () => {
    await pages.open(start + `<div style="position:fixed;inset:0;background:#ccc;z-index:2">Curtain</div>` + rows(60));
    const ref = await pages.ref(/"Row 40"/);
    assert.match((await pages.post("browser/page/scroll_to", { ref })).output, /Scrolled to ref_\d+, which is covered by <div> "Curtain" there/);
    assert.deepEqual((await pages.tool("scroll_to", { target: { type: "ref", ref } })).texts, [`Scrolled to ${ref}.`, `It is covered by <div> "Curtain" there.`]);
  });
});

test("a list that is drawn as it scrolls is read and clicked where it stands", async () => {
  await pages.open(
    start + box(`<div style="height:30000px;position:relative" id=inside></div>`) +
      `<script>const draw = () => { const first = Math.floor(box.scrollTop / 30);
        inside.replaceChildren(...Array.from({ length: 12 }, (_, n) => Object.assign(document.createElement("button"), { id: "i" + (first + n), textContent: "Item " + (first + n), style: "position:absolute;top:" + (first + n) * 30 + "px" }))) };
      box.onscroll = () => requestAnimationFrame(draw); draw()</script>`,
  );
  assert.deepEqual(await clicked(/"Item 2"/), ["i2"]);
  assert.deepEqual(await clicked(/"Item 11"/), ["i11"]);
  assert.match((await turn("down", 10)).texts[1], /scrolled by 1000 pixels/);
  assert.deepEqual(await clicked(/"Item 45"/), ["i45"]);
});

describe("frames", () => {
  for (const path of ["/tall-same", "/tall-other", "/boxed-same", "/boxed-other", "/scrolling"])
    test(`that are scrolled by themselves or by what they stand in: ${path}`, async () => {
      await go(path);
      for (const n of [50, 59, 3]) assert.deepEqual(await clickedInFrame(new RegExp(`"Row ${n}"`)), [`Row${n}`]);
    });

  for (const path of ["/headed", "/headed-same"])
    test(`are clicked beside what is stuck over them: ${path}`, async () => {
      await go(path);
      for (const n of [40, 30, 59]) assert.deepEqual(await clickedInFrame(new RegExp(`"Row ${n}"`)), [`Row${n}`]);
      await pages.evaluate("scrollTo(0, 0)");
      const { detail, code } = await pages.refused("browser/page/click", { ref: await pages.ref(/"Row 0"/) });
      assert.equal(code, "covered");
      assert.match(detail, /button "Row 0"\) is covered by <div> "Head"/);
    });

  test("say which of them scrolled", async () => {
    await go("/scrolling");
    assert.equal((await turn("down", 10)).texts[1], "the frame scrolled by 1000 pixels: 500 more below, 1000 above.");
    assert.equal((await turn("down", 10)).texts[1], "the frame scrolled by 500 pixels: 0 more below, 1500 above.");
    assert.match((await turn("down", 1)).texts[1], /^the page scrolled by 100 pixels: \d+ more below, 100 above\.$/);
    await go("/boxed-other");
    assert.match((await turn("down", 2)).texts[1], /^<div> \[ref_\d+\] scrolled by 200 pixels: 14\d\d more below, 200 above\.$/);
  });
});

describe("the wheel", () => {
  const list = box(rows(30), "", 'id=box role=list aria-label="Files"');

  test("says what it moved, and how far that can be moved still", async () => {
    await pages.open(start + list + `<div style="height:3000px"></div>`);
    assert.deepEqual((await turn("down", 2)).texts.slice(0, 1), ["Scrolled down."]);
    assert.match((await turn("down", 10)).texts[1], /^list "Files" \[ref_\d+\] scrolled by 580 pixels: 0 more below, 780 above\.$/);
    assert.match((await turn("down", 1)).texts[1], /^the page scrolled by 100 pixels: \d+ more below, 100 above\.$/);
    assert.match(await pages.failure("scroll", { target: at(50, 10), scroll_direction: "right" }), /^Error: Nothing scrolled: the page has nothing to the right nor to the left\.$/);
  });

  test("that moves nothing is no success", async () => {
    await pages.open(start + list);
    await turn("down", 10);
    const input = { target: at(50, 60), scroll_direction: "down" };
    assert.match(await pages.failure("scroll", input), /^Error: Nothing scrolled: list "Files" \[ref_\d+\] is at its end, with nothing more below and 780 pixels above\.$/);
    const answer = await pages.desk.post("browser/page/scroll", { coordinate: { x: 50, y: 60 } });
    assert.equal(answer.success, false);
    assert.match(answer.error, /^Nothing scrolled/);
    assert.deepEqual({ ...answer.scrolled, box: "" }, { box: "", by: 0, ahead: 0, back: 780 });
  });

  test("turns over an element that it is given", async () => {
    await pages.open(start + `<div style="height:2000px"></div>` + list + `<div style="height:2000px"></div>`);
    const ref = await pages.ref(/list "Files"/);
    const answer = await pages.post("browser/page/scroll", { ref, amount: 120 });
    assert.deepEqual(answer.scrolled, { box: `list "Files" [${ref}]`, by: 120, ahead: 660, back: 120 });
    assert.match(answer.output, /scrolled by 120 pixels/);
    assert.equal(await pages.evaluate("box.scrollTop"), 120);
    await pages.tool("scroll", { target: { type: "ref", ref: await pages.ref(/"Row 20"/) }, scroll_direction: "up", scroll_amount: 1 });
    assert.ok(await pages.evaluate("box.scrollTop > 200"));
    assert.equal((await pages.refused("browser/page/scroll", { ref, direction: "sideways" })).status, 422);
    assert.equal((await pages.refused("browser/page/scroll", {})).status, 422);
  });

  test("that the page takes for itself is told so", async () => {
    await pages.open(start + `<div id=map style="height:300px">map</div><script>map.addEventListener("wheel", (e) => { e.preventDefault(); seen.push("zoom") }, { passive: false })</script>`);
    assert.equal((await turn("down", 1)).texts[1], "No box scrolled: the page did something of its own with the wheel.");
    assert.deepEqual(await seen(), ["zoom"]);
  });

  test("waits for what moves slowly, and counts from right to left too", async () => {
    await pages.open(start + box(rows(30), "scroll-behavior:smooth") + box(`<div style="width:3000px">wide</div>`, "width:500px", "id=rtl dir=rtl"));
    assert.match((await turn("down", 3)).texts[1], /scrolled by 300 pixels: 480 more below, 300 above/);
    assert.match((await turn("left", 3, 50, 180)).texts[1], /scrolled by 300 pixels: 2200 more to the left, 300 to the right/);
  });

  test("counts what lies before a box's beginning, however it is laid out", async () => {
    const sides = { up: ["above", "below"], down: ["below", "above"], left: ["to the left", "to the right"], right: ["to the right", "to the left"] };
    const large = `<div style="flex:none;width:800px;height:700px"></div>`;
    const layouts = [
      ["display:flex;flex-direction:column-reverse", "up", "right"],
      ["display:flex;flex-direction:column-reverse;scroll-snap-type:y mandatory", "up", "right"],
      ["display:flex;flex-direction:row-reverse", "down", "left"],
      ["display:flex;flex-direction:row-reverse;direction:rtl", "down", "right"],
      ["display:flex;flex-wrap:wrap-reverse", "up", "right"],
      ["writing-mode:vertical-rl", "down", "left"],
      ["writing-mode:vertical-lr", "down", "right"],
      ["writing-mode:sideways-lr", "up", "right"],
      ["writing-mode:vertical-rl;direction:rtl", "up", "left"],
    ];
    for (const [style, ...ways] of layouts) {
      await pages.open(start + box(large, `width:300px;${style}`));
      await pages.evaluate(`(box.style.overflow = "scroll", box.style.scrollbarWidth = "none", 0)`);
      for (const way of ways) {
        const [ahead, back] = sides[way];
        const most = way === "up" || way === "down" ? 580 : 500;
        const told = async (direction, amount) => (await turn(direction, amount)).texts[1].replace(/^.* (?=scrolled)/, "");
        const opposite = Object.keys(sides).find((one) => sides[one][0] === back);
        assert.equal(await told(way, 1), `scrolled by 100 pixels: ${most - 100} more ${ahead}, 100 ${back}.`, `${style} ${way}`);
        assert.equal(await told(way, 9), `scrolled by ${most - 100} pixels: 0 more ${ahead}, ${most} ${back}.`, `${style} ${way}`);
        assert.equal(await told(opposite, 9), `scrolled by ${most} pixels: 0 more ${back}, ${most} ${ahead}.`, `${style} ${opposite}`);
        assert.match(
          await pages.failure("scroll", { target: at(50, 60), scroll_direction: opposite, scroll_amount: 1 }),
          new RegExp(`is at its end, with nothing more ${back} and ${most} pixels ${ahead}\\.$`),
        );
      }
    }
  });

  test("of a page that begins at its right or at its bottom", async () => {
    await pages.open(`<style>html{writing-mode:vertical-rl;direction:rtl}</style><div style="width:3000px;height:3000px"></div>`);
    assert.match((await turn("up", 1)).texts[1], /^the page scrolled by 100 pixels: 2\d\d\d more above, 100 below\.$/);
    assert.match((await turn("left", 1)).texts[1], /^the page scrolled by 100 pixels: \d+ more to the left, 100 to the right\.$/);
    assert.match((await turn("down", 1)).texts[1], /: 0 more below, 2\d\d\d above\.$/);
  });

  test("that moves nothing leaves a chat where it is, and nothing tells its page otherwise while it is off its end", async () => {
    await pages.open(start + box(rows(60), "display:flex;flex-direction:column-reverse") + `<script>const places = []; box.addEventListener("scroll", () => places.push(box.scrollTop))</script>`);
    await turn("up", 1);
    assert.ok(await pages.evaluate("places.length > 0 && places.every((at) => at >= -100 && at <= 0)"));
    await turn("down", 1);
    await pages.failure("scroll", { target: at(50, 60), scroll_direction: "down", scroll_amount: 1 });
    assert.equal(await pages.evaluate("box.scrollTop"), 0);
    assert.ok(await pages.evaluate("places.every((at) => at >= -100 && at <= 0)"), "what was tried is never seen");
  });
});
