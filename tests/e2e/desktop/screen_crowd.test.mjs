// Many clients that wait for the screen at once, while clients go away, the screen takes other sizes and the
// display ends: everybody is answered, nothing is left behind, and the desk goes on.
import assert from "node:assert/strict";
import http from "node:http";
import { describe, test } from "node:test";
import { dataDirectory, until } from "../lib/carrel.mjs";
import { onDesk } from "../lib/desk.mjs";
import { descriptors, part } from "../lib/host.mjs";
import { panelIsThere } from "../lib/panel.mjs";

const crowd = 200;
/** Seconds; nobody waits so long unless he is forgotten. */
const patience = 55;

const desk = onDesk();
const { ask, at, get, post, request, run } = desk;
const resize = (width, height) => post("screen/resize", { width, height });
const move = (x, y) => post("mouse/move", { coordinate: { x, y }, observe: "none" });
const look = (query) => request("GET", `screen/screenshot?${query}`);
const frameNow = async () => (await get("screen/screenshot")).frame;
const tools = () => part(dataDirectory, desk.session.desk.id, "carrel-desk", "serve");

/** As many clients as a crowd has, each waiting for what differs from the frame: their answers. */
const waitAll = (frame, count = crowd) => Array.from({ length: count }, () => look(`since=${frame}&wait_change=${patience}`));

/** Clients that wait for a part of the backdrop, which does not change, and shall go away without an answer. */
function waitAndLeave(count) {
  const { hostname, port } = new URL(desk.server.url);
  const body = JSON.stringify({ x0: 0, y0: 0, x1: 50, y1: 50, cursor: false, wait_change: patience });
  const headers = { "content-type": "application/json", "content-length": Buffer.byteLength(body) };
  return Array.from({ length: count }, () => {
    const request = http.request({ hostname, port, method: "POST", path: at("screen/zoom"), agent: false, headers });
    request.on("error", () => {});
    request.end(body);
    return request;
  });
}

/** That many connections are kept between server and desk for the next requests, and a few more are of the desk's own. */
const kept = 12;
const nobodyIsLeft = (before) => until("nobody is there any more", () => descriptors(tools()) <= before + kept, 30);

/** Each is a picture, or a clear word that the display ended. */
function areClear(answers) {
  for (const { status, body } of answers)
    if (status !== 200) assert.deepEqual([status, body.code], [503, "display_restarted"], JSON.stringify(body));
}

/** What a desk in order can do. */
async function isWell() {
  await resize(1024, 768);
  await panelIsThere(desk);
  await move(200, 200);
  const frame = await frameNow();
  await move(210, 210);
  assert.notEqual((await get(`screen/screenshot?since=${frame}`)).change, "unchanged");
}

/** Ends the X server; returns when there is another one. */
async function endDisplay() {
  const pid = await run("pgrep -x Xvnc");
  await run("kill -9 $(pgrep -x Xvnc)");
  await until("another one runs", async () => ![pid, ""].includes(await run("pgrep -x Xvnc || true")), 30);
  await until("it shows something", async () => (await look("")).status === 200, 30);
}

describe("two hundred clients that wait", () => {
  let quiet;

  test("are all answered by one change", async () => {
    await panelIsThere(desk);
    quiet = descriptors(tools());
    await move(300, 300);
    const waiting = waitAll(await frameNow());
    await move(320, 320);
    for (const { status, body } of await Promise.all(waiting)) assert.deepEqual([status, body.change === "unchanged"], [200, false], JSON.stringify(body));
  });

  test("are answered when half of them have left", async () => {
    // Connections of those who were answered just now may still be open, and would be counted.
    await nobodyIsLeft(quiet);
    const before = descriptors(tools());
    const leaving = waitAndLeave(crowd / 2);
    await until("half of them wait", () => descriptors(tools()) >= before - kept + crowd / 2, 30);
    const waiting = waitAll(await frameNow(), crowd / 2);
    for (const request of leaving) request.destroy();
    await move(340, 340);
    for (const { status, body } of await Promise.all(waiting)) assert.deepEqual([status, body.change === "unchanged"], [200, false]);
    await nobodyIsLeft(before);
  });

  test("are answered when the screen takes another size", async () => {
    for (const [width, height] of [[800, 600], [1280, 720], [1024, 768]]) {
      const waiting = waitAll(await frameNow());
      await resize(width, height);
      // The panel may still be on its way to its place on the screen as it was.
      for (const { status, body } of await Promise.all(waiting))
        assert.deepEqual([status, body.change === "unchanged"], [200, false], JSON.stringify(body).slice(0, 300));
      const { width: isWide, height: isHigh } = await get("screen/screenshot");
      assert.deepEqual([isWide, isHigh], [width, height]);
    }
  });

  test("are told when a part of the screen is no longer on it", async () => {
    await isWell();
    const place = { x0: 900, y0: 500, x1: 1000, y1: 600, cursor: false };
    const { frame } = await post("screen/zoom", place);
    const waiting = Array.from({ length: 20 }, () =>
      ask("screen/zoom", { ...place, since: frame, wait_change: patience }));
    await resize(640, 480);
    // What is drawn while the size changes may be a change of that part, too.
    for (const { status, body } of await Promise.all(waiting))
      if (status !== 422) assert.deepEqual([status, body.change === "unchanged"], [200, false], JSON.stringify(body).slice(0, 300));
    assert.equal((await request("POST", "screen/zoom", { body: place })).status, 422);
    await isWell();
  });
});

describe("clicks that wait for what becomes of them", () => {
  const click = (i) => request("POST", "mouse/click", {
    body: { button: "left_click", coordinate: { x: 100 + i, y: 100 }, first_change_ms: 300, limit_ms: 3000 },
  });
  test("are answered while the screen takes other sizes", async () => {
    const clicks = Array.from({ length: 20 }, (_, i) => click(i));
    for (const [width, height] of [[800, 600], [1100, 900], [1024, 768]]) await resize(width, height);
    for (const { status, body } of await Promise.all(clicks)) {
      assert.equal(status, 200, JSON.stringify(body).slice(0, 300));
      assert.match(body.observed, /^(settled|still_changing|nothing_changed)$/);
    }
  });

});

// A display that ends five times within a minute is not started again.
test("all of it at once, and the end of the display, leave nothing behind", async () => {
  await run("true"); // the terminal is open from here on
  const before = descriptors(tools());
  for (let round = 0; round < 2; ++round) {
    const frame = await frameNow();
    const leaving = waitAndLeave(crowd / 2);
    const moves = Array.from({ length: 10 }, (_, i) =>
      ask("mouse/move", { coordinate: { x: 10 * i, y: 50 } }));
    const waiting = [...waitAll(frame), ...moves];
    const size = ask("screen/resize", { width: 900 + round, height: 700 });
    for (const request of leaving) request.destroy();
    await endDisplay();
    areClear([...await Promise.all(waiting), await size]);
  }
  await isWell();
  await nobodyIsLeft(before);
});
