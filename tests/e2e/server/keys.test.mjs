// Keys that are given and taken away, and what each role may do.
import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { chmod, mkdir, rm, writeFile } from "node:fs/promises";
import os from "node:os";
import path from "node:path";
import { after, before, describe, test } from "node:test";
import { promisify } from "node:util";
import { at, dataDirectory, follow, programs, Server, until } from "../lib/carrel.mjs";
import { Viewer } from "../lib/wire.mjs";

const run = promisify(execFile);
const operator = "the-key-of-the-operator";
const sessions = "/api/v1/sessions";
const of = (key) => ({ headers: { authorization: `Bearer ${key}` } });

/** Runs a word of the command line. */
async function carrel(words, env = {}) {
  try {
    const { stdout, stderr } = await run(path.join(programs, "carrel"), words, { env: { PATH: process.env.PATH, ...env } });
    return { code: 0, stdout, stderr };
  } catch (failure) {
    return { code: failure.code, stdout: failure.stdout, stderr: failure.stderr };
  }
}

describe("keys", () => {
  let server;
  let session;
  const give = async (wish) => {
    const { status, body } = await server.request("POST", "/api/v1/keys", { body: wish, ...of(operator) });
    assert.equal(status, 201, JSON.stringify(body));
    return body;
  };
  before(async () => {
    server = await Server.start({
      env: { CARREL_TOKEN: operator, CARREL_MODEL_KEY_ALICE: "sk-ant-of-alice-0123", CARREL_SESSIONS_PER_HOUR: "0", CARREL_REQUESTS_PER_MINUTE: "0" },
    });
    const owner = await give({ user: "alice" });
    session = (await server.request("POST", sessions, { body: { provider: "scripted", network: "none" }, ...of(owner.key) })).body;
    session.key = owner.key;
  });
  after(async () => {
    if (session?.id) await server?.request("DELETE", `${at(session.id)}?purge=true`, of(operator));
    await server?.stop();
  });

  test("a key is shown once, and stands nowhere else", async () => {
    const given = await give({ user: "carol", name: "Carol's laptop", expires_seconds: 3600, most_desks: 2, cpus: 1.5, memory_mb: 1024 });
    assert.match(given.key, /^ck_[0-9a-f]{48}$/);
    assert.match(given.id, /^key_[0-9a-f]{12}$/);
    assert.deepEqual(given.limits, { most_desks: 2, cpus: 1.5, memory_mb: 1024 });
    const listed = (await server.request("GET", "/api/v1/keys?user=carol", of(operator))).body;
    assert.equal(listed.total, 1);
    assert.equal(listed.keys[0].id, given.id);
    assert.ok(!JSON.stringify(listed).includes(given.key));
    assert.ok(!server.log.includes(given.key));
    const stored = await run("grep", ["-c", "-a", given.key, path.join(dataDirectory, "server/carrel.db")]).catch(({ code }) => code);
    assert.equal(stored, 1, "grep finds it nowhere");
  });

  test("sessions belong to the user, by whichever of their keys", async () => {
    const second = await give({ user: "alice" });
    assert.equal((await server.request("GET", at(session.id), of(second.key))).body.user, "alice");
    const bob = await give({ user: "bob" });
    assert.equal((await server.request("GET", at(session.id), of(bob.key))).status, 404);
    assert.equal((await server.request("GET", `${at(session.id)}/desk/screen/info`, of(bob.key))).status, 404);
    assert.equal((await server.request("GET", `${sessions}?all=true`, of(bob.key))).status, 403);
  });

  test("an admin sees and ends what is anybody's", async () => {
    const admin = await give({ user: "ada", role: "admin" });
    const own = (await server.request("GET", sessions, of(admin.key))).body;
    assert.equal(own.total, 0);
    const all = (await server.request("GET", `${sessions}?all=true`, of(admin.key))).body;
    assert.deepEqual(all.sessions.map(({ id, user }) => [id, user]), [[session.id, "alice"]]);
    assert.equal((await server.request("GET", at(session.id), of(admin.key))).status, 200);
    const picture = await server.request("GET", `${at(session.id)}/desk/screen/screenshot`, of(admin.key));
    assert.equal(picture.status, 200);
    const other = (await server.request("POST", sessions, { body: { provider: "scripted", network: "none" }, ...of(session.key) })).body;
    assert.equal((await server.request("POST", `${at(other.id)}/cancel`, of(admin.key))).status, 200);
    assert.equal((await server.request("DELETE", `${at(other.id)}?purge=true`, of(admin.key))).status, 204);
  });

  test("a desk whose size nobody says is no larger than its user may have", async () => {
    const { key } = await give({ user: "emma", cpus: 0.5, memory_mb: 512 });
    const ask = (wish) => server.request("POST", sessions, { body: { provider: "scripted", network: "none", ...wish }, ...of(key) });
    const large = await ask({ memory_mb: 1024 });
    assert.deepEqual([large.status, large.body.code], [422, "beyond_the_bounds"]);
    const made = await ask({});
    assert.equal(made.status, 201, JSON.stringify(made.body));
    const { cpus, memory_mb } = made.body.desk.limits;
    assert.deepEqual([cpus, memory_mb], [0.5, 512]);
    assert.equal((await server.request("DELETE", `${at(made.body.id)}?purge=true`, of(key))).status, 204);
  });

  test("the command line makes sessions with all that the API takes, and lists those of all users", async () => {
    const { key } = await give({ user: "finn" });
    const env = { CARREL_URL: server.url, CARREL_TOKEN: key };
    const made = await carrel(["session", "new", "--provider", "scripted", "--title", "Small", "memory_mb=512", "network=none", "on_idle=destroy", 'environment={"STAGE":"test"}'], env);
    assert.equal(made.code, 0, made.stderr);
    const id = made.stdout.match(/^sess_[0-9a-f]{12}/)[0];
    assert.equal((await server.request("GET", at(id), of(key))).body.desk.limits.memory_mb, 512);
    assert.equal((await carrel(["exec", id, "echo $STAGE"], env)).stdout, "test\n");
    const all = await carrel(["session", "list", "--all"], { ...env, CARREL_TOKEN: operator });
    assert.match(all.stdout, new RegExp(`^finn +${id}  ready`, "m"));
    assert.equal((await carrel(["session", "list", "--all"], env)).code, 1);
    assert.equal((await carrel(["session", "new", "memory_mb"], env)).code, 2);
    assert.match((await carrel(["session", "new", "memory=512"], env)).stderr, /memory: there is no such field/);
    assert.equal((await carrel(["session", "rm", "--purge", id], env)).code, 0);
  });

  test("a viewer looks, and changes nothing", async () => {
    const { key } = await give({ user: "alice", role: "viewer" });
    for (const target of [sessions, at(session.id), `${at(session.id)}/events`, `${at(session.id)}/desk/screen/screenshot`])
      assert.equal((await server.request("GET", target, of(key))).status, 200, target);
    const calls = [
      ["POST", sessions, {}],
      ["PATCH", at(session.id), { title: "mine" }],
      ["DELETE", at(session.id)],
      ["POST", `${at(session.id)}/messages`, { content: "hello" }],
      ["POST", `${at(session.id)}/cancel`],
      ["POST", `${at(session.id)}/links`, { mode: "view" }],
      ["POST", `${at(session.id)}/desk/mouse/click`, { coordinate: [1, 1] }],
      ["POST", `${at(session.id)}/desk/terminal/execute`, { command: "true" }],
      ["POST", "/api/v1/credentials", { provider: "anthropic", key: "sk-ant-0123456789" }],
      ["GET", "/api/v1/keys"],
      ["POST", "/api/v1/keys", { user: "eve", role: "admin" }],
    ];
    for (const [method, target, body] of calls) {
      const answer = await server.request(method, target, { body, ...of(key) });
      assert.equal(answer.status, 403, `${method} ${target}: ${JSON.stringify(answer.body)}`);
    }
    const terminal = await Viewer.open(server, `${at(session.id)}/desk/terminal/pty`, { authorization: `Bearer ${key}` });
    assert.equal(terminal.status, 403);
    const screen = await Viewer.open(server, `${at(session.id)}/vnc`, { authorization: `Bearer ${key}` });
    assert.equal(screen.status, 101);
    const counted = async () => (await server.request("GET", at(session.id), of(key))).body.viewers;
    await until("it is counted as one that only watches", async () => (await counted()).watching === 1);
    assert.equal((await counted()).in_control, 0);
    screen.socket.destroy();
  });

  test("a revoked key is told so, and what was open because of it is cut at once", async () => {
    const given = await give({ user: "alice" });
    const header = { authorization: `Bearer ${given.key}` };
    const login = await server.request("POST", "/api/v1/login", { body: { key: given.key } });
    const cookie = login.headers["set-cookie"][0].split(";")[0];
    const stream = follow(server, `${at(session.id)}/stream`, () => {}, header);
    const joined = follow(server, `/api/v1/events?sessions=${session.id}`, () => {}, { cookie });
    const ended = [stream, joined].map(async ({ opened }) => {
      const answer = await opened;
      assert.equal(answer.statusCode, 200);
      return new Promise((resolve) => answer.on("close", resolve));
    });
    await Promise.all([stream.opened, joined.opened]);
    const screen = await Viewer.open(server, `${at(session.id)}/vnc?view_only=true`, header);
    const terminal = await Viewer.open(server, `${at(session.id)}/desk/terminal/pty`, header);
    assert.deepEqual([screen.status, terminal.status], [101, 101]);
    const kept = follow(server, `${at(session.id)}/stream`, () => {}, { authorization: `Bearer ${session.key}` });
    const other = await kept.opened;

    assert.equal((await server.request("DELETE", `/api/v1/keys/${given.id}`, of(operator))).status, 204);
    await Promise.all(ended);
    await until("viewer and terminal are cut", () => screen.closed !== undefined && terminal.closed !== undefined);
    for (const headers of [header, { cookie }]) {
      const { status, body } = await server.request("GET", sessions, { headers });
      assert.equal(status, 401);
      assert.equal(body.code, "key_revoked");
      assert.match(body.detail, /revoked/);
    }
    assert.ok(!other.destroyed && !other.closed, "the user's other key goes on");
    kept.stop();
    assert.equal((await server.request("DELETE", "/api/v1/keys/key_000000000000", of(operator))).status, 404);
  });

  test("a call that is being answered when its key is revoked is finished, and the answer comes", async () => {
    const given = await give({ user: "alice" });
    const call = server.request("POST", `${at(session.id)}/desk/terminal/execute`, { body: { command: "sleep 6; touch ~/begun; while [ ! -e ~/over ]; do sleep 0.1; done; echo done" }, ...of(given.key) });
    await until("it runs", async () => (await server.request("GET", `${at(session.id)}/desk/file/download?path=/home/agent/begun`, of(session.key))).status === 200);
    assert.equal((await server.request("DELETE", `/api/v1/keys/${given.id}`, of(operator))).status, 204);
    await server.request("PUT", `${at(session.id)}/desk/file/upload?path=/home/agent/over`, { body: Buffer.from("x"), headers: { ...of(session.key).headers, "content-type": "application/octet-stream" } });
    const { status, body } = await call;
    assert.deepEqual([status, body.output.trim()], [200, "done"]);
    assert.equal((await server.request("GET", sessions, of(given.key))).body.code, "key_revoked");
  });

  test("who waits in line by a key that is revoked leaves it", async () => {
    const { id, key } = await give({ user: "erin", most_desks: 1 });
    const ask = () => server.request("POST", sessions, { body: { provider: "scripted", network: "none", wait_seconds: 600 }, ...of(key) });
    const { body: first } = await ask();
    const waits = assert.rejects(ask());
    const length = async () => (await server.request("GET", "/api/v1/queue", of(operator))).body.length;
    await until("it waits", async () => (await length()) === 1);
    assert.equal((await server.request("DELETE", `/api/v1/keys/${id}`, of(operator))).status, 204);
    await waits;
    await until("it has left", async () => (await length()) === 0);
    assert.equal((await server.request("DELETE", `${at(first.id)}?purge=true`, of(operator))).status, 204);
    const { body } = await server.request("GET", `${sessions}?all=true`, of(operator));
    assert.deepEqual(body.sessions.map((each) => each.id), [session.id]);
  });

  test("a key that expires on an open stream cuts it", async () => {
    const { key } = await give({ user: "alice", expires_seconds: 2 });
    const stream = follow(server, `${at(session.id)}/stream`, () => {}, { authorization: `Bearer ${key}` });
    const answer = await stream.opened;
    assert.equal(answer.statusCode, 200);
    await new Promise((resolve) => answer.on("close", resolve));
    const { status, body } = await server.request("GET", sessions, of(key));
    assert.equal(status, 401);
    assert.equal(body.code, "key_expired");
  });

  test("a user's own model key stands by reference only, and is never shown", async () => {
    const alice = await give({ user: "alix", model_keys: { anthropic: "env:CARREL_MODEL_KEY_ALICE" } });
    assert.deepEqual(alice.model_keys, ["anthropic"]);
    const provider = async (key) => (await server.request("GET", "/api/v1/config", of(key))).body.providers.find(({ name }) => name === "anthropic");
    assert.equal((await provider(alice.key)).has_key, true);
    assert.equal((await provider((await give({ user: "bob" })).key)).has_key, false);
    const nowhere = await give({ user: "noah", model_keys: { anthropic: "file:missing" } });
    assert.equal((await provider(nowhere.key)).has_key, false);
    assert.ok(!server.log.includes("sk-ant-of-alice"));
    for (const model_keys of [{ anthropic: "sk-ant-0123456789" }, { anthropic: "env:PATH" }, { anthropic: "file:../../etc/passwd" }, { scripted: "file:x" }, { nobody: "file:x" }, { anthropic: 1 }]) {
      const { status, body } = await server.request("POST", "/api/v1/keys", { body: { user: "eve", model_keys }, ...of(operator) });
      assert.equal(status, 422, JSON.stringify([model_keys, body]));
    }
  });

  test("bad wishes are refused with the field that is wrong", async () => {
    const problems = async (body) => {
      const answer = await server.request("POST", "/api/v1/keys", { body, ...of(operator) });
      assert.equal(answer.status, 422, JSON.stringify(answer.body));
      return answer.body.detail.map(({ loc }) => loc.join("."));
    };
    assert.deepEqual(await problems({}), ["body.user"]);
    assert.deepEqual(await problems({ user: "" }), ["body.user"]);
    assert.deepEqual(await problems({ user: "a b" }), ["body.user"]);
    assert.deepEqual(await problems({ user: "a", role: "controller" }), ["body.role"]);
    assert.deepEqual(await problems({ user: "a", expires_seconds: 0, most_desks: -1, cpus: 0, memory_mb: 1 }), ["body.expires_seconds", "body.most_desks", "body.cpus", "body.memory_mb"]);
    assert.deepEqual(await problems({ user: "a", key: "mine" }), ["body.key"]);
  });

  test("a key in an address is refused, whatever is asked", async () => {
    for (const name of ["key", "token", "api_key"])
      for (const target of [sessions, `${at(session.id)}/stream`, `${at(session.id)}/desk/screen/info`, "/"]) {
        const { status, body } = await server.request("GET", `${target}?${name}=${session.key}`);
        assert.equal(status, 400, target);
        assert.equal(body.code, "key_in_address");
      }
    assert.ok(!server.log.includes(session.key));
  });

  test("a ticket opens one stream or viewer, once", async () => {
    const ticket = async () => {
      const { status, body } = await server.request("POST", "/api/v1/tickets", of(session.key));
      assert.equal(status, 201);
      assert.equal(body.expires_seconds, 60);
      return body.ticket;
    };
    const first = await ticket();
    const stream = follow(server, `${at(session.id)}/stream?ticket=${first}`, () => {});
    assert.equal((await stream.opened).statusCode, 200);
    const { status, body } = await server.request("GET", `${at(session.id)}/stream?ticket=${first}`);
    assert.deepEqual([status, body.code], [401, "wrong_ticket"]);
    stream.stop();
    for (const target of ["vnc?view_only=true&", "desk/terminal/pty?"]) {
      const viewer = await Viewer.open(server, `${at(session.id)}/${target}ticket=${await ticket()}`);
      assert.equal(viewer.status, 101, target);
      viewer.socket.destroy();
    }
    assert.equal((await server.request("GET", `${sessions}?ticket=${await ticket()}`)).status, 401, "not for other calls");
    assert.equal((await server.request("POST", "/api/v1/tickets")).status, 401);
  });

  test("the command line gives, lists and revokes", async () => {
    const env = { CARREL_URL: server.url, CARREL_TOKEN: operator };
    const made = await carrel(["key", "create", "--user", "dora", "--role", "viewer", "--expires", "30d", "--name", "CI"], env);
    assert.equal(made.code, 0, made.stderr);
    const key = made.stdout.trim();
    const id = made.stderr.match(/key_[0-9a-f]{12}/)[0];
    assert.equal((await server.request("GET", sessions, of(key))).status, 200);
    const listed = await carrel(["key", "list", "--user", "dora"], env);
    assert.match(listed.stdout, new RegExp(`^${id}  viewer  dora .* until 20.*CI\n$`));
    const refused = await carrel(["key", "list"], { ...env, CARREL_TOKEN: key });
    assert.equal(refused.code, 1);
    assert.match(refused.stderr, /permission "admin", which the role viewer does not have/);
    assert.equal((await carrel(["key", "revoke", id], env)).code, 0);
    assert.match((await carrel(["key", "list", "--user", "dora"], env)).stdout, /revoked/);
    const over = await carrel(["session", "list"], { ...env, CARREL_TOKEN: key });
    assert.match(over.stderr, /this key was revoked/);
    for (const words of [["--user", "x", "--expires", "soon"], ["--user", "x", "--model-key", "anthropic"], ["--role", "user"]])
      assert.equal((await carrel(["key", "create", ...words], env)).code, 2, words.join(" "));
    assert.equal((await carrel(["key", "revoke", "../sessions"], env)).code, 2);
    assert.equal((await carrel(["key", "create", "--user", "x", "--role", "emperor"], env)).code, 1);
  });

  test("ten thousand keys slow nobody down, and are listed page by page", async () => {
    const made = [];
    for (let batch = 0; batch < 100; ++batch)
      made.push(...(await Promise.all(Array.from({ length: 100 }, (_, number) => give({ user: `u${(batch * 100 + number) % 500}` })))));
    const { body } = await server.request("GET", "/api/v1/keys?limit=1000&offset=9000", of(operator));
    assert.ok(body.total >= 10_000);
    assert.equal(body.keys.length, 1000);
    assert.equal((await server.request("GET", sessions, of(made[0].key))).status, 200);
    assert.equal((await server.request("GET", sessions, of(made.at(-1).key))).status, 200);
    assert.equal((await server.request("GET", "/api/v1/keys?limit=1001", of(operator))).status, 422);
  });

  test("keys are there after a restart, and revoked ones are not", async () => {
    const kept = await give({ user: "alice" });
    const gone = await give({ user: "alice" });
    await server.request("DELETE", `/api/v1/keys/${gone.id}`, of(operator));
    await server.stop();
    server = await Server.start({ fresh: false, env: { CARREL_TOKEN: operator } });
    assert.equal((await server.request("GET", sessions, of(kept.key))).status, 200);
    assert.equal((await server.request("GET", sessions, of(gone.key))).body.code, "key_revoked");
  });
});

describe("a server without keys", () => {
  let server;
  const folder = path.join(os.tmpdir(), `carrel-keys-${process.pid}`);
  after(async () => {
    await server?.stop();
    await rm(folder, { recursive: true, force: true });
  });

  test("asks for one from the first on, which must be an admin's", async () => {
    server = await Server.start();
    const refused = await server.request("POST", "/api/v1/keys", { body: { user: "alice" } });
    assert.deepEqual([refused.status, refused.body.code], [409, "first_key_is_no_admin"]);
    assert.equal((await server.request("GET", sessions)).status, 200);
    const { key } = await server.json("POST", "/api/v1/keys", { user: "ada", role: "admin" });
    assert.equal((await server.request("GET", sessions)).status, 401);
    assert.equal((await server.request("GET", sessions, of(key))).status, 200);
    await server.stop();
  });

  test("gets its first key as root, in the data directory, while it does not run", async () => {
    await mkdir(folder);
    await chmod(folder, 0o755);
    const made = await carrel(["key", "create", "--user", "ada", "--role", "admin", "--data", dataDirectory]);
    assert.equal(made.code, 0, made.stderr);
    const key = made.stdout.trim();
    server = await Server.start({ fresh: false, listen: "0.0.0.0:0" });
    server.url = server.url.replace("0.0.0.0", "127.0.0.1");
    assert.equal((await server.request("GET", "/api/v1/keys", of(key))).status, 200);
    const locked = await carrel(["key", "create", "--user", "eve", "--role", "admin", "--data", dataDirectory]);
    assert.equal(locked.code, 1);
    assert.match(locked.stderr, /in use by the server/);
    await server.stop();
  });

  test("reads a user's model key from its directory at each use", async () => {
    await writeFile(path.join(folder, "alice"), "sk-ant-first-0123\n", { mode: 0o644 });
    server = await Server.start({ env: { CARREL_TOKEN: operator, CARREL_MODEL_KEY_DIR: folder } });
    const { body } = await server.request("POST", "/api/v1/keys", { body: { user: "alice", model_keys: { anthropic: "file:alice" } }, ...of(operator) });
    const hasKey = async () =>
      (await server.request("GET", "/api/v1/config", of(body.key))).body.providers.find(({ name }) => name === "anthropic").has_key;
    assert.equal(await hasKey(), true);
    await rm(path.join(folder, "alice"));
    assert.equal(await hasKey(), false);
    await server.stop();
  });
});
