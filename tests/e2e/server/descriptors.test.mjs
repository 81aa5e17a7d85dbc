// A server that may hold few descriptors: it says so, refuses what it cannot do, and never breaks down.
import assert from "node:assert/strict";
import { chmod, mkdtemp, rm, writeFile } from "node:fs/promises";
import { spawn, spawnSync } from "node:child_process";
import { existsSync } from "node:fs";
import { once } from "node:events";
import os from "node:os";
import path from "node:path";
import { after, before, test } from "node:test";
import { at, programs, dataDirectory as data, Server, until } from "../lib/carrel.mjs";

let folder;
before(async () => {
  folder = await mkdtemp(path.join(os.tmpdir(), "carrel-descriptors-"));
  await chmod(folder, 0o755);
});
after(async () => {
  // Desks of servers that could not end them.
  await (await Server.start()).end();
  await rm(folder, { recursive: true, force: true });
});

/** What is not there after a minute does not come. */
const patience = (otherwise) => new Promise((resolve) => setTimeout(() => resolve(otherwise()), 60_000).unref());

/** A program that starts the server with room for so many descriptors. */
async function limited(most) {
  const program = path.join(folder, `carrel-${most}`);
  await writeFile(program, `#!/bin/sh\nexec prlimit --nofile=${most}:${most} "${path.join(programs, "carrel")}" "$@"\n`, { mode: 0o755 });
  return program;
}

/** Starts it and asks it for a session: {code, signal, log, statuses}. */
async function live(most) {
  // The one before may have ended while it started its jail, which holds the lock until it is a program of its own.
  const lock = path.join(data, "lock");
  await until("the directory is free", () => !existsSync(lock) || spawnSync("flock", ["-n", lock, "true"]).status === 0);
  await rm(path.join(data, "server"), { recursive: true, force: true });
  const child = spawn(await limited(most), ["serve", "--listen", "127.0.0.1:0", "--data", data], { stdio: ["ignore", "pipe", "pipe"] });
  const server = new Server(child);
  const ended = once(child, "exit");
  child.stderr.on("data", (bytes) => (server.log += bytes));
  child.stdout.on("data", (bytes) => (server.output += bytes));
  const hasEnded = () => child.exitCode !== null || child.signalCode !== null;
  await until("it serves or ends", () => hasEnded() || (server.log.includes(" ready") && /http:\/\/\S+\s/.test(server.output)));
  const statuses = [];
  if (!hasEnded()) {
    server.url = server.output.match(/http:\/\/\S+/)[0];
    const ask = (method, target, body) =>
      Promise.race([server.request(method, target, { body }).catch(() => ({ status: "dropped" })), patience(() => ({ status: "no answer" }))]);
    for (let round = 0; round < 2; ++round) {
      const made = await ask("POST", "/api/v1/sessions", { provider: "scripted", network: "none" });
      statuses.push(made.status);
      if (made.status === 201) statuses.push((await ask("DELETE", at(made.body.id, "?purge=true"))).status);
    }
    child.kill("SIGTERM");
  }
  const [code, signal] = await Promise.race([ended, patience(() => child.kill("SIGKILL") && ended)]);
  return { code, signal, log: server.log, statuses };
}

test("with however few descriptors it ends with a sentence or serves what it can", async () => {
  let served = 0;
  for (let most = 6; most <= 40; most += most < 30 ? 1 : 5) {
    const { code, signal, log, statuses } = await live(most);
    const what = `with ${most} descriptors: ${JSON.stringify({ code, signal, statuses })}\n${log}`;
    assert.equal(signal, null, what);
    if (statuses.length === 0) {
      assert.ok(code > 0, what);
      assert.doesNotMatch(log, /terminate|what\(\)|Segmentation/, what);
      assert.match(log, /Too many open files|descriptor|cannot be opened|unable to open|shared librar|load/i, what);
      continue;
    }
    assert.equal(code, 0, what);
    for (const status of statuses) assert.ok([201, 204, 503, "dropped"].includes(status), what);
    served += statuses.includes(201) ? 1 : 0;
  }
  assert.ok(served > 0);
});

test("that it may hold few it says at its start", async () => {
  const server = await Server.start({ program: await limited(100) });
  assert.match(server.log, /the server may hold only 100 descriptors, .* LimitNOFILE/);
  const { id } = await server.createSession();
  await server.json("DELETE", at(id, "?purge=true"));
  await server.end();
});
