// How the server starts, or says in a sentence why not; and who gets in.
import assert from "node:assert/strict";
import { chmod, mkdtemp, mkdir, rm, writeFile } from "node:fs/promises";
import { copyFileSync, readdirSync, readFileSync, statSync } from "node:fs";
import os from "node:os";
import path from "node:path";
import { after, before, describe, test } from "node:test";
import { programs, Server } from "../lib/carrel.mjs";
import { carrel, shareImages } from "../lib/host.mjs";
import { Viewer } from "../lib/wire.mjs";

const key = "a-long-enough-key-of-the-tests";
let folder;
before(async () => {
  folder = await mkdtemp(path.join(os.tmpdir(), "carrel-start-"));
  await chmod(folder, 0o755); // the server, which is no root, must get through
});
after(() => rm(folder, { recursive: true, force: true, maxRetries: 50, retryDelay: 100 }));

/** A data directory of its own, with the images of the other one. */
async function emptyData(name, { image = true } = {}) {
  const data = path.join(folder, name);
  await mkdir(data, { recursive: true });
  if (image) shareImages(data);
  return data;
}

/** Starts that must fail with a sentence that `wanted` matches. */
async function refused(wanted, words, options) {
  const { code, output, error } = await carrel(["serve", ...words], options);
  assert.notEqual(code, 0, output);
  assert.match(error, wanted);
  assert.ok(error.trim().split("\n").length <= 3, `a sentence, not a page: ${error}`);
  assert.doesNotMatch(error, /terminate|what\(\)|Segmentation/);
}

describe("a start that is refused", () => {
  test("listening beyond this machine without a key", async () => {
    for (const address of ["0.0.0.0:0", "[::]:0", "192.0.2.1:7800"])
      await refused(/there is no key: set CARREL_TOKEN or --key-file, make one by .*, or listen on 127\.0\.0\.1 .*ssh -L/, ["--listen", address, "--data", folder]);
  });

  test("a key that is too short, and files without keys", async () => {
    await refused(/at least 16 characters/, ["--check"], { env: { CARREL_TOKEN: "short" } });
    const file = path.join(folder, "key-file");
    await writeFile(file, "# none\n");
    await refused(/key-file holds no key/, ["--check", "--key-file", file]);
    await writeFile(file, `alice ${key}\nbob short\n`);
    await refused(/key-file: line 2/, ["--check", "--key-file", file]);
    await refused(/missing: No such file/, ["--check", "--key-file", path.join(folder, "missing")]);
  });

  test("settings that are unknown or wrong", async () => {
    const file = path.join(folder, "carrel.toml");
    const say = (text) => writeFile(file, text);
    await say('max_display = 5\n');
    await refused(/carrel\.toml: there is no setting "max_display"; did you mean "max_displays"\?/, ["--check", "--config", file]);
    await say('max_displays = 0\n');
    await refused(/carrel\.toml: max_displays: must be a whole number between 1 and 1000, not "0"/, ["--check", "--config", file]);
    await say('max_displays = = 5\n');
    await refused(/line 1/, ["--check", "--config", file]);
    await say('token = "not here, please"\n');
    await refused(/secret and comes from the environment \(CARREL_TOKEN\) only/, ["--check", "--config", file]);
    await refused(/no-such\.toml/, ["--check", "--config", path.join(folder, "no-such.toml")]);
    await refused(/CARREL_WIDTH: must be a whole number between 320 and 3840, not "wide"/, ["--check"], { env: { CARREL_WIDTH: "wide" } });
    await refused(/--network: must be one of internet, none, not "some"/, ["--check", "--network", "some"]);
    await refused(/"7800" is no address; write it as 127\.0\.0\.1:7800/, ["--check", "--listen", "7800"]);
    await refused(/ANTHROPIC_BASE_URL: must begin with https:\/\/ or http:\/\/, not "nonsense"/, ["--check"], { env: { ANTHROPIC_BASE_URL: "nonsense" } });
    const { code, error } = await carrel(["serve", "--lisen", "127.0.0.1:1"]);
    assert.notEqual(code, 0);
    assert.match(error, /--lisen/);
  });

  test("as somebody who is not root", async () => {
    await refused(/needs root: run it with sudo/, ["--data", folder, "--listen", "127.0.0.1:0"], { as: 65534 });
    assert.equal((await carrel(["serve", "--check"], { as: 65534 })).code, 0);
  });

  test("without the programs beside it", async () => {
    const lone = path.join(folder, "lone");
    await mkdir(lone);
    copyFileSync(path.join(programs, "carrel"), path.join(lone, "carrel"));
    const { code, error } = await carrel(["serve", "--listen", "127.0.0.1:0", "--data", await emptyData("lone-data")], { program: path.join(lone, "carrel") });
    assert.notEqual(code, 0);
    assert.match(error, /carrel-jail is missing beside carrel in .*lone/);
  });

  test("a data directory that is none", async () => {
    const file = path.join(folder, "a-file");
    await writeFile(file, "");
    await refused(/a-file/, ["--data", file, "--listen", "127.0.0.1:0"]);
  });
});

describe("a check", () => {
  test("shows settings and hides secrets", async () => {
    const { code, output } = await carrel(["serve", "--print-config", "--max-displays", "7"], { env: { CARREL_TOKEN: key, ANTHROPIC_API_KEY: "sk-ant-secret", CARREL_WIDTH: "1024" } });
    assert.equal(code, 0);
    assert.match(output, /^max_displays = 7$/m);
    assert.match(output, /^width = 1024$/m);
    assert.match(output, /^token = set$/m);
    assert.match(output, /^anthropic_key = set$/m);
    assert.ok(!output.includes(key) && !output.includes("sk-ant"));
    const checked = await carrel(["serve", "--check", "--listen", "0.0.0.0:80"], { env: { CARREL_TOKEN: key } });
    assert.deepEqual([checked.code, checked.output], [0, "The configuration is good.\n"]);
  });

  test("flags go before the environment, the environment before the file", async () => {
    const file = path.join(folder, "order.toml");
    await writeFile(file, "width = 800\nheight = 600\nmax_displays = 3\n");
    const { output } = await carrel(["serve", "--print-config", "--config", file, "--width", "1000"], { env: { CARREL_WIDTH: "900", CARREL_HEIGHT: "700" } });
    assert.match(output, /^width = 1000$/m);
    assert.match(output, /^height = 700$/m);
    assert.match(output, /^max_displays = 3$/m);
  });
});

describe("a server that runs", () => {
  test("has given up what root has, can gain nothing, and cannot be looked into by its own user", async () => {
    const server = await Server.start({ data: await emptyData("given-up") });
    try {
      const status = readFileSync(`/proc/${server.child.pid}/status`, "utf8");
      const value = (name) => status.match(new RegExp(`^${name}:[ \\t]*(.*)$`, "m"))[1];
      for (const set of ["CapInh", "CapPrm", "CapEff", "CapBnd", "CapAmb"]) assert.equal(value(set), "0000000000000000", set);
      assert.equal(value("NoNewPrivs"), "1");
      assert.equal(value("Groups").trim(), "");
      for (const name of ["Uid", "Gid"]) assert.match(value(name), /^([1-9]\d*)(\t\1){3}$/, name);
      // What belongs to root there, because it is not dumpable, would be the user's own else.
      for (const name of ["environ", "maps", "mem"]) assert.equal(statSync(`/proc/${server.child.pid}/${name}`).uid, 0, name);
    } finally {
      await server.end();
    }
  });
});

test("a new data directory has the logs of its desks from the first start on", async () => {
  const server = await Server.start({ data: await emptyData("new") });
  try {
    const { id } = await server.createSession();
    assert.ok((await server.json("GET", `/api/v1/sessions/${id}/desk/log`)).lines.length > 0);
    await server.json("DELETE", `/api/v1/sessions/${id}?purge=true`);
    assert.deepEqual(readdirSync(path.join(folder, "new", "logs")), []);
  } finally {
    await server.end();
  }
});

describe("two servers", () => {
  let first;
  before(async () => (first = await Server.start({ data: await emptyData("first") })));
  after(() => first?.end());

  test("a port in use says by whom", async () => {
    const { host } = new URL(first.url);
    const data = await emptyData("second");
    await refused(new RegExp(`${host} is in use already by carrel \\(process ${first.child.pid}\\).*--listen`), ["--listen", host, "--data", data]);
  });

  test("a data directory in use says by whom", async () => {
    await refused(new RegExp(`in use by the server with process id ${first.child.pid}`), ["--listen", "127.0.0.1:0", "--data", path.join(folder, "first")]);
  });

  test("neither disturbs the first", async () => {
    assert.equal((await first.json("GET", "/api/v1/health/ready")).status, "ready");
    const { id } = await first.createSession();
    await first.json("DELETE", `/api/v1/sessions/${id}`);
  });
});

test("without an image a session says how to make it", async () => {
  const server = await Server.start({ data: await emptyData("no-image", { image: false }) });
  try {
    const { status, body } = await server.request("POST", "/api/v1/sessions", { body: { provider: "scripted", network: "none" } });
    assert.equal(status, 503);
    assert.match(body.detail, /no image 'desktop': build it with `carrel image build desktop`/);
    assert.equal((await server.json("GET", "/api/v1/sessions?include_archived=true")).total, 0);
  } finally {
    await server.end();
  }
});

test("as many desks as allowed, then a sentence", async () => {
  const server = await Server.start({ data: await emptyData("few"), env: { MAX_DISPLAYS: "2" } });
  try {
    const [one] = [await server.createSession(), await server.createSession()];
    const { status, body, headers } = await server.request("POST", "/api/v1/sessions", { body: { provider: "scripted", network: "none" } });
    assert.equal(status, 503);
    assert.match(body.detail, /all 2 desks of this server are in use: end a session, wait \(wait_seconds\), or raise the server's limits/);
    assert.ok(Number(headers["retry-after"]) > 0);
    assert.equal((await server.json("GET", "/api/v1/sessions")).total, 2);
    await server.json("DELETE", `/api/v1/sessions/${one.id}`);
    await server.createSession();
  } finally {
    await server.end();
  }
});

describe("with keys", () => {
  let server;
  const bearer = (value) => ({ headers: { authorization: `Bearer ${value}` } });
  const alice = "the-key-of-alice-0123";
  const bob = "the-key-of-bob-0123456";
  before(async () => {
    const file = path.join(folder, "two-keys");
    await writeFile(file, `# people\nalice ${alice}\nbob   ${bob}\n`);
    server = await Server.start({ data: await emptyData("keys"), args: ["--key-file", file], listen: "0.0.0.0:0", env: { CARREL_TOKEN: key } });
    server.url = server.url.replace("0.0.0.0", "127.0.0.1");
  });
  after(async () => {
    for (const owner of [key, alice, bob]) {
      const { body } = await server.request("GET", "/api/v1/sessions", bearer(owner));
      for (const { id } of body.sessions ?? []) await server.request("DELETE", `/api/v1/sessions/${id}?purge=true`, bearer(owner));
    }
    await server.stop();
  });
  const get = (options, target = "/api/v1/sessions") => server.request("GET", target, options);

  test("nobody gets in without one", async () => {
    for (const options of [{}, bearer("wrong-key-wrong-key"), bearer(""), { headers: { authorization: key } }, { headers: { authorization: `Basic ${key}` } }, { headers: { "x-api-key": "wrong" } }, { headers: { cookie: `carrel_login=${key}` } }, { headers: { cookie: "carrel_login=" } }]) {
      const { status, headers, body } = await get(options);
      assert.equal(status, 401, JSON.stringify(options));
      assert.equal(headers["www-authenticate"], "Bearer");
      assert.match(body.detail, /key/);
    }
    for (const target of ["/api/v1/config", "/api/v1/sessions/sess_000000000000", "/api/v1/sessions/sess_000000000000/stream", "/api/v1/events?sessions=sess_000000000000", "/api/v1/sessions/sess_000000000000/desk/screen/info"])
      assert.equal((await get({}, target)).status, 401, target);
    assert.equal((await server.request("POST", "/api/v1/sessions", { body: {} })).status, 401);
    assert.equal((await get({}, `/api/v1/sessions?key=${key}&token=${key}`)).status, 400, "a key does not belong in an address");
    for (const target of ["/", "/app.js", "/api/v1/health", "/api/v1/health/live"]) assert.equal((await get({}, target)).status, 200, target);
  });

  test("Bearer, X-API-Key and a login's cookie open it", async () => {
    assert.equal((await get(bearer(key))).status, 200);
    assert.equal((await get({ headers: { "x-api-key": alice } })).status, 200);
    assert.equal((await server.request("POST", "/api/v1/login", { body: { key: "wrong-wrong-wrong" } })).status, 401);
    const login = await server.request("POST", "/api/v1/login", { body: { key: bob } });
    assert.equal(login.status, 200);
    const [cookie] = login.headers["set-cookie"];
    assert.match(cookie, /HttpOnly/);
    assert.match(cookie, /SameSite=Strict/);
    assert.ok(!cookie.includes(bob));
    const headers = { cookie: `other=1; ${cookie.split(";")[0]}` };
    assert.equal((await get({ headers })).status, 200);
    assert.equal((await server.request("POST", "/api/v1/login", { body: { key: bob }, headers: { origin: "http://evil.example" } })).status, 403);
    assert.equal((await server.request("POST", "/api/v1/logout", { headers })).status, 204);
    assert.equal((await get({ headers })).status, 401);
  });

  test("what belongs to one is unknown to the other", async () => {
    const { status, body } = await server.request("POST", "/api/v1/sessions", { body: { provider: "scripted", network: "none" }, ...bearer(alice) });
    assert.equal(status, 201);
    const own = `/api/v1/sessions/${body.id}`;
    for (const [method, rest, sent] of [["GET", ""], ["DELETE", ""], ["DELETE", "?purge=true"], ["PATCH", "", { title: "mine" }], ["POST", "/messages", { content: "hi" }], ["GET", "/events"], ["GET", "/stream"], ["POST", "/cancel"], ["GET", "/desk/screen/screenshot"], ["POST", "/desk/terminal/execute", { command: "id" }], ["POST", "/desk/renew"]]) {
      const answer = await server.request(method, own + rest, { body: sent, ...bearer(bob) });
      assert.equal(answer.status, 404, `${method} ${rest}`);
    }
    const followed = await server.request("GET", `/api/v1/events?sessions=${body.id}:0`, bearer(bob));
    assert.deepEqual([followed.status, String(followed.body).match(/event: \w+/g)], [200, ["event: closed"]]);
    assert.equal((await Viewer.open(server, `${own}/vnc`, bearer(bob).headers)).status, 404);
    assert.equal((await Viewer.open(server, `${own}/vnc`)).status, 401);
    assert.equal((await get(bearer(bob))).body.total, 0);
    assert.equal((await get(bearer(alice))).body.total, 1);
    const viewer = await Viewer.open(server, `${own}/vnc`, bearer(alice).headers);
    assert.deepEqual(await viewer.handshake(), { width: 1280, height: 800 });
    viewer.close();
    assert.equal((await server.request("DELETE", `${own}?purge=true`, bearer(alice))).status, 204);
  });
});
