// What a click, a key or a drag does to a desk, and what its answer says about it: windows, titles, the
// clipboard, the changed part of the screen; on real programs.
import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import { until } from "../lib/carrel.mjs";
import { onDesk } from "../lib/desk.mjs";

const desk = onDesk();
const { at, get, post, problems, refused, run } = desk;
const quick = { observe: "none" };
const here = { coordinate: { x: 300, y: 300 } };

const title = async () => (await get("browser/active_window")).window_title;
async function timed(act) {
  const start = performance.now();
  const answer = await act();
  return { ...answer, took: performance.now() - start };
}
/** Opens a page and waits until it has reacted to a click. */
async function open(html) {
  await post("file/write", { path: "/home/agent/page.html", file_text: `<!doctype html><meta charset=utf-8>${html}` });
  await post("browser/open_url", { url: "file:///home/agent/page.html", screenshot: false });
}

describe("an answer", () => {
  test("names the window that a key opened, renamed and closed", async () => {
    await run("xterm -title first -e sh -c 'read a; printf \"\\033]2;second\\007\"; read b' > /dev/null 2>&1 &");
    await until("the window is there", async () => (await title()) === "first");
    const renamed = await post("keyboard/type", { text: "\n", observe: "settled", first_change_ms: 5000, limit_ms: 30_000, screenshot: false });
    await until("it is renamed", async () => (await title()) === "second");
    if (renamed.changes.titles) assert.deepEqual(renamed.changes.titles.map(({ title: now, before }) => [before, now]), [["first", "second"]]);
    const { windows } = await get("window/list");
    const { window_id } = windows.find(({ title: name }) => name === "second");
    // The panel, too, tells the window's name.
    await until("the screen rests", async () => !(await post("mouse/move", { ...here, observe: 700, screenshot: false })).changes.screen);
    const closed = await post("keyboard/key", { key: "alt+F4", first_change_ms: 10_000, quiet_ms: 1500, limit_ms: 30_000, screenshot: false });
    assert.deepEqual(closed.changes.closed, [{ window_id, title: "second" }]);
    assert.ok(closed.changes.screen);
    assert.ok("active" in closed.changes);
  });

  test("tells what was copied, and by whom it does not matter", async () => {
    await run("rm -f /tmp/note; printf 'some words' > /tmp/note; mousepad /tmp/note > /dev/null 2>&1 &");
    await until("the window is there", async () => /Mousepad/.test(await title()));
    const copied = await until("it is copied", async () => {
      const answer = await post("keyboard/key", { key: "ctrl+a ctrl+c", observe: 200, screenshot: false });
      return answer.changes.clipboard && answer;
    });
    assert.equal(copied.observed, "waited");
    assert.equal((await get("system/clipboard")).content, "some words");
    await until("no copy is on its way", async () => !(await post("mouse/move", { ...here, observe: 1000, screenshot: false })).changes.clipboard);
    const typed = await post("keyboard/type", { text: "\n", observe: 3000, screenshot: false });
    assert.equal(typed.changes.clipboard, undefined);
    assert.match(JSON.stringify(typed.changes.titles), /\*/);
    await run("pkill -x mousepad; true");
    await until("it is closed", async () => !/Mousepad/.test(await title()));
  });

  test("says where the screen changed", async () => {
    await post("mouse/move", { ...here, ...quick });
    const still = await until("the screen rests", async () => {
      const answer = await post("mouse/move", { ...here, screenshot: false });
      return answer.observed === "nothing_changed" && answer;
    });
    assert.deepEqual(still.changes, { screen: false });
    const menu = await post("mouse/click", { button: "right_click", ...here, first_change_ms: 5000, limit_ms: 30_000, screenshot: false });
    assert.equal(menu.observed, "settled");
    const { x0, y0, x1, y1 } = menu.changes.region;
    assert.ok(x0 >= 290 && y0 >= 290 && x1 > x0 && y1 > y0 && x1 <= 1024 && y1 <= 768, JSON.stringify(menu.changes));
    await post("keyboard/key", { key: "Escape", first_change_ms: 5000, limit_ms: 30_000, screenshot: false });
  });

  test("waits for a number of milliseconds if asked, and only for that", async () => {
    const waited = await timed(() => post("mouse/move", { ...here, observe: 300 }));
    assert.equal(waited.observed, "waited");
    assert.ok(waited.took >= 300, `${waited.took}`);
    assert.ok(waited.image);
    const at_once = await post("mouse/move", { ...here, observe: 0, screenshot: false });
    assert.deepEqual([at_once.observed, at_once.image], ["waited", undefined]);
    for (const observe of [-1, 60_001, 1.5, "soon", true, null, [1], {}]) assert.deepEqual(await problems("mouse/move", { ...here, observe }), ["body.observe"]);
  });
});

describe("what never rests", () => {
  test("is answered at the limit, and says so", async () => {
    await open("<title>film</title><canvas id=c width=900 height=500></canvas><script>const x=c.getContext('2d');let i=0;setInterval(()=>{x.fillStyle=`hsl(${i+=7},80%,50%)`;x.fillRect(0,0,900,500)},15)</script>");
    await until("the page is there", async () => (await title()).startsWith("film"));
    // A film stands still for a while too where others want the processor: the quiet that is asked for is longer.
    const times = { first_change_ms: 5000, limit_ms: 30_000, quiet_ms: 3000, limit_ms: 3500 };
    const restless = await timed(() => post("mouse/move", { ...here, ...times, screenshot: false }));
    assert.equal(restless.observed, "still_changing");
    assert.ok(restless.took >= times.limit_ms, `${restless.took}`);
  });

  test("a blinking caret is no such thing", async () => {
    await run("xterm -title caret -bc -bcn 300 -bcf 300 -e sleep 300 > /dev/null 2>&1 & true");
    await until("the window is there", async () => (await title()) === "caret");
    await post("browser/close", { screenshot: false });
    await until("it blinks", async () => (await post("mouse/move", { ...here, observe: 700, screenshot: false })).changes.screen);
    // Far more than twice the caret's period without any other change is not to be had here: it is not waited for.
    const settled = await until("the rest has settled", async () => {
      const answer = await post("mouse/move", { ...here, first_change_ms: 2000, quiet_ms: 1500, limit_ms: 8000, screenshot: false });
      return answer.observed === "settled" && answer;
    });
    assert.equal(settled.observed, "settled");
    await run("pkill -x xterm; true");
  });
});

describe("the mouse", () => {
  const slider = "<title>0</title><body style='margin:0'><input id=s type=range min=0 max=100 value=0 style='position:fixed;left:100px;top:100px;width:600px' oninput='document.title=this.value'>";
  const dnd = `<title>waiting</title><body style='margin:0'><div id=a draggable=true style='position:fixed;left:100px;top:100px;width:100px;height:100px;background:red'></div>
    <div id=b style='position:fixed;left:500px;top:300px;width:200px;height:200px;background:blue'></div><script>
    a.ondragstart=(e)=>e.dataTransfer.setData("text/plain","moved"); b.ondragover=(e)=>e.preventDefault();
    b.ondrop=(e)=>{e.preventDefault();document.title=e.dataTransfer.getData("text/plain")}</script>`;
  /** Where the page begins on the screen. */
  let top;
  before(async () => {
    await open("<title>[]</title><body style='margin:0;height:3000px'><script>onmousedown=(e)=>document.title=JSON.stringify([e.screenY-e.clientY])</script>");
    top = await until("the page tells where it is", async () => {
      await post("mouse/click", { button: "left_click", coordinate: { x: 500, y: 400 }, screenshot: false });
      // Before the page is there, the browser's window is called "Untitled".
      return Number((await title()).match(/^\[(\d+)\]/)?.[1]);
    });
  });
  after(() => post("browser/close", { screenshot: false }));
  const on_page = (x, y) => ({ x, y: y + top });
  const ready = (name) => until("the page is there", async () => (await title()).startsWith(name));

  test("drags a slider to where it was told", async () => {
    await open(slider);
    await ready("0 ");
    await until("it follows", async () => {
      await post("mouse/drag", { start_coordinate: on_page(108, 108), end_coordinate: on_page(400, 108), screenshot: false });
      return /^(49|50|51) /.test(await title());
    });
  });

  test("drags and drops what a page lets be dragged", async () => {
    await open(dnd);
    await ready("waiting");
    await until("it is dropped", async () => {
      await post("mouse/drag", { start_coordinate: on_page(150, 150), end_coordinate: on_page(600, 400), first_change_ms: 1000, screenshot: false });
      return (await title()).startsWith("moved");
    });
  });

  test("drags from 0,0, and nowhere", async () => {
    for (const place of [{ x: 0, y: 0 }, { x: 1023, y: 767 }])
      assert.ok((await post("mouse/drag", { start_coordinate: place, end_coordinate: place, ...quick })).success);
  });

  test("scrolls by as much as was said, either way", async () => {
    await open("<title>none</title><body style='margin:0;width:5000px;height:5000px'><script>let n={};onmousedown=()=>document.title=JSON.stringify(n);onwheel=(e)=>{const d=e.deltaY>0?'down':e.deltaY<0?'up':e.deltaX>0?'right':'left';n[d]=(n[d]??0)+Math.round(Math.abs(e.deltaX+e.deltaY)/120*10)/10;n.held=e.ctrlKey?'c':e.shiftKey?'s':'';document.title=JSON.stringify(n);if(e.ctrlKey)e.preventDefault()};addEventListener('wheel',(e)=>{if(e.ctrlKey)e.preventDefault()},{passive:false})</script>");
    await until("it takes input", async () => {
      await post("mouse/click", { button: "left_click", coordinate: on_page(500, 300), ...quick });
      return (await title()).startsWith("{");
    });
    await post("mouse/scroll", { direction: "down", amount: 7, coordinate: on_page(500, 300), ...quick });
    const counts = async () => JSON.parse((await title()).replace(/ - Chromium$/, "").replace("none", "{}"));
    const down = await until("it has scrolled", async () => (await counts()).down);
    await post("mouse/scroll", { direction: "up", amount: 7, ...quick });
    await until("it has scrolled back as far", async () => (await counts()).up === (await counts()).down && (await counts()).up >= down);
    await post("mouse/scroll", { direction: "right", amount: 2, ...quick });
    await until("it has scrolled aside", async () => (await counts()).right > 0);
    await post("mouse/scroll", { direction: "down", amount: 1, modifier_key: "ctrl", ...quick });
    await until("the modifier is seen", async () => (await counts()).held === "c");
  });

  test("answers at once where it already is", async () => {
    await post("mouse/move", { ...here, ...quick });
    const again = await timed(() => post("mouse/move", { ...here, ...quick }));
    assert.ok(again.took < 5000, `${again.took}`);
    const { x, y } = await get("screen/cursor_position");
    assert.deepEqual({ x, y }, here.coordinate);
  });
});

describe("input that is wrong", () => {
  test("is refused with its field and the size, and does nothing", async () => {
    for (const [coordinate, field] of [
      [{ x: 1024, y: 0 }, "body.coordinate.x"],
      [{ x: 0, y: 768 }, "body.coordinate.y"],
      [{ x: -1, y: 0 }, "body.coordinate.x"],
      [{ x: 2 ** 31, y: 0 }, "body.coordinate.x"],
      [{ x: 1.5, y: 0 }, "body.coordinate.x"],
      [{ x: "1", y: 0 }, "body.coordinate.x"],
      [{ x: 1 }, "body.coordinate.y"],
      [[1, 2], "body.coordinate"],
    ]) {
      for (const operation of ["mouse/move", "mouse/click", "mouse/scroll"]) {
        const body = { coordinate, ...(operation === "mouse/click" && { button: "left_click" }), ...(operation === "mouse/scroll" && { direction: "up", amount: 1 }) };
        assert.deepEqual(await problems(operation, body), [field], JSON.stringify(body));
      }
    }
    const { detail } = await refused("mouse/move", { coordinate: { x: 1024, y: 5 } });
    assert.match(detail[0].msg, /1024.*1024 pixels wide/);
    assert.deepEqual(await problems("mouse/drag", { start_coordinate: { x: 0, y: 0 }, end_coordinate: { x: 5000, y: 0 } }), ["body.end_coordinate.x"]);
    assert.deepEqual(await problems("mouse/click", { button: "left" }), ["body.button"]);
    assert.deepEqual(await problems("mouse/down", { button: "any" }), ["body.button"]);
    assert.deepEqual(await problems("mouse/scroll", { direction: "sideways", amount: 0 }), ["body.direction", "body.amount"]);
    assert.deepEqual(await problems("keyboard/hold_key", { key: "shift", duration: -1 }), ["body.duration"]);
  });

  test("names near what was meant for a key that is none", async () => {
    for (const [key, near] of [["Retrun", "Return"], ["ctrl+Escpe", "Escape"], ["Backspaec", "BackSpace"]]) {
      const { detail } = await refused("keyboard/key", { key });
      assert.match(detail[0].msg, new RegExp(`did you mean "${near}"`, "i"));
    }
    for (const key of ["", "ctrl+", "   ", "\u0000", "x".repeat(201), "🙂🙂", "ctrl+alt+"]) assert.deepEqual(await problems("keyboard/key", { key }), ["body.key"], key);
    assert.deepEqual(await problems("mouse/click", { button: "left_click", key: "hyperspace" }), ["body.key"]);
  });
});

describe("a client that goes away", () => {
  test("leaves no key down", async () => {
    const { default: http } = await import("node:http");
    const { hostname, port } = new URL(desk.server.url);
    const body = JSON.stringify({ key: "shift", duration: 200, ...quick });
    const request = http.request({ hostname, port, method: "POST", path: at("keyboard/hold_key"), headers: { "content-type": "application/json", "content-length": Buffer.byteLength(body) } });
    request.on("error", () => {});
    request.end(body);
    const is_shift_down = async () => (await run("DISPLAY=:1 python3 -c \"import ctypes as c; x=c.CDLL('libX11.so.6'); x.XOpenDisplay.restype=c.c_void_p; d=c.c_void_p(x.XOpenDisplay(None)); k=(c.c_char*32)(); x.XQueryKeymap(d,k); print(sum(bin(b[0] if isinstance(b,bytes) else b).count('1') for b in k))\"")).trim() !== "0";
    await until("it is down", is_shift_down);
    request.destroy();
    await until("it is up again", async () => !(await is_shift_down()));
  });
});
