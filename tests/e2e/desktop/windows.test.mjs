// Windows of a real desk: listed, focused, moved, resized, minimized, maximized, closed; and what is said
// when that does not work.
import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { until } from "../lib/carrel.mjs";
import { onDesk } from "../lib/desk.mjs";

const desk = onDesk();
const { ask, get, post, request, run } = desk;
const quietly = (operation, body) => ask(operation, { observe: "none", ...body });
const list = async () => (await get("window/list")).windows;
const find = async (title) => (await list()).find((window) => window.title === title);

async function act(operation, body) {
  const answer = await quietly(operation, body);
  assert.deepEqual([answer.status, answer.body.success], [200, true], `${operation}: ${JSON.stringify(answer.body)}`);
  return answer.body;
}

/** Opens a terminal with a title of its own. */
async function open(title) {
  await run(`xterm -geometry 40x10+100+100 -title '${title}' -e sh > /dev/null 2>&1 &`);
  await until(`${title} is active`, async () => (await find(title))?.is_active);
  return find(title); // with its frame
}

/** A busy window manager may be waited for only so long by the call itself. */
const placed = (title, place) =>
  until(`${title} is at ${JSON.stringify(place)}`, async () => {
    const { x, y } = await find(title);
    return x === place.x && y === place.y;
  });

describe("windows", () => {
  test("are listed as they are", async () => {
    const { window_id: id } = await open("plain");
    await run(`xprop -id ${id} -f _NET_WM_NAME 8u -set _NET_WM_NAME 'Größe 你好'`);
    const output = await run("xprop -root _NET_ACTIVE_WINDOW");
    const window = await find("Größe 你好");
    assert.match(id, /^0x[0-9a-f]{8}$/);
    assert.ok(output.trim().endsWith(id.replace(/^0x0*/, "0x")), `${output} is ${id}`);
    assert.deepEqual([window.class_name, window.type, window.is_active, window.is_minimized], ["XTerm", "normal", true, false]);
    assert.match(await run(`cat /proc/${window.pid}/comm`), /xterm/);
    await until("the panel is one, too", async () => (await list()).some(({ type }) => type === "dock"));
    const active = await get("window/active");
    assert.deepEqual([active.window_id, active.window_title, active.window.pid], [id, "Größe 你好", window.pid]);
    await act("window/close", { window_id: id });
    assert.equal(await find("Größe 你好"), undefined);
  });

  test("are active only when they have the keyboard, even with the number of one that was killed", async () => {
    const killed = await open("killed");
    await run(`kill -9 ${killed.pid}`);
    await until("it is gone", async () => !(await find("killed")));
    // The X server gives its number again, and Openbox has not said that it is not active any more.
    await run("xterm -iconic -title hidden -e sh > /dev/null 2>&1 &");
    const { window_id } = await until("the next is minimized", async () => (await find("hidden"))?.is_minimized && find("hidden"));
    assert.equal((await find("hidden")).is_active, false, `it has the number ${window_id} after ${killed.window_id}`);
    assert.equal((await get("window/active")).window, null);
    await act("window/focus", { window_id });
    assert.equal((await find("hidden")).is_active, true);
    await act("window/close", { window_id });
  });

  test("take the focus, whichever way their id is written", async () => {
    const first = await open("first");
    const second = await open("second");
    const number = Number(first.window_id);
    for (const id of [first.window_id, String(number), number, `0X${number.toString(16)}`]) {
      await act("window/focus", { window_id: second.window_id });
      assert.equal((await find("second")).is_active, true);
      await act("window/focus", { window_id: id });
      assert.deepEqual([(await find("first")).is_active, (await find("second")).is_active], [true, false], `${id}`);
    }
    // What has the focus gets the keys.
    await post("keyboard/type", { text: "exit\n", observe: "none" });
    await until("the first is gone", async () => !(await find("first")));
    await act("window/close", { window_id: second.window_id });
  });

  test("are put where they were asked to be, with their frame", async () => {
    const { window_id } = await open("mover");
    for (const place of [{ x: 0, y: 0 }, { x: 300, y: 200 }, { x: 300, y: 200 }, { x: -50, y: 10 }]) {
      await act("window/move", { window_id, ...place });
      await placed("mover", place);
    }
    await act("window/resize", { window_id, width: 500, height: 400 });
    const { width, height } = await until("it is as large", async () => {
      const window = await find("mover");
      return window.width > 480 && window;
    });
    assert.ok(width > 480 && width <= 500 && height > 370 && height <= 400, `whole characters: ${width}×${height}`);
    await act("window/resize", { window_id, width, height });
    await act("window/close", { window_id });
  });

  test("a size that its program refuses is told as refused, one that it rounds as it is", async () => {
    await run("xmessage -title fixed -geometry 300x200 'no other size' & xterm -title steps -geometry 40x10 -e sh > /dev/null 2>&1 &");
    const steps = await until("the terminal is open", () => find("steps"));
    await until("the message is open", () => find("fixed"));
    const { output } = await act("window/resize", { window_id: steps.window_id, width: 500, height: 400 });
    const { width, height } = await find("steps");
    assert.equal(output, `The window has ${width}×${height} pixels now.`);
    // WM_NORMAL_HINTS (40) of the type WM_SIZE_HINTS (41), as a program with a dialog of one size sets them.
    const python = `import ctypes, sys
x = ctypes.CDLL("libX11.so.6"); x.XOpenDisplay.restype = ctypes.c_void_p
display = ctypes.c_void_p(x.XOpenDisplay(None))
hints = (ctypes.c_long * 18)(48, 0, 0, 0, 0, 300, 200, 300, 200)
x.XChangeProperty(display, ctypes.c_ulong(int(sys.argv[1], 16)), ctypes.c_ulong(40), ctypes.c_ulong(41), 32, 0, hints, 18); x.XSync(display, 0)`;
    const fixed = await find("fixed");
    await run(`python3 -c '${python}' ${fixed.window_id}`);
    const { status, body } = await quietly("window/resize", { window_id: fixed.window_id, width: 700, height: 500 });
    assert.deepEqual([status, body.code], [409, "window_refused"], JSON.stringify(body));
    assert.match(body.detail, /"fixed".*keeps its size of \d+×\d+: its program allows no other/);
    for (const { window_id } of [steps, fixed]) await act("window/close", { window_id, force: true });
  });

  test("are minimized, maximized and restored", async () => {
    const { window_id, ...former } = await open("changing");
    const state = async () => {
      const { is_minimized, is_maximized, is_active } = await find("changing");
      return { is_minimized, is_maximized, is_active };
    };
    await act("window/minimize", { window_id });
    assert.deepEqual(await state(), { is_minimized: true, is_maximized: false, is_active: false });
    await act("window/focus", { window_id });
    assert.deepEqual(await state(), { is_minimized: false, is_maximized: false, is_active: true });
    await act("window/maximize", { window_id });
    assert.equal((await state()).is_maximized, true);
    await until("it is wide", async () => (await find("changing")).width > 1000);
    await act("window/restore", { window_id });
    assert.equal((await state()).is_maximized, false);
    await until("it is as before", async () => (await find("changing")).width === former.width);
    await act("window/maximize", { window_id });
    await act("window/move", { window_id, x: 40, y: 30 });
    await placed("changing", { x: 40, y: 30 });
    const moved = await find("changing");
    assert.deepEqual([moved.is_maximized, moved.width], [false, former.width]);
    await act("window/minimize", { window_id });
    await act("window/restore", { window_id });
    assert.equal((await state()).is_minimized, false);
    await act("window/close", { window_id });
  });

  test("are meant when they have the keyboard, unless another is named", async () => {
    const { window_id } = await open("lower");
    await open("upper");
    await act("window/move", { x: 70, y: 60 });
    await placed("upper", { x: 70, y: 60 });
    await act("window/close", {});
    assert.equal(await find("upper"), undefined);
    await until("the other has the focus", async () => (await find("lower")).is_active);
    await act("window/minimize", {});
    const { status, body } = await quietly("window/close", {});
    assert.deepEqual([status, body.code], [404, "no_active_window"]);
    await act("window/close", { window_id });
  });

  test("show themselves afterwards when that is wanted", async () => {
    const { window_id } = await open("seen");
    const moved = await quietly("window/move", { window_id, x: 500, y: 300, observe: "settled", first_change_ms: 5000, limit_ms: 30_000 });
    assert.equal(moved.body.observed, "settled");
    assert.ok(moved.body.image.length > 1000);
    await act("window/close", { window_id });
  });
});

describe("what does not work is said", () => {
  test("for windows that are not there, and for what is no id", async () => {
    for (const operation of ["focus", "close", "minimize", "maximize", "restore"]) {
      const { status, body } = await quietly(`window/${operation}`, { window_id: "0x00abcdef" });
      assert.deepEqual([status, body.code], [404, "no_such_window"], operation);
      assert.match(body.detail, /0x00abcdef.*window\/list/);
    }
    assert.equal((await quietly("window/move", { window_id: 77, x: 0, y: 0 })).status, 404);
    assert.equal((await quietly("window/resize", { window_id: 77, width: 10, height: 10 })).status, 404);
    for (const window_id of ["", "0", "window", "0x", "-1", -1, 0, 1.5, null, true, [], "99999999999", "0x1 "]) {
      const { status, body } = await quietly("window/focus", { window_id });
      assert.equal(status, 422, JSON.stringify(window_id));
      assert.deepEqual(body.detail[0].loc, ["body", "window_id"]);
    }
      for (const wrong of [{ width: 0, height: 10 }, { width: 10, height: 40000 }, { width: "10", height: 10 }])
      assert.equal((await quietly("window/resize", { window_id: "0x1", ...wrong })).status, 422);
  });

  test("for the panel, which takes no focus", async () => {
    const { window_id } = await until("the panel is there", async () => (await list()).find(({ type }) => type === "dock"));
    const { status, body } = await quietly("window/minimize", { window_id });
    assert.deepEqual([status, body.code], [409, "window_refused"]);
    assert.match(body.detail, /dock/);
  });

  test("for one that asks before it closes, and for one that does not close at all", async () => {
    await run("mousepad > /dev/null 2>&1 &");
    const pad = await until("the editor is open", async () => (await list()).find(({ class_name }) => class_name === "Mousepad"));
    await act("window/focus", { window_id: pad.window_id });
    await until("it has text", async () => {
      await post("keyboard/type", { text: "x", observe: "none" });
      return (await list()).some(({ window_id, title }) => window_id === pad.window_id && title.startsWith("*"));
    });
    const asked = await quietly("window/close", { window_id: pad.window_id });
    assert.deepEqual([asked.status, asked.body.code], [409, "window_asks"]);
    await act("window/close", { window_id: pad.window_id, force: true });
    await until("its question is gone with it", async () => !(await list()).some(({ class_name }) => class_name === "Mousepad"));

    // A stopped program reads nothing.
    const { window_id, pid } = await open("stubborn");
    await run(`kill -STOP ${pid}`);
    const stubborn = await quietly("window/close", { window_id });
    assert.deepEqual([stubborn.status, stubborn.body.code], [409, "window_not_closed"]);
    await act("window/close", { window_id, force: true });
    await run(`kill -CONT ${pid}`);
    assert.equal(await find("stubborn"), undefined);
  });

  test("for a display that dies meanwhile; afterwards it works again", async () => {
    await run("kill -9 $(pgrep -x Xvnc)");
    await until("windows can be listed", async () => (await request("GET", "window/list")).status === 200);
    await until("the manager is up", async () => (await get("system/health")).status === "ok");
    const { window_id } = await open("afterwards");
    await act("window/close", { window_id });
  });
});

test("hostile titles and classes do no harm", async () => {
  await run(`xterm -title busy -e sleep 60 > /dev/null 2>&1 &`);
  const { window_id } = await until("it is open", () => find("busy"));
  await run(`xprop -id ${window_id} -f WM_CLASS 8s -set WM_CLASS "$(printf 'a\\377b')"`);
  await run(`xprop -id ${window_id} -f _NET_WM_NAME 8u -set _NET_WM_NAME "$(head -c 20000 /dev/zero | tr '\\0' x)"`);
  await run(`xprop -id ${window_id} -f _NET_WM_PID 32c -set _NET_WM_PID 4294967295; xprop -id ${window_id} -f _NET_FRAME_EXTENTS 32c -set _NET_FRAME_EXTENTS 4294967295`);
  const window = (await list()).find((one) => one.window_id === window_id);
  assert.equal(window.title.length, 4096);
  assert.ok(window.width > 0 && window.width < 1024);
  await act("window/close", { window_id });
});
