// A desk whose first process is killed while it is made, as the kernel does when memory is short.
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { after, before, test } from "node:test";
import { at, dataDirectory as data, Server, until } from "../lib/carrel.mjs";
import { leftovers, processes } from "../lib/host.mjs";

let server;
before(async () => (server = await Server.start()));
after(() => server?.end());

const childrenOf = (pid) => readFileSync(`/proc/${pid}/task/${pid}/children`, "utf8").trim().split(" ").filter(Boolean).map(Number);

/** Kills the desk that comes next, once it has been looked for so often since its first process was there. */
async function killNext(jail, looks, isOver) {
  // Who makes desks' disks is a child of the jail as well.
  const others = childrenOf(jail);
  for (let left = looks; !isOver(); await new Promise((resolve) => setImmediate(resolve))) {
    const [first] = childrenOf(jail).filter((child) => !others.includes(child));
    if (first === undefined || left-- > 0) continue;
    try {
      process.kill(first, "SIGKILL");
    } catch {
      // it had just ended
    }
    return;
  }
}

test("the answer says so, whenever that was, and nothing is left", async () => {
  const jail = processes().find(({ parent, name }) => parent === server.child.pid && name === "carrel-jail").pid;
  const answers = [];
  for (let looks = 0; looks < 40; ++looks) {
    let isOver = false;
    const making = server.request("POST", "/api/v1/sessions", { body: { provider: "scripted", network: "none" } }).finally(() => (isOver = true));
    await killNext(jail, looks * 4, () => isOver);
    const { status, body } = await making;
    answers.push(status === 503 ? `503 ${body.code}` : String(status));
    assert.ok(["503 killed", "201"].includes(answers.at(-1)), JSON.stringify(body));
    for (const { id, desk } of (await server.json("GET", "/api/v1/sessions")).sessions) {
      await server.json("DELETE", at(id, "?purge=true"));
      if (desk) await until("nothing is left", () => leftovers(data, [desk.id]).length === 0);
    }
  }
  assert.ok(answers.includes("503 killed"), answers.join());
});
