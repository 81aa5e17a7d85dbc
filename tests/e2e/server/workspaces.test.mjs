// Files that outlive desks, over REST and from the command line.
import assert from "node:assert/strict";
import { execFileSync, spawnSync } from "node:child_process";
import { createHash } from "node:crypto";
import fs from "node:fs";
import os from "node:os";
import path from "node:path";
import { after, before, test } from "node:test";
import { at, dataDirectory, programs, Server, until } from "../lib/carrel.mjs";

const owner = path.join(dataDirectory, "workspaces", createHash("sha256").update("local").digest("hex"));
const scratch = fs.mkdtempSync(path.join(os.tmpdir(), "carrel-workspaces-"));
let server;

before(async () => {
  fs.rmSync(owner, { recursive: true, force: true });
  server = await Server.start({ env: { CARREL_WORKSPACE_DISK_MB: "32", CARREL_WORKSPACES_PER_USER: "4" } });
});
after(async () => {
  await server.end();
  fs.rmSync(owner, { recursive: true, force: true });
  fs.rmSync(scratch, { recursive: true });
});

/** As a desk would have left it. */
function write(name, files) {
  const folder = path.join(owner, name, "files");
  fs.mkdirSync(folder, { recursive: true });
  for (const [file, text] of Object.entries(files)) fs.writeFileSync(path.join(folder, file), text);
}
const carrel = (...words) =>
  spawnSync(path.join(programs, "carrel"), ["workspace", ...words, "--server", server.url], { encoding: "utf8" });

test("who has none gets an empty list", async () => {
  assert.deepEqual(await server.json("GET", "/api/v1/workspaces"), { workspaces: [], total: 0 });
});

test("workspaces are listed, downloaded as a tar, and deleted", async () => {
  write("notes", { "a.txt": "one", "b.txt": "two" });
  write("other", {});
  const { workspaces, total } = await server.json("GET", "/api/v1/workspaces");
  assert.equal(total, 2);
  assert.deepEqual(
    // As they were before there were quotas.
    workspaces.map(({ name, files, quota_bytes }) => [name, files, quota_bytes]),
    [["notes", 2, null], ["other", 0, null]],
  );
  assert.match(carrel("list").stdout, /^notes +\d+ bytes of +any +2 files/);
  const tar = path.join(scratch, "notes.tar");
  assert.equal(carrel("download", "notes", tar).status, 0);
  execFileSync("tar", ["-xf", tar, "-C", scratch]);
  assert.equal(fs.readFileSync(path.join(scratch, "workspace/b.txt"), "utf8"), "two");
  assert.equal(carrel("rm", "notes").status, 0);
  assert.equal((await server.request("GET", "/api/v1/workspaces/notes/archive")).status, 404);
  assert.equal((await server.request("DELETE", "/api/v1/workspaces/notes")).status, 404);
  assert.ok(!fs.existsSync(path.join(owner, "notes")));
});

const wish = (workspace, more = {}) => ({ provider: "scripted", network: "none", workspace, ...more });
const run = async (id, command) => (await server.json("POST", at(id, "/desk/terminal/execute"), { command })).output.trim();
const find = async (wanted) => (await server.json("GET", "/api/v1/workspaces")).workspaces.find(({ name }) => name === wanted);

test("a workspace holds as much as its quota; the session hears of it, the desk goes on, and the next desk has the files", async () => {
  const { id } = await server.createSession(wish("full", { home: true }));
  assert.match(await run(id, "head -c 100M /dev/zero 2>&1 > /workspace/big; echo kept > ~/kept"), /No space left on device/);
  const told = await until("the session hears of it", async () => (await server.events(id)).find(({ data }) => data.code === "workspace_full"));
  assert.match(told.data.message, /workspace/);
  const { bytes, quota_bytes } = await find("full");
  assert.equal(quota_bytes, 32 << 20);
  assert.ok(bytes > 24 << 20 && bytes < 40 << 20, `${bytes}`);
  assert.match(carrel("list").stdout, /full +\d+ bytes of +33554432/);
  assert.equal(await run(id, "head -c 50M /dev/zero > /var/tmp/else && rm /workspace/big && echo small > /workspace/small && echo fine"), "fine");
  await server.json("DELETE", at(id));
  const next = await server.createSession(wish("full", { home: true }));
  assert.equal(await run(next.id, "cat /workspace/small ~/.profile > /dev/null && ls /workspace"), "small");
  const tar = path.join(scratch, "full.tar");
  assert.equal(carrel("download", "full", tar).status, 0);
  assert.match(execFileSync("tar", ["-tf", tar], { encoding: "utf8" }), /^workspace\/small$/m);
  const refused = await server.request("DELETE", "/api/v1/workspaces/full");
  assert.deepEqual([refused.status, refused.body.code], [409, "workspace_in_use"]);
  await server.json("DELETE", at(next.id));
  await server.json("DELETE", "/api/v1/workspaces/full");
  assert.equal(await find("full"), undefined);
});

test("sessions that share a workspace with a quota share its files, over a restart of the server, too", async () => {
  const one = await server.createSession(wish("shared", { shared: true }));
  const two = await server.createSession(wish("shared", { shared: true }));
  assert.equal(await run(one.id, "echo one > /workspace/note; cat /workspace/note"), "one");
  assert.equal(await run(two.id, "echo two >> /workspace/note; cat /workspace/note"), "one\ntwo");
  await server.stop("SIGKILL");
  server = await Server.start({ fresh: false, env: { CARREL_WORKSPACE_DISK_MB: "32", CARREL_WORKSPACES_PER_USER: "4" } });
  await until("its desks are there", async () => (await server.json("GET", at(two.id))).desk.state === "ready");
  const three = await server.createSession(wish("shared", { shared: true }));
  assert.equal(await run(three.id, "echo three >> /workspace/note; cat /workspace/note"), "one\ntwo\nthree");
  assert.equal(await run(one.id, "cat /workspace/note"), "one\ntwo\nthree");
  for (const { id } of [one, two, three]) await server.json("DELETE", at(id));
});

test("a workspace whose disk is no file system is refused as such, for a desk and a download, and can be deleted", async () => {
  fs.mkdirSync(path.join(owner, "broken"), { recursive: true });
  fs.writeFileSync(path.join(owner, "broken/quota"), "33554432\n");
  fs.writeFileSync(path.join(owner, "broken/disk"), Buffer.alloc(64 << 20));
  const desk = await server.request("POST", "/api/v1/sessions", { body: wish("broken") });
  assert.deepEqual([desk.status, desk.body.code], [503, "no_disk"], JSON.stringify(desk.body));
  assert.match(desk.body.detail, /the disk of the workspace cannot be mounted/);
  const download = await server.request("GET", "/api/v1/workspaces/broken/archive");
  assert.equal(download.status, 503, JSON.stringify(download.body));
  assert.match(download.body.detail, /cannot be opened/);
  await server.json("DELETE", "/api/v1/workspaces/broken");
});

test("a user has so many workspaces and no more, which the refusal says; one that is there can be had again", async () => {
  for (const name of ["one", "two", "three", "four"]) fs.rmSync(path.join(owner, name), { recursive: true, force: true });
  const there = (await server.json("GET", "/api/v1/workspaces")).total;
  for (let count = there; count < 4; ++count) write(`more-${count}`, {});
  const refused = await server.request("POST", "/api/v1/sessions", { body: wish("beyond") });
  assert.equal(refused.status, 422, JSON.stringify(refused.body));
  assert.equal(refused.body.code, "too_many_workspaces");
  assert.match(refused.body.detail, /you have 4 workspaces/);
  assert.equal((await server.json("GET", "/api/v1/sessions")).sessions.filter(({ desk }) => desk?.workspace === "beyond").length, 0);
  const again = await server.createSession(wish("shared"));
  await server.json("DELETE", at(again.id));
});

test("a name that cannot be one is not found, and none leads elsewhere", async () => {
  for (const name of ["..", "%2e%2e", "%2e%2e%2f%2e%2e", "A", "a%0ab", "x".repeat(65)])
    assert.equal((await server.request("GET", `/api/v1/workspaces/${name}/archive`)).status, 404, name);
  const refused = carrel("download", "../etc", path.join(scratch, "no.tar"));
  assert.notEqual(refused.status, 0);
  assert.match(refused.stderr, /is no workspace/);
  assert.ok(!fs.existsSync(path.join(scratch, "no.tar")));
});
