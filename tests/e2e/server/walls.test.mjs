// What is left to the server once it has started: by what the kernel says of its process.
import assert from "node:assert/strict";
import { readFileSync, statSync } from "node:fs";
import { after, before, test } from "node:test";
import { Server } from "../lib/carrel.mjs";

let server;
before(async () => (server = await Server.start()));
after(() => server?.end());

const statusOf = (pid) => Object.fromEntries(readFileSync(`/proc/${pid}/status`, "utf8").split("\n").map((line) => line.split(/:\s*/, 2)));

test("the server has no root, no capability, no way to gain one, and nobody reads its memory", async () => {
  await server.createSession();
  const { pid } = server.child;
  const status = statusOf(pid);
  const ids = status.Uid.split(/\s+/);
  assert.equal(new Set(ids).size, 1);
  assert.notEqual(ids[0], "0");
  for (const set of ["CapInh", "CapPrm", "CapEff", "CapBnd", "CapAmb"]) assert.match(status[set], /^0+$/, set);
  assert.equal(status.NoNewPrivs, "1");
  assert.equal(status.Groups.trim(), "");
  // What cannot be traced belongs to root in /proc.
  assert.equal(statSync(`/proc/${pid}/environ`).uid, 0);
});
