// Viewers of other kinds than the page's: of old and of unpublished versions of RFB, without any encoding, of few colours, of
// the other byte order, and such that break off within a message.
import assert from "node:assert/strict";
import { test } from "node:test";
import { until } from "../lib/carrel.mjs";
import { onDesk } from "../lib/desk.mjs";
import { keyEvent, keysymOf } from "../lib/person.mjs";
import { Viewer } from "../lib/wire.mjs";

const desk = onDesk();
const size = { width: 1024, height: 768 };

/** RFC 6143, 7.1 to 7.3, as a viewer of that version sees it. */
async function look(t, version, { query = "", shared = 1 } = {}) {
  const viewer = await Viewer.open(desk.server, desk.beside(`vnc${query}`));
  assert.equal(viewer.status, 101);
  t.after(() => viewer.close());
  assert.equal((await viewer.read(12)).toString(), "RFB 003.008\n");
  viewer.send(Buffer.from(`RFB ${version}\n`));
  const minor = Number(version.slice(4));
  if (minor >= 7) {
    const [count] = await viewer.read(1, "how many security types there are");
    assert.ok((await viewer.read(count)).includes(1));
    viewer.send([1]);
    if (minor >= 8) assert.equal((await viewer.read(4, "that it is let in")).readUInt32BE(0), 0);
  } else assert.equal((await viewer.read(4, "the security type")).readUInt32BE(0), 1);
  viewer.send([shared]);
  const init = await viewer.read(24, "the screen's size");
  await viewer.read(init.readUInt32BE(20));
  assert.deepEqual({ width: init.readUInt16BE(0), height: init.readUInt16BE(2) }, size);
  return viewer;
}

/** The raw pixels of the screen's upper left corner (7.5.3 and 7.6.1). */
async function corner(viewer, { bytes = 4, side = 8 } = {}) {
  viewer.send([3, 0, 0, 0, 0, 0, 0, side, 0, side]);
  const head = await viewer.read(4, "a picture");
  assert.equal(head[0], 0);
  let pixels = Buffer.alloc(0);
  for (let left = head.readUInt16BE(2); left > 0; --left) {
    const place = await viewer.read(12);
    assert.equal(place.readInt32BE(8), 0, "raw");
    pixels = Buffer.concat([pixels, await viewer.read(bytes * place.readUInt16BE(4) * place.readUInt16BE(6))]);
  }
  assert.equal(pixels.length, bytes * side * side);
  return pixels;
}

const pointer = (x, y) => [5, 0, x >> 8, x & 255, y >> 8, y & 255];
const pointerAt = async () => {
  const { x, y } = await desk.get("screen/cursor_position");
  return `${x},${y}`;
};

/** Moves the pointer where it was not, and says whether the desk saw it. */
async function moves(viewer, place) {
  viewer.send(pointer(...place));
  await corner(viewer); // what was said before has been heard then
  return (await pointerAt()) === place.join();
}

for (const version of ["003.003", "003.005", "003.007", "003.889"]) {
  test(`a viewer of RFB ${version} sees and acts, and shares the screen`, async (t) => {
    const other = await look(t, "003.008");
    const viewer = await look(t, version, { shared: 0 });
    await corner(viewer);
    await until("the pointer is where it was moved", () => moves(viewer, [211, 307]));
    // Who asked to be alone is not.
    await corner(other);
  });

  test(`a viewer of RFB ${version} that only looks touches nothing`, async (t) => {
    await desk.post("mouse/move", { coordinate: { x: 400, y: 300 }, observe: "none" });
    const viewer = await look(t, version, { query: "?view_only=1" });
    assert.equal(await moves(viewer, [500, 350]), false);
    viewer.send(keyEvent(keysymOf("x"), true));
    viewer.send([251, 0, 3, 32, 2, 88, 1, 0, ...new Array(16).fill(0)]);
    await corner(viewer);
    assert.equal(await pointerAt(), "400,300");
  });
}

test("a viewer that speaks no RFB 3 is closed, and nobody else", async (t) => {
  const other = await look(t, "003.003");
  for (const version of ["004.001", "002.002"]) {
    const viewer = await Viewer.open(desk.server, desk.beside("vnc"));
    t.after(() => viewer.close());
    await viewer.read(12);
    viewer.send(Buffer.from(`RFB ${version}\n`));
    await until("it is closed", () => viewer.closed);
    assert.equal(viewer.closed, 1008);
  }
  await corner(other);
});

test("a viewer that knows no encoding of ours, or none at all, gets raw pixels", async (t) => {
  const viewer = await look(t, "003.003");
  viewer.send([2, 0, 0, 0]);
  await corner(viewer);
  viewer.send([2, 0, 0, 2, 0, 0, 0, 99, 0x7f, 0xff, 0xff, 0xff]);
  await corner(viewer);
});

/** SetPixelFormat (7.4 and 7.5.1). */
const pixelFormat = ({ bits, depth, isBig = 0, isTrue = 1, most = [255, 255, 255], shifts = [16, 8, 0] }) => [
  ...[0, 0, 0, 0, bits, depth, isBig, isTrue],
  ...most.flatMap((one) => [one >> 8, one & 255]),
  ...shifts,
  ...[0, 0, 0],
];

test("a viewer has pixels of the size, order and colours that it asks for", async (t) => {
  const viewer = await look(t, "003.003");
  viewer.send(pixelFormat({ bits: 32, depth: 24 }));
  const little = await corner(viewer);
  viewer.send(pixelFormat({ bits: 32, depth: 24, isBig: 1 }));
  const big = await corner(viewer);
  assert.deepEqual(Buffer.from(big).swap32(), little);
  viewer.send(pixelFormat({ bits: 16, depth: 16, isBig: 1, most: [31, 63, 31], shifts: [11, 5, 0] }));
  await corner(viewer, { bytes: 2 });
  viewer.send(pixelFormat({ bits: 8, depth: 8, most: [7, 7, 3], shifts: [0, 3, 6] }));
  const [pixel] = await corner(viewer, { bytes: 1 });
  const [blue, green, red] = little;
  const near = (part, most, value) => Math.abs(part / most - value / 255) < 1 / most;
  assert.ok(near(pixel & 7, 7, red) && near((pixel >> 3) & 7, 7, green) && near(pixel >> 6, 3, blue), `${pixel}: ${red} ${green} ${blue}`);
});

test("a viewer that asks for a map of colours gets it before the picture", async (t) => {
  const viewer = await look(t, "003.003");
  viewer.send(pixelFormat({ bits: 8, depth: 8, isTrue: 0 }));
  // SetColourMapEntries (7.6.2).
  const head = await viewer.read(6, "the map of colours");
  assert.equal(head[0], 1);
  await viewer.read(6 * head.readUInt16BE(4));
  await corner(viewer, { bytes: 1 });
});

/** How many keys the display takes for being down. */
const keysDown = async () =>
  Number(
    await desk.run(`python3 - <<'END'
import ctypes
x11 = ctypes.CDLL('libX11.so.6')
x11.XOpenDisplay.restype = ctypes.c_void_p
keys = (ctypes.c_char * 32)()
x11.XQueryKeymap(ctypes.c_void_p(x11.XOpenDisplay(None)), keys)
print(sum(byte.bit_count() for byte in bytes(keys)))
END`),
  );

test("viewers that break off within a message leave no key down and lock nobody out", async (t) => {
  const other = await look(t, "003.008");
  for (const cut of [[4, 1, 0, 0], [5, 1, 0], [6, 0, 0, 0, 0, 0, 0, 9, 104], [2, 0, 0, 4, 0, 0], [0, 0, 0], [251, 0, 4]]) {
    const viewer = await look(t, "003.003");
    viewer.send(keyEvent(0xffe1, true));
    viewer.send(cut);
    await until("Shift is down", async () => (await keysDown()) === 1);
    viewer.close();
    await until("and up", async () => (await keysDown()) === 0);
  }
  await corner(other);
  await corner(await look(t, "003.003"));
});
