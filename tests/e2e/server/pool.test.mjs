// Warm desks: who asks gets one at once, nobody gets one that somebody had, and a server that ends leaves none astray.
import assert from "node:assert/strict";
import { readdirSync, readFileSync } from "node:fs";
import path from "node:path";
import { afterEach, test } from "node:test";
import { at, dataDirectory as data, Server, until } from "../lib/carrel.mjs";
import { identity, inside, leftovers, part } from "../lib/host.mjs";

const pool = (size, most = 4 * size) => ["--pool", `desktop=${size}:${most}`, "--on-exit", "destroy"];
let server;
afterEach(async () => {
  await server?.end();
  server = undefined;
});
const start = async (args, options = {}) => (server = await Server.start({ args, ...options }));
const state = async () => (await server.json("GET", "/api/v1/pools")).pools[0];
const filled = (count) => until(`${count} desks are warm`, async () => (await state()).ready === count, 60);
const create = async (wish = {}) => {
  const answer = await server.request("POST", "/api/v1/sessions", { body: { provider: "scripted", ...wish } });
  assert.equal(answer.status, 201, JSON.stringify(answer.body));
  return { ...answer.body, pool: answer.headers["x-carrel-pool"] };
};
const run = async (id, command) => (await server.json("POST", at(id, "/desk/terminal/execute"), { command })).output.trim();
const onHost = () => readdirSync(path.join(data, "desks"));
/** What the kernel says of the processes of a desk's first process. */
const cpuOf = (desk) => {
  const { pid } = identity(data, desk);
  const [user, system] = readFileSync(`/proc/${pid}/stat`, "utf8").split(") ")[1].split(" ").slice(11, 13);
  return { pid, time: Number(user) + Number(system) };
};

test("a session takes a warm desk, which works as any other, and the pool is filled again", async () => {
  await start(pool(2));
  await filled(2);
  const [one, two] = onHost();
  const taken = await create();
  assert.equal(taken.pool, "hit");
  assert.ok([one, two].includes(taken.desk.id));
  assert.equal(taken.desk.state, "ready");
  assert.equal(await run(taken.id, "echo works"), "works");
  const picture = await server.request("GET", at(taken.id, "/desk/screen/screenshot"), { headers: { accept: "image/png" } });
  assert.equal(picture.status, 200);
  await filled(2);
  assert.equal(onHost().length, 3);
  // What somebody had is destroyed, not given to the next.
  await run(taken.id, "echo secret > ~/left");
  await server.json("DELETE", at(taken.id));
  for (let turn = 0; turn < 4; ++turn) {
    const next = await create();
    assert.notEqual(next.desk.id, taken.desk.id);
    assert.equal(await run(next.id, "test -e ~/left && echo there || echo gone"), "gone");
  }
});

test("what the owner asks for is done to the warm desk: screen, limits, network, environment, workspace", async () => {
  await start(pool(1));
  await filled(1);
  const wish = { width: 900, height: 700, network: "none", memory_mb: 512, cpus: 0.5, processes: 300, environment: { GIVEN: "a value" }, workspace: "pool-test" };
  const one = await create(wish);
  assert.equal(one.pool, "hit");
  assert.deepEqual([one.desk.width, one.desk.height, one.desk.network, one.desk.limits.memory_mb, one.desk.workspace], [900, 700, "none", 512, "pool-test"]);
  const info = await server.json("GET", at(one.id, "/desk/screen/info"));
  assert.deepEqual([info.display_width_px, info.display_height_px], [900, 700]);
  assert.equal(await run(one.id, "echo $GIVEN"), "a value");
  assert.equal(await run(one.id, "ls /sys/class/net | grep -v lo | wc -l"), "0");
  assert.equal(await run(one.id, "echo kept > /workspace/file && cat /workspace/file"), "kept");
  assert.match(await run(one.id, "/usr/bin/python3 -c 'x = bytearray(700 << 20)' 2>&1; echo $?"), /137|MemoryError|Killed|1$/);
  await server.json("DELETE", at(one.id));
  await filled(1);
  const two = await create({ workspace: "pool-test" });
  assert.equal(await run(two.id, "cat /workspace/file"), "kept");
  await server.json("DELETE", at(two.id));
  await server.json("DELETE", "/api/v1/workspaces/pool-test");
});

test("an X server that has to start again is as large as the desk's owner asked for", async () => {
  await start(pool(1));
  await filled(1);
  const one = await create({ width: 900, height: 700 });
  assert.equal(one.pool, "hit");
  const first = part(data, one.desk.id, "Xvnc");
  process.kill(first, "SIGKILL");
  const info = await until("another one shows the screen", async () => {
    const { status, body } = await server.request("GET", at(one.id, "/desk/screen/info"));
    const others = inside(data, one.desk.id, "Xvnc").filter(({ pid }) => pid !== first);
    return status === 200 && others.length > 0 && body;
  });
  assert.deepEqual([info.display_width_px, info.display_height_px], [900, 700]);
});

test("a wish that no desk can fulfil is told, and its desk is gone", async () => {
  await start(pool(1));
  await filled(1);
  const [warm] = onHost();
  const answer = await server.request("POST", "/api/v1/sessions", { body: { provider: "scripted", time_zone: "Nowhere/Town" } });
  assert.equal(answer.status, 422, JSON.stringify(answer.body));
  await until("that desk is gone", () => !onHost().includes(warm));
  assert.deepEqual((await server.json("GET", "/api/v1/sessions")).sessions, []);
  await filled(1);
});

test("a full pool costs no processor", async () => {
  await start(pool(2));
  await filled(2);
  const before = onHost().map(cpuOf);
  await new Promise((resolve) => setTimeout(resolve, 1500));
  assert.deepEqual(onHost().map(cpuOf), before);
});

test("many at once get a desk each; what the pool has not is made", async () => {
  await start(pool(3, 3));
  await filled(3);
  const made = await Promise.all(Array.from({ length: 6 }, () => create()));
  assert.equal(new Set(made.map(({ desk }) => desk.id)).size, 6);
  assert.equal(made.filter((one) => one.pool === "hit").length, 3);
  for (const { id } of made) assert.equal(await run(id, "echo $((6 * 7))"), "42");
});

test("the next server keeps the warm desks, and one that was killed as well", async () => {
  await start(["--pool", "desktop=2:2"]);
  await filled(2);
  const kept = onHost().sort();
  const taken = await create();
  await filled(2);
  const all = onHost().sort();
  await server.stop("SIGKILL");
  await start(pool(2, 2), { fresh: false });
  await filled(2);
  assert.deepEqual(onHost().sort(), all);
  assert.ok(kept.includes(taken.desk.id));
  assert.equal((await server.json("GET", at(taken.id))).desk.state, "ready");
  const next = await create();
  assert.equal(next.pool, "hit");
  assert.ok(all.includes(next.desk.id) && next.desk.id !== taken.desk.id);
});

test("a server without that pool frees the warm desks of the last one", async () => {
  await start(["--pool", "desktop=2:2"]);
  await filled(2);
  const warm = onHost();
  await server.stop();
  await start([], { fresh: false });
  await until("they are gone", () => onHost().length === 0);
  await until("nothing of them is left", () => leftovers(data, warm).length === 0);
  await until("nor their logs", () => !readdirSync(path.join(data, "logs")).some((desk) => warm.includes(desk)));
});

test("on_exit destroy leaves nothing on the host, and the sessions can get new desks", async () => {
  await start(pool(1));
  await filled(1);
  const one = await create();
  await filled(1);
  const all = onHost();
  assert.equal(all.length, 2);
  await server.stop();
  assert.deepEqual(leftovers(data, all), []);
  await start([], { fresh: false });
  const { desk } = await server.json("GET", at(one.id));
  assert.deepEqual([desk.state, desk.code], ["stopped", "server_ended"]);
  const refused = await server.request("GET", at(one.id, "/desk/screen/info"));
  assert.deepEqual([refused.status, refused.body.code], [409, "desk_stopped"]);
  assert.equal((await server.json("POST", at(one.id, "/desk/renew"))).desk.state, "ready");
});

test("bad pools are refused at the start, with what would be right", async () => {
  for (const [args, words] of [
    [["--pool", "desktop"], /write it as desktop=3:12/],
    [["--pool", "desktop=5:2"], /between 5 and/],
    [["--pool", "desktop=1,desktop=2"], /stands twice/],
    [["--pool", "desktop=many"], /whole number/],
  ])
    await assert.rejects(Server.start({ args }), words);
});
