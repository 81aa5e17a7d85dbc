// What the server tells Prometheus.
import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { readFile } from "node:fs/promises";
import path from "node:path";
import { after, before, describe, test } from "node:test";
import { fileURLToPath } from "node:url";
import { at, dataDirectory, follow, programs, Server, until } from "../lib/carrel.mjs";
import { figures, metricsOf } from "../lib/figures.mjs";
import { inside } from "../lib/host.mjs";

const root = path.resolve(path.dirname(fileURLToPath(import.meta.url)), "../../..");
const rows = JSON.parse(execFileSync(path.join(programs, "carrel"), ["operations", "--json"], { maxBuffer: 1 << 26 }));
const move = { coordinate: { x: 10, y: 10 }, observe: "none" };
const names = new Set([...rows.server, ...rows.desk].map(({ name }) => name));

describe("figures", () => {
  let server;
  let session;
  before(async () => {
    server = await Server.start();
    session = await server.createSession();
  });
  after(() => server?.end());

  /** Figures that tell of the desk: what was measured lasts a second. */
  const measured = (desk) =>
    until("the desk is measured", async () => {
      const now = await figures(server);
      return now.find("carrel_desk_memory_bytes", { desk }).length > 0 && now;
    });

  test("are plain text of the format that Prometheus reads", async () => {
    const { headers, samples } = await figures(server);
    assert.equal(headers["content-type"], "text/plain; version=0.0.4; charset=utf-8");
    assert.equal(headers["cache-control"], "no-store");
    assert.ok(samples.length > 30);
  });

  test("tell how sessions are made, by pool and step", async () => {
    const earlier = await figures(server);
    assert.ok(earlier.value("carrel_session_create_seconds_count", { pool: "miss" }) >= 1);
    assert.equal(earlier.find("carrel_session_create_seconds_count", { pool: "hit" }).length, 1);
    const made = await server.createSession();
    const now = await figures(server);
    const more = (name, labels) => now.value(name, labels) - earlier.value(name, labels);
    assert.equal(more("carrel_session_create_seconds_count", {}), 1);
    for (const phase of ["commit", "start", "hello", "ready"]) assert.equal(more("carrel_session_create_phase_seconds_count", { phase }), 1, phase);
    await server.json("DELETE", at(made.id, "?purge=true"));
  });

  test("count answers of server and desk by row and status, whatever is asked", async () => {
    await server.request("POST", at(session.id, "/desk/mouse/move"), { body: move });
    await server.request("POST", at(session.id, "/desk/mouse/move"), { body: { coordinate: "no" } });
    await server.request("GET", at("sess_000000000000"));
    await server.request("GET", "/api/v1/sess%22ions%0a{}/x?operation=evil");
    await server.request("GET", '/evil"name');
    const { find, value, text } = await figures(server);
    assert.ok(value("carrel_operations_total", { operation: "mouse/move", status: "2xx" }) >= 1);
    assert.ok(value("carrel_operations_total", { operation: "mouse/move", status: "4xx" }) >= 1);
    assert.ok(value("carrel_operations_total", { operation: "sessions/get", status: "4xx" }) >= 1);
    assert.ok(value("carrel_operation_seconds_count", { operation: "mouse/move", method: "POST" }) >= 2);
    for (const { labels } of find("carrel_operations_total")) {
      assert.ok(names.has(labels.operation), labels.operation);
      assert.match(labels.status, /^([1-5]xx|gone)$/);
    }
    assert.ok(!text.includes("evil"));
  });

  test("tell of models' calls, and what a person calls a model is no label", async () => {
    const own = await server.createSession({ provider: "scripted", model: 'mine"\n{evil}', network: "none" });
    await server.turn(own.id, "Say hello.");
    await server.turn(session.id, "Say hello.");
    const { find, value, text } = await figures(server);
    assert.ok(value("carrel_model_call_seconds_count", { vendor: "scripted", outcome: "answered", model: "scripted" }) >= 1);
    assert.equal(value("carrel_model_call_seconds_count", { vendor: "scripted", outcome: "answered", model: "other" }), 1);
    assert.deepEqual(
      new Set(find("carrel_model_tokens_total").map(({ labels }) => labels.kind)),
      new Set(["input", "output", "cache_read", "cache_write"]),
    );
    assert.ok(!text.includes("evil"));
    await server.json("DELETE", at(own.id, "?purge=true"));
  });

  test("tell what each desk uses as long as it lives", async () => {
    const made = await server.createSession();
    const { id } = made.desk;
    const alive = await measured(id);
    assert.equal(alive.value("carrel_desks", { state: "ready" }), 2);
    assert.ok(alive.value("carrel_desk_memory_bytes", { desk: id }) > 1e6);
    assert.ok(alive.value("carrel_desk_processes", { desk: id }) >= 3);
    await server.json("POST", at(made.id, "/desk/terminal/execute"), { command: "for i in $(seq 200000); do :; done" });
    const before = alive.value("carrel_desk_processor_seconds_total", { desk: id });
    await until("its processor time grows", async () => (await figures(server)).value("carrel_desk_processor_seconds_total", { desk: id }) > before);
    await server.json("DELETE", at(made.id, "?purge=true"));
    await until("it is gone", async () => !(await figures(server)).text.includes(id));
    assert.equal((await figures(server)).value("carrel_desks", { state: "ready" }), 1);
  });

  test("a desk whose processes are stopped is measured as it is", async () => {
    const made = await server.createSession();
    await measured(made.desk.id);
    const all = inside(dataDirectory, made.desk.id);
    assert.ok(all.length >= 3);
    for (const { pid } of all) process.kill(pid, "SIGSTOP");
    const areStopped = () => inside(dataDirectory, made.desk.id).every(({ state }) => state === "T");
    await until("all are stopped", areStopped);
    const { timestamp } = await server.json("GET", "/api/v1/health");
    await until("what was measured before has passed", async () => new Date((await server.json("GET", "/api/v1/health")).timestamp) - new Date(timestamp) > 1500);
    assert.ok((await figures(server)).value("carrel_desk_memory_bytes", { desk: made.desk.id }) > 0);
    assert.ok(areStopped());
    for (const { pid } of all) process.kill(pid, "SIGCONT");
    await server.json("DELETE", at(made.id, "?purge=true"));
  });

  test("tell who follows, and what is stored", async () => {
    const earlier = await figures(server);
    const stream = follow(server, at(session.id, "/stream"), () => {});
    await stream.opened;
    assert.equal((await figures(server)).value("carrel_followers"), 1);
    await server.turn(session.id, "Say hello.");
    assert.ok((await figures(server)).value("carrel_events_stored_total") > earlier.value("carrel_events_stored_total"));
    stream.stop();
    await until("nobody follows", async () => (await figures(server)).value("carrel_followers") === 0);
    assert.ok((await figures(server)).value("carrel_connections") >= 1);
  });

  test("many scrapes at once are all answered, and change nothing", async () => {
    const answers = await Promise.all(Array.from({ length: 40 }, () => figures(server)));
    for (const { value } of answers) assert.equal(value("carrel_desks", { state: "ready" }), 1);
  });

  test("take no body, no query and no other method", async () => {
    for (const [method, target, status] of [
      ["GET", "/metrics?name=carrel_desks", 422],
      ["POST", "/metrics", 405],
      ["DELETE", "/metrics", 405],
      ["GET", "/metrics/", 404],
    ])
      assert.equal((await server.request(method, target)).status, status, `${method} ${target}`);
    assert.equal((await server.request("HEAD", "/metrics")).status, 200);
  });

  test("the dashboard names only figures that there are", async () => {
    const desk = at(session.id, "/desk/mouse/move");
    await server.request("POST", desk, { body: move });
    await server.turn(session.id, "Say hello.");
    const there = new Set((await figures(server)).samples.map(({ name }) => name));
    const { panels } = JSON.parse(await readFile(path.join(root, "deploy/grafana/carrel.json"), "utf8"));
    const expressions = panels.flatMap(({ targets }) => targets.map(({ expr }) => expr));
    assert.ok(expressions.length > 15);
    for (const expression of expressions) {
      const named = metricsOf(expression);
      assert.ok(named.length > 0, expression);
      for (const name of named) assert.ok(there.has(name), `${name} in ${expression}`);
    }
  });
});

test("the names in an expression are found, and words that are none are not", () => {
  assert.deepEqual(metricsOf('sum by (le, pool) (rate(carrel_a_bucket{status="x_y"}[5m])) / on (job) 60 * carrel_b'), ["carrel_a_bucket", "carrel_b"]);
  assert.deepEqual(metricsOf("histogram_quantile(0.99, topk(10, carrel_c))"), ["carrel_c"]);
});

test("figures tell of all tenants, so that they want an admin's key", async () => {
  const key = "the-key-of-this-test-0123";
  const server = await Server.start({ env: { CARREL_TOKEN: key } });
  try {
    for (const headers of [{}, { authorization: "Bearer wrong-key-of-nobody-1" }]) {
      const answer = await server.request("GET", "/metrics", { headers });
      assert.equal(answer.status, 401);
      assert.ok(!JSON.stringify(answer.body).includes("carrel_"));
    }
    const authorization = `Bearer ${key}`;
    const user = await server.request("POST", "/api/v1/keys", { body: { user: "ann" }, headers: { authorization } });
    const refused = await server.request("GET", "/metrics", { headers: { authorization: `Bearer ${user.body.key}` } });
    assert.equal(refused.status, 403);
    assert.match(refused.body.detail, /needs the permission "admin", which the role user does not have/);
    const { value, text } = await figures(server, { authorization });
    assert.equal(value("carrel_operations_total", { operation: "metrics", status: "4xx" }), 3);
    assert.ok(!text.includes(key));
  } finally {
    await server.stop();
  }
});
