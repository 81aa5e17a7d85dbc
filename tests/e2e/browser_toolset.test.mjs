// All members of browser_toolset_20260801, as a model calls them; and the vendor's own SDK on top of them.
import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import { BetaAbstractBrowserToolset20260801, ToolError } from "@anthropic-ai/sdk/helpers/beta/toolsets";
import { until } from "./lib/carrel.mjs";
import { Pages, everything, serveInDesk, sizeOf } from "./lib/pages.mjs";

let pages;
let home;
before(async () => {
  pages = await Pages.start();
  home = await serveInDesk(pages, {
    "/": {
      body: `<title>Home</title><h1>Home</h1><a href="/second">Second</a><a href="/popup" target=_blank>Popup</a><a href="/file">File</a>`,
    },
    "/second": { body: `<title>Second</title><h1>Second page</h1>` },
    "/popup": { body: `<title>Popup</title>` },
    "/missing": { status: 404, body: `<title>Missing</title>` },
    "/moved": { status: 302, headers: { Location: "/second" } },
    "/leave": {
      body: `<title>Leave</title><p>stay</p><script>onbeforeunload = (e) => { e.preventDefault(); return "stay" }</script>`,
    },
    "/alerting": { body: `<title>Alerting</title><script>alert("hello"); document.title = "After"</script>` },
    "/file": {
      headers: {
        "Content-Type": "application/octet-stream",
        "Content-Disposition": "attachment; filename=f.bin",
      },
      body: "12345",
    },
  });
});
after(() => pages?.end());

const at = (x, y) => ({ type: "coordinate", x, y });
const tool = (name, input) => pages.tool(name, input);
const ref = (pattern) => pages.target(pattern);
const seen = () => pages.evaluate("seen.splice(0)");

/** A page of which every event of pointer and keys is noted. */
const recorder = `<title>Recorder</title><style>body{margin:0;height:3000px}</style><input id=field style="position:absolute;left:10px;top:10px"><script>
  const seen = []; const held = (e) => [e.ctrlKey && "ctrl", e.shiftKey && "shift", e.altKey && "alt", e.metaKey && "meta"].filter(Boolean).join("+");
  for (const type of ["mousedown","mouseup","click","dblclick","auxclick","contextmenu","mousemove"]) addEventListener(type, (e) => { if (type !== "mousemove") e.preventDefault === 0; if (type === "contextmenu") e.preventDefault(); seen.push([type, e.clientX, e.clientY, e.button, e.detail, held(e)].join(" ")) });
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
    ])
      assert.equal((await tool("javascript_exec", { text })).text, result, text);
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
    assert.equal((await tool("read_console")).text, "(empty)");
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

describe("tabs and the browser's state", () => {
  test("new_tab, list_tabs, switch_tab, close_tab answer the state and nothing else", async () => {
    await tool("navigate", { url: home });
    const before_ = (await pages.call("list_tabs")).content;
    assert.equal(before_.length, 1);
    const { content } = await pages.call("new_tab");
    assert.equal(content.length, 1);
    const [{ tabs, state_changes }] = content;
    const active = tabs.filter(({ active }) => active);
    assert.equal(active.length, 1);
    assert.equal(tabs.length, before_[0].tabs.length + 1);
    assert.deepEqual(state_changes, [{ type: "tab_opened", tab_id: active[0].tab_id }]);
    const first = before_[0].tabs.find(({ active }) => active).tab_id;
    const switched = (await pages.call("switch_tab", { tab_id: first })).content;
    assert.equal(switched.length, 1);
    assert.equal(switched[0].tabs.find(({ active }) => active).tab_id, first);
    assert.equal("state_changes" in switched[0], false);
    const closed = (await pages.call("close_tab", { tab_id: active[0].tab_id })).content;
    assert.equal(
      closed[0].tabs.some(({ tab_id }) => tab_id === active[0].tab_id),
      false,
    );
    for (const name of ["switch_tab", "close_tab"])
      assert.match(await pages.failure(name, { tab_id: "nowhere" }), /no tab nowhere/);
    assert.match(await pages.failure("screenshot", { tab_id: "nowhere" }), /no tab nowhere/);
    assert.match(
      await pages.failure("close_tab"),
      /^invalid input for browser member 'close_tab': tab_id: expected a string$/,
    );
  });

  test("a member acts on the tab that it names", async () => {
    await tool("navigate", { url: home });
    const first = (await tool("list_tabs")).state.tabs.find(({ active }) => active).tab_id;
    await tool("new_tab");
    assert.match((await tool("read_page", { tab_id: first })).text, /heading "Home"/);
    const { state } = await tool("left_click", { target: at(400, 400), tab_id: first });
    assert.equal(state.tabs.find(({ active }) => active).tab_id, first);
  });

  test("a popup is told, a download is told with its end", async () => {
    await tool("navigate", { url: home });
    const popped = await tool("left_click", { target: await ref(/"Popup"/) });
    const changes = popped.state.state_changes ?? (await tool("wait", { duration: 0.5 })).state.state_changes;
    assert.equal(changes[0].type, "tab_opened");
    const { tabs } = (await tool("list_tabs")).state;
    assert.ok(tabs.some(({ tab_id }) => tab_id === changes[0].tab_id));
    await tool("close_tab", { tab_id: changes[0].tab_id });
    await tool("navigate", { url: home });
    const told = [];
    told.push(...((await tool("left_click", { target: await ref(/"File"/) })).state.state_changes ?? []));
    for (let i = 0; i < 50 && !told.some(({ type }) => type === "download_completed"); ++i)
      told.push(...((await tool("wait", { duration: 0.1 })).state.state_changes ?? []));
    const end = told.at(-1);
    assert.deepEqual(
      { ...end, download_id: "x" },
      {
        type: "download_completed",
        download_id: "x",
        url: `${home}/file`,
        size_bytes: 5,
        path: "/home/agent/Downloads/f.bin",
      },
    );
    assert.ok(told.every(({ download_id }) => download_id === end.download_id));
    assert.match((await tool("navigate", { url: `${home}/file` })).text, /is a download/);
  });

  test("a tab that asks whether to leave is closed all the same", async () => {
    await tool("new_tab");
    await tool("navigate", { url: `${home}/leave` });
    await tool("left_click", { target: at(20, 20) });
    const tab = (await tool("list_tabs")).state.tabs.find(({ active }) => active).tab_id;
    const { state } = await tool("close_tab", { tab_id: tab });
    assert.ok(!state.tabs.some(({ tab_id }) => tab_id === tab));
  });

  test("members that are off or unknown are refused in the vendor's words", async () => {
    for (const name of ["file_upload", "read_console", "read_network", "javascript_exec"])
      assert.equal(
        await pages.failure(name, {}, {}),
        `The '${name}' action is not permitted by this application's permissions and cannot be used in this session.`,
      );
    assert.match(
      await pages.failure("navigate", { url: home }, { navigate: { enabled: false } }),
      /^The 'navigate' action is not permitted/,
    );
    for (const name of ["constructor", "hover_over", ""])
      assert.equal(await pages.failure(name), `Error: unknown browser toolset member '${name}'`);
    assert.equal((await pages.refused("browser/toolset", { input: {} })).status, 422);
    assert.equal((await pages.refused("browser/toolset", { name: "wait", input: [] })).status, 422);
  });
});

describe("a bad day", () => {
  test("a browser that hangs is an error within its time, and nothing is lost when it goes on", async () => {
    await tool("navigate", { url: home });
    const [{ tabs }] = (await pages.call("list_tabs")).content;
    await pages.run("pkill -STOP chromium");
    try {
      assert.match(await pages.failure("read_page"), /did not answer/);
    } finally {
      await pages.run("pkill -CONT chromium");
    }
    const [state] = (await pages.call("list_tabs")).content;
    assert.deepEqual(state, { type: "browser_state", tabs });
    assert.match((await tool("read_page")).text, /heading "Home"/);
  });

  test("a browser that is killed is started again by the next call", async () => {
    await tool("navigate", { url: home });
    const waiting = pages.call("hold_key", { text: "a", duration: 20 });
    await pages.run("sleep 0.3; pkill -KILL chromium");
    assert.equal((await waiting).is_error, true);
    assert.deepEqual((await pages.call("list_tabs")).content, [{ type: "browser_state", tabs: [] }]);
    assert.match((await tool("navigate", { url: home })).text, /Home/);
  });

  test("calls that come together are carried out one after another", async () => {
    await pages.open(`<input aria-label=Field>`);
    await tool("left_click", { target: await ref(/"Field"/) });
    await Promise.all(["a", "b", "c", "d"].map((text) => tool("type", { text: text.repeat(50) })));
    assert.match(
      await pages.evaluate("document.querySelector('input').value"),
      /^(a{50}|b{50}|c{50}|d{50}){4}$/,
    );
  });

  test("a page that closes itself, or is navigated by a click, is answered", async () => {
    await tool("navigate", { url: home });
    await tool("javascript_exec", { text: "window.open('/popup'); 1" });
    const tabs = async () => (await tool("list_tabs")).state.tabs;
    const popup = await until("the popup is there", async () =>
      (await tabs()).find(({ title }) => title === "Popup"),
    );
    await tool("javascript_exec", {
      text: "document.body.innerHTML = '<button onclick=window.close()>Close</button>'; 1",
      tab_id: popup.tab_id,
    });
    await tool("left_click", { target: at(20, 20), tab_id: popup.tab_id });
    await until(
      "the popup is gone",
      async () => !(await tabs()).some(({ tab_id }) => tab_id === popup.tab_id),
    );
    await tool("navigate", { url: home });
    const clicked = await tool("left_click", { target: await ref(/"Second"/) });
    assert.match(clicked.state.tabs.find(({ active }) => active).url, /second$/);
  });
});

describe("the vendor's SDK", () => {
  /** The SDK's pipeline, with every member carried out by the desk. */
  class Desk extends BetaAbstractBrowserToolset20260801 {
    last = undefined;

    constructor(options) {
      super({
        configs: everything,
        confirm: () => true,
        browserState: () => this.report(),
        filePolicy: {
          resolveUploadPaths: (_, paths) => paths,
          resolveUploadDocuments: (_, ids) => ids,
          isPathVisible: () => true,
        },
        ...options,
      });
    }

    report() {
      const { tabs, state_changes } = this.last;
      return { tabs, state_changes };
    }

    async execute(_, name, input) {
      const answer = await pages.call(name, input);
      this.answer = answer;
      const state = answer.content.find(({ type }) => type === "browser_state");
      this.last = state ?? (await pages.call("list_tabs")).content[0];
      if (answer.is_error) throw new ToolError(answer.content);
      const text = answer.content.find(({ type }) => type === "text")?.text;
      const image = answer.content.find(({ type }) => type === "image");
      const active = state.tabs.find(({ active }) => active);
      if (image) return { data: image.source.data, mediaType: image.source.media_type };
      if (name === "navigate") {
        const [, url, , title, , status] = text.match(/^Navigated to (\S+)( — (.*?))?( \(HTTP (\d+)\))?$/);
        return { url, title, status: status && Number(status) };
      }
      if (["new_tab", "switch_tab"].includes(name)) return active;
      if (name === "list_tabs") return state.tabs;
      return [
        "read_page",
        "find",
        "get_page_text",
        "read_console",
        "read_network",
        "javascript_exec",
      ].includes(name)
        ? text === "(empty)"
          ? ""
          : text
        : undefined;
    }
  }

  test("makes of our results the blocks that we answer, member by member", async () => {
    const desk = new Desk();
    const call = async (name, input = {}) => {
      const result = await desk.toolResult({
        type: "tool_use",
        id: "toolu_1",
        name,
        input,
        toolset_name: "browser",
      });
      assert.equal(result.toolset_name, "browser");
      return result;
    };
    const same = async (name, input) => {
      const result = await call(name, input);
      assert.notEqual(result.is_error, true, JSON.stringify(result.content));
      assert.deepEqual(result.content, desk.answer.content, name);
      return result.content;
    };
    await same("navigate", { url: home });
    const tree = (await same("read_page", { filter: "all" }))[0].text;
    const second = { type: "ref", ref: tree.match(/link "Second" \[(ref_\d+)\]/)[1] };
    for (const [name, input] of [
      ["screenshot"],
      ["zoom", { region: [0, 0, 50, 50] }],
      ["hover", { target: second }],
      ["mouse_move", { target: at(5, 5) }],
      ["left_mouse_down", { target: at(300, 300) }],
      ["left_mouse_up", { target: at(300, 300) }],
      ["left_click_drag", { from: at(300, 300), target: at(310, 310) }],
      ["right_click", { target: at(300, 300) }],
      ["middle_click", { target: at(300, 300) }],
      ["double_click", { target: at(300, 300) }],
      ["triple_click", { target: at(300, 300) }],
      ["scroll", { target: at(300, 300), scroll_direction: "down", scroll_amount: 1 }],
      ["scroll_to", { target: second }],
      ["type", { text: "a  b\n" }],
      ["key", { text: "Escape" }],
      ["hold_key", { text: "a", duration: 0.25 }],
      ["find", { query: "second" }],
      ["get_page_text"],
      ["wait", { duration: 0 }],
      ["read_console"],
      ["read_network"],
      ["javascript_exec", { text: "document.title" }],
      ["left_click", { target: second }],
      ["new_tab"],
      ["list_tabs"],
    ])
      await same(name, input ?? {});
    const tabs = (await same("list_tabs", {}))[0].tabs;
    await same("switch_tab", { tab_id: tabs[0].tab_id });
    await same("close_tab", { tab_id: tabs.at(-1).tab_id });
    await pages.open(`<input aria-label=Name><input type=file aria-label=File>`);
    const form = (await same("read_page", {}))[0].text;
    await same("form_input", {
      target: { type: "ref", ref: form.match(/"Name" \[(ref_\d+)/)[1] },
      value: "x",
    });
    await same("file_upload", {
      target: { type: "ref", ref: form.match(/"File" \[(ref_\d+)/)[1] },
      paths: ["/etc/hostname"],
    });
    const failed = await call("left_click", { target: { type: "ref", ref: "ref_9999" } });
    assert.equal(failed.is_error, true);
    assert.deepEqual(failed.content, desk.answer.content);
    await desk.close();
  });
});
