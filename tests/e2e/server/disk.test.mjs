// A disk that is full, and then is not any more. The data directory is a small file system of its own.
import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { closeSync, openSync, readdirSync, statfsSync, statSync, writeSync } from "node:fs";
import { mkdtemp, rm } from "node:fs/promises";
import os from "node:os";
import path from "node:path";
import { after, before, test } from "node:test";
import { at, Server, until } from "../lib/carrel.mjs";
import { shareImages } from "../lib/host.mjs";
import { bash, script } from "../lib/script.mjs";

let data;
let server;
let id;
before(async () => {
  data = await mkdtemp(path.join(os.tmpdir(), "carrel-disk-"));
  execFileSync("mount", ["-t", "tmpfs", "-o", "size=96m,mode=755", "tmpfs", data]);
  shareImages(data);
  server = await Server.start({ data });
  ({ id } = await server.createSession());
});
after(async () => {
  await server?.end();
  execFileSync("umount", ["-l", data]);
  await rm(data, { recursive: true, force: true });
});

const filler = () => path.join(data, "filler");

/** Takes every free byte, also what the store and the trash of desks give back meanwhile. */
function fill() {
  for (let round = 0; round === 0 || statfsSync(data).bavail > 0; ++round) {
    assert.ok(round < 100, "room comes back without end");
    const file = openSync(filler(), "a");
    for (let size = 1 << 20; size >= 1; size >>= 1)
      try {
        for (;;) writeSync(file, Buffer.alloc(size));
      } catch (error) {
        if (error.code !== "ENOSPC") throw error;
      }
    closeSync(file);
  }
}
async function empty() {
  await rm(filler(), { force: true });
  await until("the trash is emptied", () => readdirSync(path.join(data, "trash")).length === 0);
}

test("a message on a full disk is refused with 507, and works when there is room", async () => {
  await server.turn(id, "before");
  const stored = await server.events(id);
  fill();
  // The journal has some room of its own.
  const refused = await until("a refusal", async () => {
    fill();
    const answer = await server.request("POST", at(id, "/messages"), { body: { content: "x".repeat(10_000) } });
    return answer.status !== 200 && answer.status !== 409 && answer;
  });
  assert.equal(refused.status, 507, JSON.stringify(refused.body));
  assert.match(refused.body.detail, /full|room|space/);
  assert.equal((await server.json("GET", "/api/v1/health/live")).status, "alive");
  assert.deepEqual((await server.events(id)).slice(0, stored.length), stored, "what was stored is read");
  assert.equal((await server.request("GET", at(id, "/desk/screen/screenshot"))).status, 200);
  await empty();
  await until("it is not busy", async () => !(await server.json("GET", at(id))).busy);
  assert.equal((await server.turn(id, "after")).at(-1).data.status, "completed");
});

test("a turn that meets the full disk ends with an event as soon as there is room", async () => {
  // More than the journal's own room, whatever an earlier turn left of that.
  const much = bash("f() { until [ -e /tmp/full ]; do sleep 0.05; done; head -c 15000 /dev/zero | tr '\\0' x; }; f");
  await server.json("POST", at(id, "/messages"), { content: script(much, ...Array(150).fill(bash("f")), { text: "end" }) });
  await until("it runs", async () => (await server.events(id)).at(-1).event === "tool_use");
  fill();
  // A file system of the desk's own, which is not full.
  await server.json("POST", at(id, "/desk/file/write"), { path: "/tmp/full", file_text: "" });
  await until("the log says that it cannot be stored", () => /cannot be stored/.test(server.log), 60);
  const during = await server.request("POST", at(id, "/messages"), { body: { content: "now?" } });
  assert.equal(during.status, 507, JSON.stringify(during.body));
  await empty();
  await until("the turn ends", async () => !(await server.json("GET", at(id))).busy);
  const events = await server.events(id);
  assert.equal(events.at(-1).event, "message_complete");
  assert.equal(events.at(-1).data.status, "error");
  assert.equal(events.findLast(({ event }) => event === "error").data.code, "disk_full");
  const next = await server.turn(id, script(bash("echo goes on"), { text: "ok" }));
  assert.equal(next.at(-1).data.status, "completed");
});

test("a desk on the full disk says so for files, and goes on", async () => {
  await empty();
  fill();
  // Its disk is a file that grows: it is closed once the host is seen to have no room for that.
  const text = await until("it is refused", async () => {
    const written = await server.request("POST", at(id, "/desk/file/write"), { body: { path: "/home/agent/large", file_text: "x".repeat(1 << 20) } });
    return (written.status === 507 || written.body.success === false) && JSON.stringify(written.body);
  });
  assert.match(text, /space|full/i);
  await empty();
  await until("it may write again", async () => (await server.request("POST", at(id, "/desk/file/write"), { body: { path: "/home/agent/large", file_text: "x".repeat(1 << 16) } })).body.success === true);
});

test("a workspace on the full disk is closed, too, and goes on with what it had", async () => {
  await empty();
  const { id: other } = await server.createSession({ provider: "scripted", network: "none", workspace: "full-host" });
  const write = async (file, size) => (await server.request("POST", at(other, "/desk/file/write"), { body: { path: file, file_text: "x".repeat(size) } })).body.success === true;
  assert.ok(await write("/workspace/before", 1 << 16));
  execFileSync("sync");
  fill();
  // From when its own disk takes no more, the workspace's does not either.
  await until("the desk is refused", async () => !(await write("/home/agent/large", 1 << 20)));
  await until("the workspace is refused", async () => !(await write("/workspace/large", 1 << 20)));
  await empty();
  await until("it may write again", async () => write("/workspace/after", 1 << 16));
  const read = await server.json("POST", at(other, "/desk/terminal/execute"), { command: "wc -c < /workspace/before" });
  assert.equal(read.output.trim(), `${1 << 16}`);
  await server.json("DELETE", at(other, "?purge=true"));
  await server.json("DELETE", "/api/v1/workspaces/full-host");
  await empty();
});

test("no new session on a full disk, a sentence instead; then again", async () => {
  fill();
  const refused = await until("a refusal", async () => {
    const answer = await server.request("POST", "/api/v1/sessions", { body: { provider: "scripted", network: "none", system_prompt_suffix: "x".repeat(20_000) } });
    return answer.status !== 201 && answer;
  });
  assert.equal(refused.status, 507, JSON.stringify(refused.body));
  await empty();
  const session = await server.createSession();
  await server.json("DELETE", `/api/v1/sessions/${session.id}?purge=true`);
});

test("on a full disk sessions can be deleted: that is how room is made", async () => {
  const { id: large } = await server.createSession();
  await server.request("POST", `/api/v1/sessions/${large}/desk/terminal/execute`, { body: { command: "head -c 20M /dev/urandom > ~/large" } });
  // What a desk writes reaches the host when the kernel likes; a desk's own sync does not hurry it.
  execFileSync("sync");
  fill();
  const answer = await server.request("DELETE", `/api/v1/sessions/${large}?purge=true`);
  assert.equal(answer.status, 204, JSON.stringify(answer.body));
  await until("there is room", () => statfsSync(data).bavail > 1000);
  await empty();
});

test("a session that filled the disk itself, so that its turn's end cannot be stored, can be purged", async () => {
  await empty();
  const { id: greedy } = await server.createSession();
  const takes = bash("f() { head -c 15000 /dev/urandom | base64 -w0 | head -c 15000; }; cat /dev/zero >~/fill; f");
  const isUnstored = () => server.log.includes(`the end of a turn of ${greedy} cannot be stored`);
  // Where the journal has no room for a long output, it may have some for the short end: then it is tried again.
  for (let turn = 0; !isUnstored(); ++turn) {
    assert.ok(turn < 20, "each end could be stored");
    await empty();
    await server.json("POST", at(greedy, "/messages"), { content: script(takes, ...Array(150).fill(bash("f")), { text: "end" }) });
    await until("its end", async () => {
      if (statfsSync(data).bavail < 256) fill();
      return isUnstored() || (await server.events(greedy)).filter(({ event }) => event === "message_complete").length > turn;
    }, 60);
  }
  const answer = await server.request("DELETE", at(greedy, "?purge=true"));
  assert.equal(answer.status, 204, JSON.stringify(answer.body));
  assert.equal((await server.request("GET", at(greedy))).status, 404);
  await until("there is room", () => statfsSync(data).bavail > 1000);
  await empty();
});

test("health says that the disk is full, and the server goes on serving", async () => {
  const health = async () => {
    const { status, body } = await server.request("GET", "/api/v1/health");
    return [status, body.checks.database.status, body.status];
  };
  const [, , well] = await health();
  assert.notEqual(well, "unhealthy");
  fill();
  assert.deepEqual(await health(), [503, "full", "unhealthy"]);
  assert.equal((await server.json("GET", "/api/v1/health/ready")).status, "ready");
  assert.equal((await server.json("GET", "/api/v1/health/live")).status, "alive");
  await empty();
  assert.deepEqual(await health(), [200, "ok", well]);
});

test("on a full disk a session with a long history can be purged, and the database's file becomes smaller", async () => {
  await empty();
  const { id: long } = await server.createSession();
  const calls = [bash("f() { head -c 15000 /dev/urandom | base64 -w0 | head -c 15000; }; f"), ...Array(150).fill(bash("f"))];
  for (let round = 0; round < 4; ++round) {
    const events = await server.turn(long, script({ tool_uses: [{ name: "screenshot" }] }, ...calls, { text: "end" }), 300);
    assert.equal(events.at(-1).data.status, "completed", JSON.stringify(events.at(-1)));
  }
  const database = path.join(data, "server/carrel.db");
  await until("it is in the database's file", () => statSync(database).size > 10 << 20);
  fill();
  const { size } = statSync(database);
  const answer = await server.request("DELETE", at(long, "?purge=true"));
  assert.equal(answer.status, 204, JSON.stringify(answer.body));
  assert.equal((await server.request("GET", at(long))).status, 404);
  await until("the file is smaller", () => statSync(database).size < size / 2);
  assert.ok(statfsSync(data).bavail > 1000);
  await empty();
});

test("a server that is started on a full disk serves what it can", async () => {
  fill();
  await server.stop("SIGKILL");
  let failure;
  try {
    server = await Server.start({ data, fresh: false });
  } catch (error) {
    failure = error;
  }
  if (failure) assert.match(failure.message, /full|space/i);
  await empty();
  if (failure) server = await Server.start({ data, fresh: false });
  await until("its desk is there", async () => (await server.json("GET", at(id))).desk.state === "ready");
  assert.equal((await server.turn(id, script(bash("echo here"), { text: "ok" }))).at(-1).data.status, "completed");
});
