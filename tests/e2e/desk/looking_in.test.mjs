// Programs of a desk run as the same user as its PID 1, its tool server, and the children of both before they are
// other programs. None of them can be looked into, not even in the moment in which one begins: the tool server holds
// the desk's endpoint and its nonce.
import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import { at, dataDirectory as data, Server, until } from "../lib/carrel.mjs";
import { inside, part } from "../lib/host.mjs";

let server;
before(async () => (server = await Server.start()));
after(() => server?.end());

const call = (id, operation, body) => server.request(body === undefined ? "GET" : "POST", at(id, `/desk/${operation}`), { body });
const run = async (id, command) => {
  try {
    const answer = await call(id, "terminal/execute", { command, timeout: 30 });
    return answer.body.output ?? JSON.stringify(answer.body);
  } catch (error) {
    // A tool server that is ended in the middle of its answer leaves the answer unfinished.
    if (error.code !== "ECONNRESET") throw error;
    return "";
  }
};

// Tries to look into every process that comes, as long as it is called carrel-desk. With `kills` it ends the tool
// server itself, so often, each time watching the next one well past its beginning; else until /tmp/enough exists.
const watcher = String.raw`
import json, os, sys
kills = int(sys.argv[1])
won, rounds, tries = [], 0, 0
def is_ours(pid):
    try:
        with open(f"/proc/{pid}/cmdline", "rb") as f: return f.read().startswith(b"carrel-desk\0serve")
    except OSError: return False
def read(pid, what, how):
    try: f = os.open(f"/proc/{pid}/{what}", how)
    except OSError: return
    try: text = b"opened" if what == "mem" else os.read(f, 4096)
    except OSError: text = b""
    os.close(f)
    if text and is_ours(pid): won.append(what)
def look(pid):
    global tries
    tries += 1
    read(pid, "mem", os.O_RDWR)
    read(pid, "environ", os.O_RDONLY)
    read(pid, "maps", os.O_RDONLY)
    try: held = os.listdir(f"/proc/{pid}/fd")
    except OSError: return
    if is_ours(pid): won.append("fd " + " ".join(held))
def newest():
    with open("/proc/loadavg") as f: return int(f.read().split()[4])
def servers(): return [int(p) for p in os.listdir("/proc") if p.isdigit() and is_ours(p)]
open("/tmp/watching", "w").close()
while rounds < kills:
    last, looks, after, found = newest(), 0, 0, []
    for pid in servers(): os.kill(pid, 9)
    while after < 300:
        # The desk's other programs start processes, too, so that the next server may have any number from here on.
        next = found + list(range(max(last + 1, newest() - 2), newest() + 5))
        for pid in next: look(pid)
        looks += 1
        found = found or [pid for pid in next if is_ours(pid)] or (servers() if looks % 50 == 0 else [])
        after += found != []
    rounds += 1
while kills == 0 and not os.path.exists("/tmp/enough"):
    last = newest()
    for pid in range(last, last + 4): look(pid)
for pid in [1] + servers(): look(pid)
json.dump({"won": won, "rounds": rounds, "tries": tries}, open("/tmp/result.new", "w"))
os.rename("/tmp/result.new", "/tmp/result")
`;

async function startWatcher(id, kills) {
  const { body } = await call(id, "file/write", { path: "/tmp/watcher.py", file_text: watcher });
  assert.equal(body.success, true);
  await run(id, `setsid nohup python3 /tmp/watcher.py ${kills} >/tmp/watcher.log 2>&1 & until [ -e /tmp/watching ] || ! kill -0 $!; do sleep 0.01; done`);
}
const result = async (id) =>
  JSON.parse(
    await until("the watcher is done", async () => {
      const text = await run(id, "cat /tmp/result 2>/dev/null || cat /tmp/watcher.log");
      assert.ok(!text.includes("Traceback"), text);
      return text.startsWith('{"won"') && text;
    }, 240),
  );

async function withDesk(use) {
  const session = await server.createSession();
  try {
    await use(session.id, session.desk.id);
  } finally {
    await server.json("DELETE", at(session.id, "?purge=true"));
  }
}

describe("a program of the desk that wants to look into carrel-desk", () => {
  // Init starts a tool server five times within a minute.
  for (const round of [1, 2, 3])
    test(`gets nothing of a tool server that begins (${round})`, () =>
      withDesk(async (id, desk) => {
        const first = part(data, desk, "carrel-desk", "serve");
        await startWatcher(id, 4);
        const { won, rounds, tries } = await result(id);
        assert.deepEqual({ won, rounds }, { won: [], rounds: 4 });
        assert.ok(tries > 100, `${tries}`);
        assert.notEqual(part(data, desk, "carrel-desk", "serve"), first);
      }));

  test("gets nothing of the children that a tool server starts, until they are other programs", () =>
    withDesk(async (id, desk) => {
      await startWatcher(id, 0);
      for (let round = 0; round < 60; ++round) {
        const started = await call(id, "terminal/process/start", { command: "true", process_id: `p${round}` });
        assert.equal(started.status, 200, JSON.stringify(started.body));
        await call(id, "terminal/process/wait", { process_id: `p${round}`, timeout: 30 });
      }
      await run(id, "touch /tmp/enough");
      const { won, tries } = await result(id);
      assert.deepEqual(won, []);
      assert.ok(tries > 100, `${tries}`);
      assert.equal(inside(data, desk, "carrel-desk", "serve").length, 1);
    }));
});
