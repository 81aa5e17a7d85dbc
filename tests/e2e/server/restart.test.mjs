// Desks outlive the server: it is killed, started again, and finds everything as it was. What cannot be trusted
// any more is removed; what nobody owns is removed; nothing of ours is left on the machine.
import assert from "node:assert/strict";
import { readFileSync, readdirSync, writeFileSync } from "node:fs";
import path from "node:path";
import { after, beforeEach, describe, test } from "node:test";
import { once } from "node:events";
import { at, dataDirectory as data, follow, Server, takenOver, until } from "../lib/carrel.mjs";
import { descriptors, identity, inside, interfaces, isAlive, lasting, leftovers, processes } from "../lib/host.mjs";
import { bash, script } from "../lib/script.mjs";
import { Viewer } from "../lib/wire.mjs";

let server;
beforeEach(async () => {
  await server?.end();
  server = await Server.start();
});
after(() => server?.end());

const run = async (id, command) => (await server.json("POST", at(id, "/desk/terminal/execute"), { command })).output.trim();
const deskOf = async (id) => (await server.json("GET", at(id))).desk;

async function startAgain() {
  server = await Server.start({ fresh: false });
  await takenOver(server);
}

async function restart(signal = "SIGKILL") {
  await server.stop(signal);
  await startAgain();
}

const jailOf = (pid) => processes().find(({ parent, name }) => parent === pid && name === "carrel-jail").pid;
/** The least of each member within two seconds: what comes and goes is not counted. */
async function leastOf(read) {
  const least = read();
  for (let look = 0; look < 20; ++look) {
    await new Promise((resolve) => setTimeout(resolve, 100));
    for (const [name, count] of Object.entries(read())) least[name] = Math.min(least[name], count);
  }
  return least;
}

const pidsOf = (desk) => lasting(data, desk);

describe("kill -9 of the server", () => {
  test("in the middle of a turn: desk, shell, history and viewers go on, the turn is ended", async () => {
    const session = await server.createSession();
    const { id, desk } = session;
    await server.turn(id, script(bash("cd /tmp; kept='still here'; export kept"), { text: "first" }));
    const before = await server.events(id);
    const pids = pidsOf(desk.id);
    assert.ok(pids.length >= 4, "init, display, window manager, tool server");
    await server.json("POST", at(id, "/messages"), { content: script({ text: "I begin", ...bash("echo begun; sleep 1000") }) });
    await until("the command runs", async () => (await server.events(id)).some(({ event, seq }) => event === "tool_use" && seq > before.at(-1).seq));
    const viewer = await Viewer.open(server, at(id, "/vnc"));
    await viewer.handshake();
    await restart();
    viewer.close();

    assert.deepEqual((await server.json("GET", "/api/v1/sessions")).sessions.map((row) => row.id), [id]);
    const now = await server.json("GET", at(id));
    assert.deepEqual(now.desk, desk);
    assert.equal(now.busy, false);
    for (const pid of pids) assert.ok(isAlive(pid), `process ${pid} lives`);
    const events = await server.events(id);
    assert.deepEqual(events.slice(0, before.length), before);
    const rest = events.slice(before.length);
    const ids = (name) => rest.filter(({ event }) => event === name).map(({ data }) => data.tool_use_id);
    assert.deepEqual(ids("tool_result"), ids("tool_use"));
    assert.equal(rest.find(({ event }) => event === "error").data.code, "interrupted");
    // A desk that is asked for longer than half a second is told as starting, and then as ready.
    const last = rest.findLast(({ event }) => event !== "desk");
    assert.equal(last.event, "message_complete");
    assert.equal(last.data.status, "interrupted");
    assert.deepEqual(events.map(({ seq }) => seq), [...new Set(events.map(({ seq }) => seq))].sort((a, b) => a - b));

    const again = await Viewer.open(server, at(id, "/vnc"));
    assert.deepEqual(await again.handshake(), { width: 1280, height: 800 });
    again.close();
    const next = await server.turn(id, script(bash("echo works"), { text: "yes" }));
    assert.equal(next.at(-1).data.status, "completed");
    assert.match(JSON.stringify(next.slice(-6)), /works/);
  });

  test("between turns: a variable of the shell is still set, a viewer resumes where it was", async () => {
    const { id, desk } = await server.createSession();
    assert.equal(await run(id, "kept='still here'; cd /usr/share; echo $$"), String(await run(id, "echo $$")));
    const shell = await run(id, "echo $$");
    await server.turn(id, "hello");
    const seen = [];
    const first = follow(server, at(id, "/stream?last_event_id=0"), (event) => event.id && seen.push(event));
    await first.opened;
    await until("all is seen", async () => seen.length === (await server.events(id)).length);
    await restart();
    first.stop();
    assert.equal(await run(id, 'echo "$kept $PWD $$"'), `still here /usr/share ${shell}`);
    assert.equal((await deskOf(id)).id, desk.id);
    const second = follow(server, at(id, "/stream"), (event) => event.id && seen.push(event), { "Last-Event-ID": seen.at(-1).id });
    await second.opened;
    await server.turn(id, "after");
    const stored = await server.events(id);
    await until("all is seen again", () => seen.at(-1).id === String(stored.at(-1).seq));
    second.stop();
    assert.deepEqual(seen.map((event) => Number(event.id)), stored.map(({ seq }) => seq));
  });

  test("again and again, while sessions come and go: nothing stays half", async () => {
    const { id } = await server.createSession();
    await run(id, "echo kept > ~/file");
    for (let round = 0; round < 4; ++round) {
      const coming = [server.createSession(), server.createSession()].map((made) => made.catch(() => undefined));
      // Somewhere in the middle, another place each time: after so many answers of the health check.
      for (let pause = 0; pause < round * 8; ++pause) await server.json("GET", "/api/v1/health/live");
      await restart();
      await Promise.all(coming);
      assert.equal(await run(id, "cat ~/file"), "kept");
      const { sessions } = await server.json("GET", "/api/v1/sessions");
      for (const row of sessions) {
        assert.ok(["ready", "lost", "failed"].includes(row.desk.state), JSON.stringify(row.desk));
        if (row.desk.state === "ready") assert.equal((await server.request("GET", at(row.id, "/desk/screen/info"))).status, 200);
        else assert.ok(row.desk.reason.length > 10);
        if (row.id !== id) await server.json("DELETE", at(row.id, "?purge=true"));
      }
      await until("only its desk is left", () => readdirSync(path.join(data, "desks")).length === 1);
    }
  });
});

describe("an orderly end", () => {
  test("SIGTERM ends a turn as interrupted, and leaves desks alone", async () => {
    const { id, desk } = await server.createSession();
    await server.json("POST", at(id, "/messages"), { content: script(bash("sleep 1000")) });
    await until("the command runs", async () => (await server.events(id)).some(({ event }) => event === "tool_use"));
    await server.stop();
    assert.equal(server.child.exitCode, 0, server.log);
    assert.ok(pidsOf(desk.id).length >= 4);
    await startAgain();
    const events = await server.events(id);
    assert.equal(events.filter(({ event }) => event === "message_complete").length, 1);
    assert.equal(events.findLast(({ event }) => event === "message_complete").data.status, "interrupted");
    assert.equal((await deskOf(id)).state, "ready");
  });

  test("also with viewers, streams and half requests open", async () => {
    const { id } = await server.createSession();
    const stream = follow(server, at(id, "/stream"), () => {});
    await stream.opened;
    const viewer = await Viewer.open(server, at(id, "/vnc"));
    await viewer.handshake();
    await server.stop();
    assert.equal(server.child.exitCode, 0, server.log);
    stream.stop();
    await startAgain();
    assert.equal(await run(id, "echo here"), "here");
  });
});

test("kill -9 of the jail: the server says so and ends; the next one adopts", async () => {
  const { id, desk } = await server.createSession();
  await run(id, "kept=yes");
  const pids = pidsOf(desk.id);
  const ended = once(server.child, "exit");
  process.kill(jailOf(server.child.pid), "SIGKILL");
  const [code] = await ended;
  assert.equal(code, 1);
  await until("it has said why", () => /carrel-jail has ended, so no desk can be made: ending too \(desks live on; start the server again\)/.test(server.log));
  for (const pid of pids) assert.ok(pidsOf(desk.id).includes(pid), `${pid}`);
  await startAgain();
  assert.equal(await run(id, "echo $kept"), "yes");
});

test("kill -9 of the server takes its jail along, and the jail takes no desk along", async () => {
  const { desk } = await server.createSession();
  const jail = jailOf(server.child.pid);
  await server.stop("SIGKILL");
  await until("the jail ends", () => !isAlive(jail));
  assert.ok(pidsOf(desk.id).length >= 4);
  await startAgain();
});

describe("desks that cannot be trusted", () => {
  const file = (desk) => path.join(data, "desks", desk, "identity.json");
  const tamper = (desk, change) => writeFileSync(file(desk), change(readFileSync(file(desk), "utf8")));
  const cases = {
    "another nonce": (desk) => tamper(desk, (text) => text.replace(/"nonce": "[0-9a-f]+"/, `"nonce": "${"0".repeat(32)}"`)),
    "another process id": (desk) => tamper(desk, (text) => text.replace(/"pid": \d+/, `"pid": ${process.pid}`)),
    "another start time": (desk) => tamper(desk, (text) => text.replace(/"started": \d+/, `"started": 12345`)),
    "another boot": (desk) => tamper(desk, (text) => text.replace(/"boot": "[^"]+"/, `"boot": "00000000-0000-0000-0000-000000000000"`)),
    "another namespace": (desk) => tamper(desk, (text) => text.replace(/"pid_namespace": \d+/, `"pid_namespace": 4026531836`)),
    "an identity of somebody else": (desk) => tamper(desk, (text) => text.replaceAll(desk, "desk_000000000000")),
    "an identity that is cut": (desk) => tamper(desk, (text) => text.slice(0, 100)),
    "no identity": (desk) => tamper(desk, () => ""),
  };
  for (const [name, spoil] of Object.entries(cases))
    test(`with ${name} the desk is lost, ended and removed, and its session says so`, async () => {
      const bystander = process.pid;
      const { id, desk } = await server.createSession();
      const pids = pidsOf(desk.id);
      await server.stop("SIGKILL");
      spoil(desk.id);
      await startAgain();
      const now = await deskOf(id);
      assert.equal(now.state, "lost");
      assert.ok(now.reason.length > 15, now.reason);
      const told = (await server.events(id)).findLast(({ event }) => event === "desk").data;
      assert.deepEqual([told.state, told.reason], ["lost", now.reason]);
      for (const pid of pids) await until(`process ${pid} ends`, () => !isAlive(pid));
      await until("nothing is left of it", () => leftovers(data, [desk.id]).length === 0);
      assert.ok(isAlive(bystander));
      const click = await server.request("POST", at(id, "/desk/mouse/click"), { body: { button: "left_click" } });
      assert.equal(click.status, 409);
      assert.ok(click.body.detail.includes(now.reason), click.body.detail);
      assert.equal((await server.request("POST", at(id, "/messages"), { body: { content: "hi" } })).status, 409);
      const renewed = await server.json("POST", at(id, "/desk/renew"));
      assert.equal(renewed.desk.state, "ready");
      assert.notEqual(renewed.desk.id, desk.id);
      assert.equal((await server.turn(id, script(bash("echo new")))).at(-1).data.status, "completed");
    });

  test("desks of no session are removed", async () => {
    const { id, desk } = await server.createSession();
    const pids = pidsOf(desk.id);
    await server.stop("SIGKILL");
    server = await Server.start(); // with an empty database
    assert.equal((await server.json("GET", "/api/v1/sessions")).total, 0);
    assert.match(server.log, new RegExp(`${desk.id} belongs to no session: it is removed`));
    for (const pid of pids) await until(`process ${pid} ends`, () => !isAlive(pid));
    await until("nothing is left of it", () => leftovers(data, [desk.id]).length === 0);
    assert.equal((await server.request("GET", at(id))).status, 404);
  });

  test("a desk that died while no server was there is lost with a reason", async () => {
    const { id, desk } = await server.createSession();
    await server.stop("SIGKILL");
    const { pid } = identity(data, desk.id);
    process.kill(pid, "SIGKILL");
    await until("it is dead", () => !isAlive(pid));
    await startAgain();
    assert.equal((await deskOf(id)).state, "lost");
    assert.equal((await server.json("POST", at(id, "/desk/renew"))).desk.state, "ready");
  });
});

test("nothing of ours is left: mounts, groups, processes, interfaces, namespaces, files, descriptors", async () => {
  // One of each kind first: what they need is kept from then on (the bridge's lock, the store's files).
  for (const network of ["none", "internet"]) {
    const first = await server.createSession({ provider: "scripted", network });
    await server.turn(first.id, script({ tool_uses: [{ name: "screenshot" }] }));
    await server.json("DELETE", at(first.id, "?purge=true"));
  }
  const links = interfaces();
  const held = () => ({ server: descriptors(server.child.pid), jail: descriptors(jailOf(server.child.pid)) });
  const before = await leastOf(held);

  const ids = [];
  const kinds = new Set();
  const cables = [];
  const bases = new Set();
  for (let round = 0; round < 3; ++round) {
    const made = await Promise.all(["none", "none", "internet"].map((network) => server.createSession({ provider: "scripted", network })));
    for (const { desk } of made) {
      ids.push(desk.id);
      const { interface: cable, uid_base } = identity(data, desk.id);
      cables.push(cable);
      bases.add(uid_base);
      for (const { namespaces } of inside(data, desk.id)) for (const inode of Object.values(namespaces)) kinds.add(inode);
    }
    await server.turn(made[0].id, script(bash("(sleep 1000 &) ; setsid sleep 1000 & echo $(seq 100) > ~/file; mkdir -p ~/a/b/c"), { tool_uses: [{ name: "screenshot" }] }));
    process.kill(identity(data, made[1].desk.id).pid, "SIGKILL");
    await until("its end is seen", async () => (await deskOf(made[1].id)).state === "failed");
    if (round === 1) await restart();
    for (const { id } of made) await server.json("DELETE", at(id, "?purge=true"));
  }
  await until("no trace of any desk", () => leftovers(data, ids).length === 0).catch(() => assert.deepEqual(leftovers(data, ids), []));
  // The kernel gives a free number to the next namespace at once, also to other servers': ours are told by user.
  const isOurs = ({ uid }) => [...bases].some((base) => uid >= base && uid < base + 65536);
  assert.ok(kinds.size > 20);
  assert.deepEqual(processes().filter((process) => isOurs(process) && Object.values(process.namespaces).some((inode) => kinds.has(inode))), []);
  assert.deepEqual(interfaces().filter((name) => cables.includes(name)), []);
  assert.deepEqual(interfaces().filter((name) => /^carrel/.test(name) && !links.includes(name)), []);
  await until("the trash is emptied", () => readdirSync(path.join(data, "trash")).length === 0);
  const isNoMore = ({ server, jail }) => server <= before.server && jail <= before.jail;
  await until("no descriptor more than before", () => isNoMore(held())).catch(() => assert.deepEqual(held(), before));
});
