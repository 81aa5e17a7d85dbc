// Several viewers of one desktop: whatever one of them does, the others see and act.
import assert from "node:assert/strict";
import { test } from "node:test";
import { until } from "../lib/carrel.mjs";
import { onDesk } from "../lib/desk.mjs";
import { Viewer } from "../lib/wire.mjs";

const desk = onDesk();
const size = { width: 1024, height: 768 };

async function open(t, query = "") {
  const viewer = await Viewer.open(desk.server, desk.beside(`vnc${query}`));
  assert.equal(viewer.status, 101);
  t.after(() => viewer.close());
  return viewer;
}

/** A viewer that sees: past the handshake, and with the first rectangle of a picture. */
async function look(t, query) {
  const viewer = await open(t, query);
  assert.deepEqual(await viewer.handshake(), size);
  await picture(viewer);
  return viewer;
}

/** Asks for a corner of the screen and waits for it (RFC 6143, 7.5.3 and 7.6.1). */
async function picture(viewer) {
  viewer.send([3, 0, 0, 0, 0, 0, 0, 8, 0, 8]);
  const head = await viewer.read(4, "a picture");
  assert.equal(head[0], 0);
  for (let left = head.readUInt16BE(2); left > 0; --left) {
    const place = await viewer.read(12);
    assert.equal(place.readInt32BE(8), 0, "raw");
    await viewer.read(4 * place.readUInt16BE(4) * place.readUInt16BE(6));
  }
}

test("viewers that break off before, in and after the handshake lock nobody out", async (t) => {
  const before = await look(t);
  const version = Buffer.from("RFB 003.008\n");
  const steps = [
    async () => {},
    async (viewer) => void (await viewer.read(12)),
    async (viewer) => (await viewer.read(12), viewer.send(version)),
    async (viewer) => (await viewer.read(12), viewer.send(version), await viewer.read(2)),
    async (viewer) => (await viewer.read(12), viewer.send(version), await viewer.read(2), viewer.send([1]), void (await viewer.read(4))),
    async (viewer) => viewer.send(Buffer.from("no viewer at all")),
  ];
  for (const query of ["", "?view_only=1"])
    for (const step of steps)
      for (let round = 0; round < 8; ++round) {
        const viewer = await open(t, query);
        await step(viewer);
        viewer.close();
      }
  await look(t);
  await look(t, "?view_only=1");
  await picture(before);
});

test("the desk's own programs that break off lock no viewer out", async (t) => {
  const tried = await desk.run(`python3 - <<'END'
import os, socket
tried = 0
for _ in range(12):
    one = socket.socket(socket.AF_UNIX)
    one.settimeout(5)
    one.connect(os.environ.get('XDG_RUNTIME_DIR', '/run/user/1000') + '/rfb')
    tried += one.recv(12).startswith(b'RFB')
    one.close()
print(tried)
END`);
  assert.equal(Number(tried), 12);
  await look(t);
});

test("viewers that stall, in the handshake or in a picture, hold up nobody", async (t) => {
  const other = await look(t);
  for (let at = 0; at < 6; ++at) {
    await open(t);
    const stalled = await look(t);
    stalled.socket.pause();
    // Whole pictures, many of them, that nobody reads.
    for (let ask = 0; ask < 40; ++ask) stalled.send([3, 0, 0, 0, 0, 0, 4, 0, 3, 0]);
  }
  await picture(other);
  await look(t);
  const { success } = await desk.post("mouse/click", { button: "left_click", coordinate: { x: 5, y: 5 } });
  assert.equal(success, true);
});

test("a crowd of viewers sees, and leaves nothing behind", async (t) => {
  const [display] = (await desk.run("pgrep -x Xvnc")).trim().split("\n");
  const count = async () => Number(await desk.run(`ls /proc/${display}/fd | wc -l`));
  const before = await count();
  const crowd = [];
  for (let at = 0; at < 40; ++at) crowd.push(await look(t, at % 2 ? "" : "?view_only=1"));
  for (const viewer of crowd) await picture(viewer);
  for (const viewer of crowd) viewer.close();
  await until("they are gone", async () => (await count()) <= before);
  await look(t);
});
