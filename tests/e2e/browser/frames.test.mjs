// Frames of other sites: within each other, after navigations, busy ones, replaced ones, and turned ones.
import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { onPages, serveInDesk } from "../lib/pages.mjs";

const pages = onPages(prepare);
const port = 8211;
const A = `http://127.0.0.1:${port}`;
const L = `http://localhost:${port}`;
const third = `http://third.localhost:${port}`;
const button = `<button onclick="this.textContent = 'done'">Deep</button>`;
const showing = (url) => `<p>around</p><iframe src="${url}"></iframe>`;

/** Shows one after the other; each clicks to tell where it was hit. */
const target = `<style>body{margin:0}button{position:absolute;left:170px;top:20px;width:40px;height:20px}</style><button onclick="this.textContent='done'">Deep</button>`;
const turns = {
  "turned a quarter": "transform:rotate(90deg)",
  "turned askew": "transform:rotate(33deg)",
  mirrored: "transform:scaleX(-1)",
  "upside down": "transform:scaleY(-1)",
  "unevenly scaled": "transform:scale(1.6,0.6)",
  skewed: "transform:skewX(30deg)",
  "tilted away": "transform:perspective(500px) rotateY(40deg)",
  "bordered and scaled": "border:9px solid;padding:5px;transform:scale(0.7) rotate(-20deg)",
};

async function prepare() {
  const entries = Object.values(turns).map((style, at) => [
    `/turned-${at}`,
    `<style>body{margin:0}</style><iframe style="position:absolute;left:200px;top:150px;width:240px;height:120px;${style}" src="${L}/target"></iframe>`,
  ]);
  const bodies = {
    "/same": showing(`${L}/same-outer`),
    "/same-outer": showing(`${L}/in`),
    "/back": showing(`${L}/back-outer`),
    "/back-outer": showing(`${A}/in`),
    "/third": showing(`${L}/third-outer`),
    "/third-outer": showing(`${third}/in`),
    "/deep": showing(`${L}/back-outer-deep`),
    "/back-outer-deep": showing(`${L}/third-outer`),
    "/in": `${button}<p>words</p>`,
    "/target": target,
    "/target-outer": `<style>body{margin:0}iframe{border:0;width:240px;height:120px;transform:rotate(180deg)}</style><iframe src="${third}/target"></iframe>`,
    "/twice": `<style>body{margin:0}</style><iframe style="position:absolute;left:200px;top:150px;border:0;width:260px;height:140px;transform:rotate(90deg)" src="${L}/target-outer"></iframe>`,
    "/busy": `<p>Top text</p><button onclick="this.textContent='top done'">Top</button><iframe title=Busy src="${L}/loop"></iframe><iframe title=Fine src="${third}/in"></iframe>`,
    "/loop": `<p>loop</p><script>setTimeout(() => { parent.postMessage("busy", "*"); while (true) {} }, 100)</script>`,
    // All of them are there before the first one's loop keeps their process.
    "/late-loop": `<p>loop</p><script>setTimeout(() => { while (true) {} }, 2000)</script>`,
    "/two-busy": `${`<iframe src="${L}/late-loop"></iframe>`.repeat(6)}<button>Top</button>`,
    "/replaced": `<button>Top</button><iframe src="${L}/in"></iframe><script>let n = 0; setInterval(() => { document.querySelector("iframe").src = ["${L}", "${third}"][++n % 2] + "/in?" + n }, 25)</script>`,
    "/sandboxed": `<p>around</p><div style="height:2000px"></div>${["srcdoc='<button>Inner</button>'", `src="${A}/in"`, `src="${L}/in"`].map((from) => `<iframe sandbox ${from}></iframe>`).join("")}`,
    "/sandboxed-box": `<iframe sandbox srcdoc="<div style='height:100px;overflow:auto'><p style='height:900px'>long</p><button>Deep</button></div>"></iframe>`,
    ...Object.fromEntries(
      Object.entries({ object: "data", embed: "src" }).flatMap(([tag, from]) =>
        [["same", A], ["other", L]].map(([site, at]) => [
          `/${tag}-${site}`,
          `<p>around</p><div style="height:2000px"></div><${tag} ${from}="${at}/in" width=200 height=100></${tag}>`,
        ]),
      ),
    ),
    "/objects": `<object data="${A}/nothing">Instead</object><object data="${A}/in" width=200 height=100>Never <input type=file></object><object data="${A}/picture" width=90 height=90></object>`,
    "/nested": `<object data="${L}/embed-same" width=300 height=200></object>`,
    ...Object.fromEntries(entries),
  };
  await serveInDesk(
    pages,
    {
      ...Object.fromEntries(Object.entries(bodies).map(([path, body]) => [path, { body: `<!doctype html><meta charset=utf-8>${body}` }])),
      "/picture": { headers: { "Content-Type": "image/bmp" }, body: "BM" },
    },
    port,
  );
}

const go = (path) => pages.post("browser/cdp/navigate", { url: A + path });

/** The reference, as soon as the frame is there. */
async function appears(pattern) {
  const end = Date.now() + 60_000;
  for (;;) {
    const tree = await pages.read();
    const line = tree.split("\n").find((one) => pattern.test(one));
    if (line) return line.match(/\[(ref_\d+)\]/)[1];
    assert.ok(Date.now() < end, `${pattern}: ${tree}`);
  }
}

describe("frames within frames of other sites", () => {
  test("are read, found and clicked, again after every navigation of the tab", async () => {
    for (const path of ["/same", "/back", "/third", "/deep", "/back", "/third", "/same"]) {
      await go(path);
      const ref = await appears(/button "Deep"/);
      const { matches } = await pages.post("browser/page/find", { query: "Deep" });
      assert.deepEqual(matches.map((match) => match.ref), [ref], path);
      await pages.post("browser/page/click", { ref });
      await appears(/button "done"/);
      await pages.tool("navigate", { url: "reload" });
      const again = await appears(/button "Deep"/);
      await pages.tool("left_click", { target: { type: "ref", ref: again } });
      await appears(/button "done"/);
      assert.equal((await pages.refused("browser/page/click", { ref })).code, "stale_reference");
    }
  });

  test("are filled and scrolled to by reference, and end with the frame around them", async () => {
    await go("/third");
    const ref = await appears(/button "Deep"/);
    await pages.post("browser/page/scroll_to", { ref });
    await pages.evaluate(`document.querySelector("iframe").remove()`);
    assert.equal((await pages.refused("browser/page/click", { ref })).code, "stale_reference");
    assert.doesNotMatch(await pages.read(), /Deep/);
    assert.equal((await pages.get("browser/tabs")).tabs.length, 1, "the tab is open");
  });
});

describe("a frame that may run no scripts", () => {
  test("is clicked and hovered like others, wherever its document is from", async () => {
    await go("/sandboxed");
    await appears(/"Inner"/);
    const tree = await pages.readUntil(/"Deep"[^]*"Deep"/);
    const refs = tree.split("\n").filter((line) => /button/.test(line)).map((line) => line.match(/\[(ref_\d+)\]/)[1]);
    assert.equal(refs.length, 3, tree);
    for (const ref of refs) {
      await pages.post("browser/page/click", { ref });
      await appears(new RegExp(`${ref}\\] \\(.*focused`));
      await pages.evaluate("scrollTo(0, 0)");
      await pages.tool("hover", { target: { type: "ref", ref } });
      await pages.evaluate("scrollTo(0, 0)");
      await pages.tool("left_click", { target: { type: "ref", ref } });
      await pages.post("browser/page/scroll_to", { ref });
    }
  });

  test("is scrolled, and says what moved", async () => {
    await go("/sandboxed-box");
    await appears(/"Deep"/);
    const input = { target: { type: "coordinate", x: 60, y: 60 }, scroll_direction: "down", scroll_amount: 1 };
    assert.match((await pages.tool("scroll", input)).texts[1], /^<div> .*scrolled by 100 pixels: 7\d\d more below, 100 above\.$/);
    await pages.post("browser/page/click", { ref: await appears(/"Deep"/) });
    await appears(/"Deep" .*focused/);
  });
});

describe("a document in an element of another kind", () => {
  for (const tag of ["object", "embed"])
    for (const site of ["same", "other"])
      test(`is read, found and clicked: ${tag}, ${site} site`, async () => {
        await go(`/${tag}-${site}`);
        const ref = await appears(/button "Deep"/);
        assert.match(await pages.read(), new RegExp(`^${tag} \\[ref_\\d+\\]\n  button "Deep"`, "m"));
        const { matches } = await pages.post("browser/page/find", { query: "Deep" });
        assert.deepEqual(matches.map((match) => match.ref), [ref]);
        assert.doesNotMatch(await pages.read({ filter: "interactive" }), /Deep/, "it is out of sight");
        await pages.post("browser/page/click", { ref });
        await appears(/button "done"/);
        assert.match(await pages.read({ filter: "interactive" }), /button "done"/);
        assert.match((await pages.post("browser/page/text")).text, /around\s+words/);
        await pages.tool("left_click", { target: { type: "ref", ref } });
      });

  test("also within one of another site", async () => {
    await go("/nested");
    await pages.post("browser/page/click", { ref: await appears(/button "Deep"/) });
    await appears(/button "done"/);
  });

  test("stands for what would be shown instead, and a picture is none", async () => {
    await go("/objects");
    await appears(/"Deep"/);
    const tree = await pages.read();
    assert.match(tree, /object "Instead"/);
    assert.doesNotMatch(tree, /Never|file input/);
    assert.match(tree, /object \[ref_\d+\]\n$/, "nothing is told within the picture");
    const { text } = await pages.post("browser/page/text");
    assert.match(text, /Instead/);
    assert.doesNotMatch(text, /Never/);
  });
});

test("frames that are replaced meanwhile never fail the page", async () => {
  await go("/replaced");
  for (let round = 0; round < 60; ++round) {
    const { status, body } = await pages.desk.ask("browser/page/read", { filter: "all" });
    assert.equal(status, 200, JSON.stringify(body));
    assert.match(body.text, /button "Top"/);
  }
});

describe("what is in a frame that is drawn otherwise is clicked where it is seen", () => {
  for (const [at, name] of Object.keys(turns).entries())
    test(name, async () => {
      await go(`/turned-${at}`);
      await pages.post("browser/page/click", { ref: await appears(/button "Deep"/) });
      await appears(/button "done"/);
    });

  test("one turned in one that is turned", async () => {
    await go("/twice");
    await pages.post("browser/page/click", { ref: await appears(/button "Deep"/) });
    await appears(/button "done"/);
  });
});

// Last: the process that draws them stays busy, and draws what else is of that site.
describe("a frame that does not answer", () => {
  test("is left out and marked, and the rest of the page works", async () => {
    await pages.post("browser/cdp/navigate", { url: `${A}/busy`, wait_until: "domcontentloaded" });
    await appears(/button "Deep"/);
    await appears(/iframe "Busy" \[ref_\d+\] \(not read: it does not answer\)/);
    const { matches, truncated } = await pages.post("browser/page/find", { query: "Top" });
    assert.equal(matches[0].name, "Top");
    assert.equal(truncated, true, "not all of the page was searched");
    assert.match((await pages.post("browser/page/text")).text, /Top text/);
    assert.match((await pages.tool("read_page", { filter: "all" })).text, /"Busy".*not read/);
    await pages.post("browser/page/click", { ref: await appears(/button "Top"/) });
    await appears(/button "top done"/);
    await pages.post("browser/page/click", { ref: await appears(/button "Deep"/) });
    await appears(/button "done"/);
  });

  test("costs its time once, however many its process draws", async () => {
    await pages.post("browser/cdp/navigate", { url: `${A}/two-busy`, wait_until: "commit" });
    const tree = await pages.readUntil(/not read: it does not answer[^]*not read: it does not answer/);
    assert.match(tree, /button "Top"/);
  });
});
