// Members of browser_toolset_20260801 that look, go, point and type, as a model calls them.
import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { until } from "../lib/carrel.mjs";
import { serveInDesk, sizeOf } from "../lib/pages.mjs";
import { home, onSite } from "../lib/toolset_site.mjs";

const pages = onSite();

const at = (x, y) => ({ type: "coordinate", x, y });
const tool = (name, input) => pages.tool(name, input);
const ref = (pattern) => pages.target(pattern);
/** Of a picture at these places, by the page's own means. */
const colours = async (png, places) => {
  const text = `const picture = new Image(); picture.src = "data:image/png;base64,${png.toString("base64")}"; await picture.decode();
    const canvas = new OffscreenCanvas(picture.width, picture.height).getContext("2d"); canvas.drawImage(picture, 0, 0);
    JSON.stringify(${JSON.stringify(places)}.map(([x, y]) => [...canvas.getImageData(x, y, 1, 1).data].join()))`;
  const names = { "255,0,0,255": "red", "255,255,255,255": "white" };
  return JSON.parse((await tool("javascript_exec", { text })).text).map((colour) => names[colour] ?? colour);
};
const seen = () => pages.evaluate("seen.splice(0)");

/** A page of which every event of pointer and keys is noted. */
const recorder = `<title>Recorder</title><style>body{margin:0;height:3000px}</style><input id=field style="position:absolute;left:10px;top:10px"><script>
  const seen = []; const held = (e) => [e.ctrlKey && "ctrl", e.shiftKey && "shift", e.altKey && "alt", e.metaKey && "meta"].filter(Boolean).join("+");
  for (const type of ["mousedown","mouseup","click","dblclick","auxclick","contextmenu","mousemove"]) addEventListener(type, (e) => { if (type === "contextmenu") e.preventDefault(); seen.push([type, e.clientX, e.clientY, e.button, e.detail, held(e)].join(" ")) });
  for (const type of ["keydown","keyup"]) addEventListener(type, (e) => seen.push([type, e.key, e.code, held(e), e.repeat ? "repeat" : ""].join(" ").trim()));
</script>`;

describe("looking and going", () => {
  test("navigate: addresses, what they become, history", async () => {
    assert.equal((await tool("navigate", { url: home })).text, `Navigated to ${home}/ — Home (HTTP 200)`);
    assert.equal(
      (await tool("navigate", { url: `${home}/moved` })).text,
      `Navigated to ${home}/second — Second (HTTP 200)`,
    );
    assert.equal(
      (await tool("navigate", { url: `${home}/missing` })).text,
      `Navigated to ${home}/missing — Missing (HTTP 404)`,
    );
    assert.match((await tool("navigate", { url: "back" })).text, /^Navigated to .*\/second — Second/);
    assert.match((await tool("navigate", { url: " Forward " })).text, /missing — Missing/);
    assert.match((await tool("navigate", { url: "reload" })).text, /missing — Missing \(HTTP 404\)$/);
    assert.match(await pages.failure("navigate", { url: "forward" }), /no page to go forward to/);
    assert.match(
      await pages.failure("navigate", { url: "http://127.0.0.1:8199/" }),
      /ERR_CONNECTION_REFUSED/,
    );
    assert.match(
      await pages.failure("navigate", { url: "example.test" }),
      /^Error: https:\/\/example\.test could not be opened: net::ERR/,
    );
    assert.match(await pages.failure("navigate", { url: "javascript:alert(1)" }), /cannot be opened/);
    assert.match(await pages.failure("navigate", { url: "" }), /address/);
  });

  test("navigate: a page that asks whether to leave, or greets with an alert, holds nothing up", async () => {
    await tool("navigate", { url: `${home}/leave` });
    await tool("left_click", { target: at(20, 20) });
    const { texts } = await tool("navigate", { url: `${home}/alerting` });
    assert.match(texts[0], /^Navigated to .*alerting/);
    assert.deepEqual(texts.slice(1), ['An alert dialog "hello" was dismissed.']);
    assert.equal(await pages.evaluate("document.title"), "After");
  });

  test("screenshot and zoom are of the viewport", async () => {
    await pages.open(
      `<style>body{margin:0;background:#fff}</style><div style="width:100px;height:50px;background:#f00"></div><div style="height:5000px"></div>`,
    );
    const [width, height] = await pages.evaluate("[innerWidth, innerHeight]");
    assert.deepEqual(sizeOf((await tool("screenshot")).image), [width, height]);
    await pages.evaluate("scrollTo(0, 1000)");
    assert.deepEqual(sizeOf((await tool("screenshot")).image), [width, height]);
    const zoomed = sizeOf((await tool("zoom", { region: [0, 0, 100, 50] })).image);
    assert.ok(zoomed[0] >= 400 && Math.abs(zoomed[0] / zoomed[1] - 2) < 0.02, zoomed.join("x"));
    for (const region of [
      [0, 0, 0, 10],
      [10, 0, 0, 10],
      [0, 0, width + 1, 10],
      [-1, 0, 5, 5],
      [1, 2, 3],
    ])
      assert.match(await pages.failure("zoom", { region }), /region/);
  });

  test("on a page that is zoomed pictures show the viewport in the pixels of clicks, and wheels turn in them", async () => {
    await pages.open(
      `<style>html{scrollbar-width:none}body{margin:0;background:#fff}</style><div style="height:5000px"></div><div id=corner style="position:fixed;right:0;bottom:0;width:40px;height:30px;background:#f00" onclick="document.title = 'hit'"></div>`,
    );
    const size = () => pages.evaluate("[innerWidth, innerHeight]");
    const [whole] = await size();
    try {
      for (const [factor, ...keys] of [[1.5, "plus", "plus", "plus"], [0.75, "0", "minus", "minus", "minus"]]) {
        for (const key of keys) await pages.post("keyboard/key", { key: `ctrl+${key}` });
        await until("it is zoomed", async () => (await pages.evaluate("devicePixelRatio")) === factor);
        const [width, height] = await until("it has its size", async () => {
          const now = await size();
          return Math.abs(now[0] * factor - whole) <= 2 && now;
        });
        await pages.evaluate("scrollTo(0, 1000)");
        const { image } = await tool("screenshot");
        assert.deepEqual(sizeOf(image), [width, height]);
        assert.deepEqual(await colours(image, [[width - 20, height - 15], [width - 60, height - 15], [20, 20]]), ["red", "white", "white"]);
        const zoomed = (await tool("zoom", { region: [width - 100, height - 50, width, height] })).image;
        assert.deepEqual(sizeOf(zoomed), [800, 400]);
        assert.deepEqual(await colours(zoomed, [[700, 300], [400, 300], [700, 100]]), ["red", "white", "white"]);
        await pages.evaluate("document.title = ''");
        await tool("left_click", { target: at(width - 20, height - 15) });
        assert.equal(await pages.evaluate("document.title"), "hit");
        const before = await pages.evaluate("scrollY");
        await pages.post("browser/page/scroll", { coordinate: { x: 100, y: 100 }, direction: "down", amount: 120 });
        const moved = (await pages.evaluate("scrollY")) - before;
        assert.ok(Math.abs(moved - 120) < 1.5, `${moved} at ${factor}`);
      }
    } finally {
      await pages.post("keyboard/key", { key: "ctrl+0" });
    }
  });

  test("read_page, find and get_page_text", async () => {
    await pages.open(
      `<h1>Shop</h1><button>Buy</button><div style="height:4000px"></div><button>Far away</button>`,
    );
    const visible = (await tool("read_page", {})).text;
    assert.match(visible, /heading "Shop" \[ref_\d+\][^]*button "Buy" \[ref_\d+\]/);
    assert.doesNotMatch(visible, /Far away/);
    assert.match((await tool("read_page", { filter: "all" })).text, /Far away/);
    assert.doesNotMatch((await tool("read_page", { filter: "interactive", depth: 3 })).text, /heading/);
    const target = await ref(/Far away/);
    assert.match((await tool("read_page", { ref: target.ref })).text, /^button "Far away"/);
    assert.match(
      await pages.failure("read_page", { ref: "ref_99999" }),
      /^Error: ref_99999 is no longer on the page/,
    );
    assert.match(await pages.failure("read_page", { depth: 0 }), /depth/);
    assert.match((await tool("find", { query: "far button" })).text, /^button "Far away" \[ref_\d+\]/);
    assert.match((await tool("find", { query: "zebra" })).text, /^No element matches "zebra"/);
    assert.match((await tool("get_page_text")).text, /Shop/);
  });

  test("javascript_exec: values, promises, statements, exceptions, dialogs", async () => {
    await pages.open(`<title>JS</title><div id=d></div>`);
    for (const [text, result] of [
      ["1 + 1", "2"],
      ["0.1 + 0.2", "0.30000000000000004"],
      ["2 ** 60", "1152921504606847000"],
      ["'text'", "text"],
      ["({a: [1, 'x']})", '{"a":[1,"x"]}'],
      ["undefined", "undefined"],
      ["null", "null"],
      ["''", "(empty)"],
      ["await Promise.resolve(5)", "5"],
      ["Promise.resolve('later')", "later"],
      ["const q = 3; q * 2", "6"],
      ["const q = 4; q", "4"],
      ["return document.title", "JS"],
      ["document.getElementById('d')", "div#d"],
      ["10n", "10n"],
      ["new DOMPoint(1, 2)", '{"x":1,"y":2,"z":0,"w":1}'],
      ["[new URL('http://x.test/a')]", '["http://x.test/a"]'],
      ["({})", "{}"],
    ])
      assert.equal((await tool("javascript_exec", { text })).text, result, text);
    const text = "document.body.getBoundingClientRect()";
    const box = JSON.parse((await tool("javascript_exec", { text })).text);
    assert.ok(box.width > 0 && box.left === box.x, JSON.stringify(box));
    assert.match(
      await pages.failure("javascript_exec", { text: "throw new TypeError('no')" }),
      /^The script threw: TypeError: no/,
    );
    assert.match(
      await pages.failure("javascript_exec", { text: "Promise.reject(new Error('late'))" }),
      /late/,
    );
    assert.match(await pages.failure("javascript_exec", { text: "syntax error here" }), /SyntaxError/);
    const { texts } = await tool("javascript_exec", { text: "[confirm('Sure?'), prompt('Name?')]" });
    assert.deepEqual(texts, [
      "[false,null]",
      'A confirm dialog "Sure?" was dismissed.',
      'A prompt dialog "Name?" was dismissed.',
    ]);
    assert.ok((await tool("javascript_exec", { text: "'x'.repeat(1e6)" })).text.length < 51_000);
  });

  test("read_console and read_network tell what is new since the last time", async () => {
    await tool("navigate", { url: home });
    await tool("read_console");
    await tool("read_network");
    await tool("javascript_exec", {
      text: `console.log("one", {a: 1}); console.error("two\\nlines"); await (await fetch("/missing")).text(); 1`,
    });
    const lines = (await tool("read_console")).text.split("\n").filter((line) => !line.includes("404"));
    assert.equal(lines.length, 2);
    assert.match(lines[0], /^\[log\] one \{a: 1\}/);
    assert.match(lines[1], /^\[error\] two lines/);
    assert.match((await tool("read_network")).text, new RegExp(`GET ${home}/missing 404 text/html \\d+ ms`));
    // The browser's own line about the 404 may come late.
    assert.doesNotMatch((await tool("read_console")).text, /one|two/);
  });
});

describe("pointer and keys", () => {
  test("clicks of all kinds, at places and on elements, with modifiers", async () => {
    await pages.open(recorder);
    for (const [name, text, events] of [
      ["left_click", "Clicked.", ["mousedown 50 60 0 1", "mouseup 50 60 0 1", "click 50 60 0 1"]],
      [
        "right_click",
        "Right-clicked.",
        ["mousedown 50 60 2 1", "contextmenu 50 60 2 0", "mouseup 50 60 2 1", "auxclick 50 60 2 1"],
      ],
      ["middle_click", "Middle-clicked.", ["mousedown 50 60 1 1", "mouseup 50 60 1 1", "auxclick 50 60 1 1"]],
      [
        "double_click",
        "Double-clicked.",
        [
          "click 50 60 0 1",
          "mousedown 50 60 0 2",
          "mouseup 50 60 0 2",
          "click 50 60 0 2",
          "dblclick 50 60 0 2",
        ],
      ],
      ["triple_click", "Triple-clicked.", ["click 50 60 0 2", "click 50 60 0 3"]],
    ]) {
      assert.equal((await tool(name, { target: at(50, 60) })).text, text);
      const all = (await seen()).map((event) => event.trim());
      for (const event of events) assert.ok(all.includes(event), `${name}: ${event} in ${all.join(", ")}`);
    }
    await tool("left_click", { target: at(50, 60), modifiers: "ctrl+shift" });
    const all = await seen();
    assert.ok(all.includes("click 50 60 0 1 ctrl+shift"), all.join());
    assert.ok(
      all.includes("keydown Control ControlLeft ctrl") &&
        all.some((event) => event.startsWith("keyup Control")),
    );
    await tool("left_click", { target: await ref(/textbox/) });
    assert.equal(await pages.evaluate("document.activeElement.id"), "field");
    assert.match(await pages.failure("left_click", { target: at(5000, 1) }), /outside the viewport/);
    assert.match(await pages.failure("left_click", { target: at(1, 1), modifiers: "a" }), /modifiers/);
  });

  test("hover, mouse_move, left_mouse_down, left_mouse_up and left_click_drag", async () => {
    await pages.open(recorder);
    assert.equal((await tool("hover", { target: at(70, 80) })).text, "Hovered.");
    assert.equal((await tool("mouse_move", { target: at(75, 85) })).text, "Moved the mouse.");
    assert.equal((await tool("left_mouse_down", { target: at(80, 90) })).text, "Mouse button pressed.");
    assert.equal((await tool("left_mouse_up", { target: at(180, 190) })).text, "Mouse button released.");
    const all = (await seen()).map((event) => event.trim());
    for (const event of [
      "mousemove 70 80 0 0",
      "mousemove 75 85 0 0",
      "mousedown 80 90 0 1",
      "mouseup 180 190 0 1",
    ])
      assert.ok(all.includes(event), `${event} in ${all}`);
    assert.equal(
      (await tool("left_click_drag", { from: at(20, 100), target: at(220, 300) })).text,
      "Dragged.",
    );
    const dragged = (await seen()).map((event) => event.trim());
    assert.ok(dragged.includes("mousedown 20 100 0 1") && dragged.includes("mouseup 220 300 0 1"));
    assert.ok(dragged.filter((event) => event.startsWith("mousemove")).length >= 3);
    for (const name of ["mouse_move", "left_mouse_down", "left_mouse_up"])
      assert.match(await pages.failure(name, { target: { type: "ref", ref: "ref_1" } }), /coordinate target/);
    assert.match(
      await pages.failure("left_click_drag", { from: { type: "ref", ref: "ref_1" }, target: at(1, 1) }),
      /^Error: from: expected a coordinate target/,
    );
  });

  test("scroll and scroll_to", async () => {
    await pages.open(`${recorder}<p style="position:absolute;top:2800px">End</p>`);
    assert.equal(
      (await tool("scroll", { target: at(300, 300), scroll_direction: "down" })).text,
      "Scrolled down.",
    );
    assert.equal(await pages.evaluate("scrollY"), 300);
    await tool("scroll", { target: at(300, 300), scroll_direction: "up", scroll_amount: 1 });
    assert.equal(await pages.evaluate("scrollY"), 200);
    const target = await ref(/"End"/);
    assert.equal((await tool("scroll_to", { target })).text, `Scrolled to ${target.ref}.`);
    assert.ok((await pages.evaluate("scrollY")) > 1500);
    assert.match(
      await pages.failure("scroll", { target: at(1, 1), scroll_direction: "sideways" }),
      /scroll_direction/,
    );
    assert.match(
      await pages.failure("scroll", { target: at(1, 1), scroll_direction: "down", scroll_amount: 11 }),
      /scroll_amount/,
    );
  });

  test("type, key and hold_key", async () => {
    await pages.open(`${recorder}<textarea id=area style="position:absolute;top:50px;left:10px"></textarea>`);
    await tool("left_click", { target: await ref(/textbox.*\n?/).catch(() => at(20, 20)) }).catch(() => {});
    await pages.evaluate("area.focus()");
    const text = "Grüße! aA1#\n你好 😀\tEnd";
    assert.equal((await tool("type", { text: text.replace("\t", " ") })).text, "Typed.");
    assert.equal(await pages.evaluate("area.value"), text.replace("\t", " "));
    assert.ok((await seen()).includes("keydown G KeyG shift"));
    assert.equal((await tool("key", { text: "ctrl+a" })).text, "Pressed ctrl+a.");
    await tool("key", { text: "Delete" });
    assert.equal(await pages.evaluate("area.value"), "");
    await tool("type", { text: "x".repeat(3000) });
    assert.equal(await pages.evaluate("area.value.length"), 3000);
    await tool("key", { text: "BackSpace Backspace", repeat: 2 });
    assert.equal(await pages.evaluate("area.value.length"), 2996);
    await tool("key", { text: "Home shift+End" });
    await seen();
    assert.equal((await tool("hold_key", { text: "shift+a", duration: 0.7 })).text, "Held shift+a for 0.7s.");
    const held = await seen();
    assert.ok(
      held.includes("keydown A KeyA shift") && held.includes("keydown A KeyA shift repeat"),
      held.join(),
    );
    assert.ok(held.at(-1).startsWith("keyup Shift") && held.at(-2).startsWith("keyup"));
    assert.match(await pages.failure("key", { text: "nonsense" }), /there is no key/);
    assert.match(await pages.failure("key", { text: "a", repeat: 101 }), /repeat/);
    assert.match(await pages.failure("hold_key", { text: "a", duration: 31 }), /duration/);
    assert.match(await pages.failure("hold_key", { text: "a b", duration: 1 }), /one key/);
    assert.match(await pages.failure("type", { text: "\u0007" }), /control characters/);
  });

  test("typing reaches a field in a frame of another site", async () => {
    await serveInDesk(
      pages,
      {
        "/": { body: `<iframe src="http://localhost:8161/in" width=500></iframe>` },
        "/in": { body: `<input aria-label=Inner>` },
      },
      8161,
    );
    await tool("navigate", { url: "http://127.0.0.1:8161/" });
    await pages.readUntil(/"Inner"/);
    await tool("left_click", { target: await ref(/"Inner"/) });
    await tool("type", { text: "abc é" });
    assert.match(await pages.read(), /textbox "Inner" \[ref_\d+\] value="abc é"/);
  });

  test("form_input and file_upload", async () => {
    await pages.open(
      `<input aria-label=Name><input type=checkbox aria-label=Agree><select aria-label=Size><option>S<option>M</select><input type=file aria-label=File>`,
    );
    const target = await ref(/"Name"/);
    assert.equal(
      (await tool("form_input", { target, value: "Ada" })).text,
      `Set the value of ${target.ref}.`,
    );
    await tool("form_input", { target: await ref(/"Agree"/), value: true });
    await tool("form_input", { target: await ref(/"Size"/), value: "M" });
    await pages.write("/home/agent/up.txt", "up");
    assert.equal(
      (await tool("file_upload", { target: await ref(/"File"/), paths: ["/home/agent/up.txt"] })).text,
      "Uploaded.",
    );
    const tree = await pages.read();
    for (const line of [
      /"Name".*value="Ada"/,
      /"Agree".*\(checked/,
      /"Size".*value="M"/,
      /"File".*value="up.txt"/,
    ])
      assert.match(tree, line);
    assert.match(
      await pages.failure("form_input", { target, value: null }),
      /^invalid input for browser member 'form_input': value:/,
    );
    assert.match(
      await pages.failure("form_input", { target: at(1, 1), value: "x" }),
      /expected a ref target/,
    );
    assert.match(await pages.failure("file_upload", { target: await ref(/"File"/) }), /at least one path/);
    assert.match(
      await pages.failure("file_upload", { target: await ref(/"File"/), document_ids: ["d"] }),
      /document ids/,
    );
    assert.match(
      await pages.failure("file_upload", { target: await ref(/"File"/), paths: ["/nope"] }),
      /no file of the desk/,
    );
  });

  test("wait", async () => {
    assert.equal((await tool("wait", { duration: 0.1 })).text, "Waited 0.1s.");
    assert.match(await pages.failure("wait", { duration: 31 }), /between 0 and 30/);
    assert.match(await pages.failure("wait", { duration: -1 }), /between 0 and 30/);
  });
});
