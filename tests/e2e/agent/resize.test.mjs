// A screen that people or programs resize: the session says its size, the next turn has it, and a running turn sees it in
// the size that its model knows. And what a fresh desk shows first.
import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { at, dataDirectory, Server, until } from "../lib/carrel.mjs";
import { identity } from "../lib/host.mjs";
import { readPng } from "../lib/png.mjs";
import { bash, script } from "../lib/script.mjs";

let server;
before(async () => (server = await Server.start()));
after(() => server?.end());

const use = (name, input = {}) => ({ tool_uses: [{ name, input }] });
const post = (id, operation, body = {}) => server.json("POST", at(id, `/desk/${operation}`), body);
const picture = async (path) => readPng(Buffer.from(await (await fetch(server.url + path)).arrayBuffer()));
const sizeOf = async (id) => {
  const { width, height } = (await server.json("GET", at(id))).desk;
  return `${width}x${height}`;
};
const becomes = (id, size) => until(`the session says ${size}`, async () => (await sizeOf(id)) === size);

async function turn(id, ...steps) {
  const before = (await server.events(id)).length;
  const { message_id } = await server.json("POST", at(id, "/messages"), { content: script(...steps) });
  const events = await until("the turn ends", async () => {
    const all = (await server.events(id)).slice(before);
    return all.some(({ event, data }) => event === "message_complete" && data.message_id === message_id) && all;
  });
  assert.equal(events.at(-1).data.status, "completed", JSON.stringify(events.at(-1)));
  const results = events.filter(({ event }) => event === "tool_result").map(({ data }) => data);
  assert.deepEqual(results.filter(({ error }) => error), []);
  return Promise.all(results.map(async ({ output, screenshot }) => (screenshot ? await picture(screenshot) : output)));
}

test("the next turn has the size that a person gave the screen, and the session says it", async () => {
  const { id } = await server.createSession({ provider: "scripted", network: "none", width: 1280, height: 800 });
  await post(id, "screen/resize", { width: 1920, height: 1080 });
  await becomes(id, "1920x1080");
  const [shown] = await turn(id, use("screenshot"));
  assert.deepEqual([shown.width, shown.height], [1920, 1080]);
  // A new desk of the session has it, too.
  const { desk } = await server.json("GET", at(id));
  process.kill(identity(dataDirectory, desk.id).pid, "SIGKILL");
  await until("the desk has ended", async () => (await server.json("GET", at(id))).desk.state === "failed");
  await server.json("POST", at(id, "/desk/renew"));
  assert.equal((await post(id, "screen/screenshot")).width, 1920);
});

test("in a turn, pictures keep the size that the model knows, and its clicks hit what it sees", async () => {
  const { id } = await server.createSession({ provider: "scripted", network: "none", width: 1280, height: 800 });
  const [before, , after, , place] = await turn(
    id,
    use("screenshot"),
    bash("xrandr -s 1024x768"),
    use("screenshot"),
    use("mouse_move", { coordinate: [1279, 799] }),
    use("cursor_position"),
  );
  assert.deepEqual([before.width, before.height, after.width, after.height], [1280, 800, 1280, 800]);
  assert.match(place, /^X=127[89],Y=79[89]$/);
  const { x, y } = await server.json("GET", at(id, "/desk/screen/cursor_position"));
  assert.deepEqual([x, y], [1023, 767]);
  await becomes(id, "1024x768");
});

test("a program that resizes the screen all the time does not fill the log, and the last size counts", async () => {
  const { id } = await server.createSession({ provider: "scripted", network: "none", width: 1280, height: 800 });
  const command = "for i in 1 2 3 4 5 6 7 8 9 10; do xrandr -s 1024x768; xrandr -s 1280x1024; done";
  await post(id, "terminal/execute", { command, timeout: 120 });
  await becomes(id, "1280x1024");
  const told = (await server.events(id)).filter(({ event, data }) => event === "desk" && data.width);
  assert.ok(told.length >= 1 && told.length <= 10, `${told.length} events`);
});

test("the first picture of a fresh desk has its panel, and the first click meets it", async () => {
  for (let round = 0; round < 3; ++round) {
    const { id } = await server.createSession({ provider: "scripted", network: "none", width: 1280, height: 800 });
    const first = readPng(Buffer.from((await post(id, "screen/screenshot", { format: "png" })).image, "base64"));
    assert.equal(first.at(640, 797), 0x262b33, "the panel's colour");
    const { observed, changes } = await post(id, "mouse/click", { button: "left_click", coordinate: { x: 20, y: 782 } });
    // A program may take its time on a busy machine.
    if (observed === "nothing_changed") await until("a window", async () => (await server.json("GET", at(id, "/desk/window/list"))).windows.length > 1);
    else assert.ok(changes);
    await server.json("DELETE", at(id, "?purge=true"));
  }
});
