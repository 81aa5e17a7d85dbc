// Long work on files ends when its client goes away. As root: what the tool server holds open is looked at from
// outside.
import assert from "node:assert/strict";
import { readFileSync, readdirSync, readlinkSync } from "node:fs";
import http from "node:http";
import { before, describe, test } from "node:test";
import { dataDirectory, until } from "../lib/carrel.mjs";
import { onDesk } from "../lib/desk.mjs";
import { part } from "../lib/host.mjs";

const desk = onDesk();

/** A call whose client can go away before it is answered. */
function begin(operation, body) {
  const { hostname, port } = new URL(desk.server.url);
  const call = { isOver: false };
  const sent = http.request({ hostname, port, method: "POST", path: desk.at(operation), headers: { "content-type": "application/json" } }, (response) => {
    call.isOver = true;
    response.resume();
  });
  sent.on("error", () => {});
  sent.end(JSON.stringify(body));
  call.leave = () => sent.destroy();
  return call;
}

/** Whether the tool server has that file or directory open. */
function isOpen(path) {
  const folder = `/proc/${part(dataDirectory, desk.session.desk.id, "carrel-desk", "serve")}/fd`;
  return readdirSync(folder).some((fd) => {
    try {
      return readlinkSync(`${folder}/${fd}`).endsWith(path);
    } catch {
      return false; // closed meanwhile
    }
  });
}

describe("long work", () => {
  // One file under thousands of names: 100 GB to be searched, which takes longer than a search may last.
  before(() => desk.run("mkdir /tmp/kept && seq 1 7000000 > /tmp/kept/0 && for i in $(seq 11); do cp -al /tmp/kept /tmp/twin && mv /tmp/twin /tmp/kept/$i; done && cp -al /tmp/kept /tmp/dropped"));

  test("a search ends when its client goes away, before one that began earlier", async () => {
    const attempt = async () => {
      const kept = begin("file/grep", { pattern: "x", path: "/tmp/kept" });
      await until("the first is searching", () => isOpen("/tmp/kept"));
      const dropped = begin("file/grep", { pattern: "x", path: "/tmp/dropped" });
      await until("the second is searching", () => isOpen("/tmp/dropped"));
      dropped.leave();
      await until("the second has ended", () => !isOpen("/tmp/dropped"), 60);
      const isEarly = isOpen("/tmp/kept") && !kept.isOver;
      kept.leave();
      await until("the first has ended, too", () => !isOpen("/tmp/kept"), 60);
      return isEarly;
    };
    // A machine that stands still for longer than a search may last proves nothing.
    for (let attempts = 1; !(await attempt()); ++attempts) assert.ok(attempts < 4, "the search goes on without its client");
  });

  test("a copy ends when its client goes away, and leaves nothing half done", async () => {
    // Of nothing, and beside searches, so that it takes much longer than to see that nobody waits for it.
    await desk.run("mkdir ~/target && truncate -s 16G ~/large");
    const beside = [1, 2, 3].map(() => begin("file/grep", { pattern: "x", path: "/tmp/kept" }));
    const copy = begin("file/copy", { from: "large", to: "target/copy" });
    await until("the copy is under way", () => isOpen("/home/agent/large"));
    copy.leave();
    await until("the copy has ended", () => !isOpen("/home/agent/large"), 60);
    await until("nothing of it is left", async () => (await desk.run("ls -A ~/target")) === "");
    for (const each of beside) each.leave();
    await until("the searches have ended", () => !isOpen("/tmp/kept"), 60);
  });

  test("of a long list, the tool server keeps no memory", async () => {
    await desk.run("mkdir /tmp/many && cd /tmp/many && seq 50000 | xargs touch");
    const kilobytes = () => Number(readFileSync(`/proc/${part(dataDirectory, desk.session.desk.id, "carrel-desk", "serve")}/smaps_rollup`, "utf8").match(/^Pss_Anon:\s*(\d+)/m)[1]);
    const first = kilobytes();
    const { entries } = await desk.post("file/list", { path: "/tmp/many", limit: 100_000 });
    assert.equal(entries.length, 50_000);
    await until("it is given back", () => kilobytes() < first + 12 * 1024);
  });
});
