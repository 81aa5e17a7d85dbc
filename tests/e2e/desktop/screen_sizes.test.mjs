// Another size of a desk's screen through the real programs: all that is on it follows.
import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { until } from "../lib/carrel.mjs";
import { onDesk } from "../lib/desk.mjs";
import { panel, panelIsThere } from "../lib/panel.mjs";
import { readPng } from "../lib/png.mjs";
import { Viewer } from "../lib/wire.mjs";

const desk = onDesk(() => panelIsThere(desk));
const { get, post, problems, request, run } = desk;

const json = (query = "") => get(`screen/screenshot${query}`);
const bytes = (query = "") => request("GET", `screen/screenshot${query}`, { headers: { accept: "image/png" } });

describe("another size", () => {
  /** Asks for changes of a small part, which is enough to be told of another size. */
  const ask = (viewer, incremental = 1) => viewer.send([3, incremental, 0, 0, 0, 0, 0, 16, 0, 16]);

  /** Waits for the next size that the display tells a viewer (RFC 6143, 7.6.1, and ExtendedDesktopSize). */
  async function nextSize(viewer) {
    for (;;) {
      const [kind] = await viewer.read(1);
      if (kind === 2) continue; // a bell
      if (kind === 3) {
        const head = await viewer.read(7);
        await viewer.read(Math.abs(head.readInt32BE(3)));
        continue;
      }
      assert.equal(kind, 0);
      const count = (await viewer.read(3)).readUInt16BE(1);
      let size;
      for (let i = 0; i < count; i++) {
        const head = await viewer.read(12);
        const [width, height, encoding] = [head.readUInt16BE(4), head.readUInt16BE(6), head.readInt32BE(8)];
        if (encoding === -308) {
          const screens = (await viewer.read(4))[0];
          await viewer.read(16 * screens);
          size = [width, height];
        } else {
          assert.equal(encoding, 0, "only raw pixels were asked for");
          await viewer.read(width * height * 4);
        }
      }
      ask(viewer);
      if (size) return size;
    }
  }

  test("is taken by screen, pictures, panel, backdrop, pointer and viewers", async () => {
    const viewer = await Viewer.open(desk.server, desk.beside("vnc"));
    assert.deepEqual(await viewer.handshake(), { width: 1024, height: 768 });
    viewer.send([2, 0, 0, 2, 0, 0, 0, 0, 0xff, 0xff, 0xfe, 0xcc]);
    ask(viewer, 0); // which is answered with the size as well
    assert.deepEqual(await nextSize(viewer), [1024, 768]);
    for (const [width, height] of [[1281, 803], [640, 480], [3840, 2160], [320, 240], [1024, 768]]) {
      const answer = await post("screen/resize", { width, height });
      assert.deepEqual([answer.width, answer.height], [width, height]);
      assert.deepEqual(await nextSize(viewer), [width, height]);
      const info = await get("screen/info");
      assert.deepEqual([info.display_width_px, info.display_height_px], [width, height]);
      const corner = { x: width - 1, y: height - 1 };
      await post("mouse/move", { coordinate: corner, observe: "none" });
      const { x, y } = await get("screen/cursor_position");
      assert.deepEqual({ x, y }, corner);
      const shows = () => bytes("?cursor=false").then(({ body }) => readPng(body));
      await until("the panel is at the lower edge", async () => (await shows()).at(width - 3, height - 3) === panel);
      const picture = await shows();
      assert.deepEqual([picture.width, picture.height], [width, height]);
      assert.notEqual(picture.at(width - 1, 5), 0, "the backdrop reaches the edge");
      assert.notEqual(picture.at(5, height - 60), panel);
    }
    viewer.close();
    assert.equal(await run("xrandr | grep -c carrel- || true"), "0\n", "no sizes are left behind");
  });

  test("wakes who waits for a change", async () => {
    await until("the screen rests", async () => (await json("?cursor=false&wait_change=0.5")).change === "unchanged");
    const { frame } = await json("?cursor=false");
    const waiting = json(`?wait_change=60&cursor=false&since=${frame}`);
    await post("screen/resize", { width: 800, height: 600 });
    const answer = await waiting;
    assert.equal(answer.change, "whole");
    await post("screen/resize", { width: 1024, height: 768 });
  });

  test("does not disturb who takes pictures meanwhile", async () => {
    const sizes = [[1100, 800], [400, 300], [1000, 240], [320, 900], [1024, 768]];
    let isDone = false;
    const client = async () => {
      for (let i = 0; !isDone; i++) {
        await post("mouse/move", { coordinate: { x: i % 300, y: i % 200 }, observe: "none" }); // so that each picture is a new one
        const { status, body } = await bytes();
        assert.equal(status, 200, JSON.stringify(body));
        const { width, height } = readPng(body);
        assert.ok(sizes.some((size) => size[0] === width && size[1] === height), `${width}×${height}`);
      }
    };
    const clients = Array.from({ length: 4 }, client);
    for (let i = 0; i < 25; i++) {
      const [width, height] = sizes[i % sizes.length];
      await post("screen/resize", { width, height });
    }
    isDone = true;
    await Promise.all(clients);
  });

  test("is refused beyond the limits", async () => {
    for (const [body, field] of [
      [{ width: 319, height: 600 }, "width"],
      [{ width: 3841, height: 600 }, "width"],
      [{ width: 800, height: 239 }, "height"],
      [{ width: 800, height: 2161 }, "height"],
      [{ width: 800 }, "height"],
      [{ width: 800.5, height: 600 }, "width"],
      [{ width: "800", height: 600 }, "width"],
    ])
      assert.equal((await problems("screen/resize", body))[0], `body.${field}`, JSON.stringify(body));
    const all = await Promise.all([[900, 700], [640, 480], [1024, 768]].map(([width, height]) => post("screen/resize", { width, height })));
    assert.ok(all.every(({ success }) => success), "several at once follow one another");
  });
});
