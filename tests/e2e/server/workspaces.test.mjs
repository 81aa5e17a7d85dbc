// Files that outlive desks, over REST and from the command line.
import assert from "node:assert/strict";
import { execFileSync, spawnSync } from "node:child_process";
import { createHash } from "node:crypto";
import fs from "node:fs";
import os from "node:os";
import path from "node:path";
import { after, before, test } from "node:test";
import { dataDirectory, programs, Server } from "../lib/carrel.mjs";

const owner = path.join(dataDirectory, "workspaces", createHash("sha256").update("local").digest("hex"));
const scratch = fs.mkdtempSync(path.join(os.tmpdir(), "carrel-workspaces-"));
let server;

before(async () => {
  fs.rmSync(owner, { recursive: true, force: true });
  server = await Server.start();
});
after(async () => {
  await server.stop();
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
    workspaces.map(({ name, files }) => [name, files]),
    [["notes", 2], ["other", 0]],
  );
  assert.match(carrel("list").stdout, /^notes +\d+ bytes +2 files/);
  const tar = path.join(scratch, "notes.tar");
  assert.equal(carrel("download", "notes", tar).status, 0);
  execFileSync("tar", ["-xf", tar, "-C", scratch]);
  assert.equal(fs.readFileSync(path.join(scratch, "workspace/b.txt"), "utf8"), "two");
  assert.equal(carrel("rm", "notes").status, 0);
  assert.equal((await server.request("GET", "/api/v1/workspaces/notes/archive")).status, 404);
  assert.equal((await server.request("DELETE", "/api/v1/workspaces/notes")).status, 404);
  assert.ok(!fs.existsSync(path.join(owner, "notes")));
});

test("a name that cannot be one is not found, and none leads elsewhere", async () => {
  for (const name of ["..", "%2e%2e", "%2e%2e%2f%2e%2e", "A", "a%0ab", "x".repeat(65)])
    assert.equal((await server.request("GET", `/api/v1/workspaces/${name}/archive`)).status, 404, name);
  const refused = carrel("download", "../etc", path.join(scratch, "no.tar"));
  assert.notEqual(refused.status, 0);
  assert.match(refused.stderr, /is no workspace/);
  assert.ok(!fs.existsSync(path.join(scratch, "no.tar")));
});
