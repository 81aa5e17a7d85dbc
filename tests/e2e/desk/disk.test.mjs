// What a desk may write: its programs hear when that is too much, and so does its session.
import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import { at, Server, until } from "../lib/carrel.mjs";

let server;
before(async () => (server = await Server.start({ env: { CARREL_DESK_DISK_MB: "300", CARREL_MAX_DESK_DISK_MB: "400" } })));
after(() => server?.end());

const output = async (id, command) => (await server.request("POST", at(id, "/desk/terminal/execute"), { body: { command, timeout: 60 } })).body.output.trim();
const told = async (id, code) => (await server.events(id)).filter(({ data }) => data.code === code);
const mib = 1 << 20;
const plain = { provider: "scripted", network: "none" };

describe("what a desk writes", () => {
  test("it fills its disk, hears of it, removes a file and goes on; a neighbour feels nothing", async () => {
    const session = await server.createSession({ ...plain, disk_mb: 64 });
    const other = await server.createSession();
    try {
      assert.equal(session.desk.limits?.disk_mb ?? 64, 64);
      const said = await output(session.id, "dd if=/dev/zero of=~/big bs=1M count=200 2>&1; stat -c 'size %s' ~/big");
      assert.match(said, /No space left on device/);
      const size = Number(said.match(/size (\d+)/)[1]);
      assert.ok(size > 50 * mib && size < 72 * mib, `${size}`);
      await until("it is told", async () => (await told(session.id, "disk_full")).length > 0);
      const [{ data }] = await told(session.id, "disk_full");
      assert.match(data.message, /has written as much as it may.*No space left on device/);
      // What does not write works, and so does the neighbour.
      assert.equal((await server.request("GET", at(session.id, "/desk/screen/screenshot"))).status, 200);
      assert.equal(await output(other.id, "dd if=/dev/zero of=~/big bs=1M count=100 2>/dev/null; stat -c %s ~/big"), `${100 * mib}`);
      assert.equal(await output(session.id, "rm ~/big; echo text > ~/file; cat ~/file"), "text");
      assert.deepEqual(await told(other.id, "disk_full"), []);
      assert.equal((await told(session.id, "disk_full")).length, 1, "told once");
    } finally {
      for (const { id } of [session, other]) await server.json("DELETE", at(id, "?purge=true"));
    }
  });

  test("/tmp and /dev/shm are bounded as well", async () => {
    const session = await server.createSession({ ...plain, disk_mb: 100 });
    try {
      for (const place of ["/tmp", "/dev/shm"])
        assert.equal(await output(session.id, `df --output=size -B1M ${place} | tail -1`), "100", place);
    } finally {
      await server.json("DELETE", at(session.id, "?purge=true"));
    }
  });

  test("more than the server allows, less than a file system needs and none at all are refused", async () => {
    for (const [disk_mb, expected] of [
      [401, /400 MiB of disk/],
      [15, /disk_mb/],
      [0, /disk_mb/],
      [-1, /disk_mb/],
      ["64", /disk_mb/],
    ]) {
      const { status, body } = await server.request("POST", "/api/v1/sessions", { body: { ...plain, disk_mb } });
      assert.ok(status === 422 || status === 400, `${disk_mb}: ${status}`);
      assert.match(JSON.stringify(body), expected, `${disk_mb}`);
    }
  });
});
