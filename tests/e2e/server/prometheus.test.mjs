// Debian's own prometheus scrapes the server, as deploy/prometheus.yml says, and answers from what it got.
import assert from "node:assert/strict";
import { spawn, spawnSync } from "node:child_process";
import { existsSync } from "node:fs";
import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import path from "node:path";
import { once } from "node:events";
import { after, before, describe, test } from "node:test";
import { fileURLToPath } from "node:url";
import { Server, until } from "../lib/carrel.mjs";
import { figures } from "../lib/figures.mjs";

const root = path.resolve(path.dirname(fileURLToPath(import.meta.url)), "../../..");
// ./dev test unpacks the package there: installed, it would begin to serve.
const find = (name) => [path.join(root, "build/tools/usr/bin", name), path.join("/usr/bin", name)].find(existsSync);
const prometheus = find("prometheus");
const promtool = find("promtool");
const key = "the-key-of-this-test-0123";

async function freePort() {
  const listening = createServer().listen(0, "127.0.0.1");
  await once(listening, "listening");
  const { port } = listening.address();
  listening.close();
  return port;
}

describe("Prometheus", { skip: prometheus ? false : "PROMETHEUS IS NOT THERE: ./dev test fetches it" }, () => {
  let server;
  let child;
  let directory;
  let url;
  let log = "";
  const get = async (target) => {
    const answer = await fetch(url + target);
    assert.equal(answer.status, 200, `${target}: ${answer.status} ${log}`);
    return (await answer.json()).data;
  };
  const query = async (expression) => (await get(`/api/v1/query?query=${encodeURIComponent(expression)}`)).result;

  before(async () => {
    server = await Server.start({ env: { CARREL_TOKEN: key } });
    const asKey = { authorization: `Bearer ${key}` };
    const made = await server.request("POST", "/api/v1/sessions", { headers: asKey, body: { provider: "scripted", network: "none" } });
    assert.equal(made.status, 201);
    directory = await mkdtemp(path.join(tmpdir(), "carrel-prometheus-"));
    const port = await freePort();
    url = `http://127.0.0.1:${port}`;
    await writeFile(path.join(directory, "carrel.key"), key);
    const example = (await readFile(path.join(root, "deploy/prometheus.yml"), "utf8"))
      .replace("127.0.0.1:7800", new URL(server.url).host)
      .replace("scrape_interval: 15s", "scrape_interval: 1s")
      .replace("# authorization:", "authorization:")
      .replace("#   credentials_file: /etc/prometheus/carrel.key", `  credentials_file: ${directory}/carrel.key`);
    await writeFile(path.join(directory, "prometheus.yml"), example);
    child = spawn(prometheus, [`--config.file=${directory}/prometheus.yml`, `--storage.tsdb.path=${directory}/data`, `--web.listen-address=127.0.0.1:${port}`], {
      cwd: directory,
      stdio: ["ignore", "ignore", "pipe"],
    });
    child.stderr.on("data", (bytes) => (log += bytes));
    await until("prometheus has scraped", async () => {
      assert.equal(child.exitCode, null, log);
      const targets = await get("/api/v1/targets").catch(() => null);
      return targets?.activeTargets.some(({ health }) => health !== "unknown");
    });
  });
  after(async () => {
    if (child && child.exitCode === null) {
      child.kill("SIGKILL");
      await once(child, "exit");
    }
    if (directory) await rm(directory, { recursive: true, force: true });
    if (!server) return;
    const headers = { authorization: `Bearer ${key}` };
    for (const { id } of (await server.request("GET", "/api/v1/sessions", { headers })).body.sessions) await server.request("DELETE", `/api/v1/sessions/${id}?purge=true`, { headers });
    await server.stop();
  });

  test("takes what the server tells", async () => {
    const { activeTargets } = await get("/api/v1/targets");
    assert.deepEqual(
      activeTargets.map(({ health, lastError }) => [health, lastError]),
      [["up", ""]],
    );
  });

  test("answers from it", async () => {
    const value = async (expression) => Number((await query(expression))[0]?.value[1]);
    assert.equal(await value('carrel_desks{state="ready"}'), 1);
    assert.equal(await value("count(carrel_desk_memory_bytes)"), 1);
    assert.equal(await value('sum(carrel_session_create_seconds_count{pool="miss"})'), 1);
    assert.equal(await value("up"), 1);
  });

  test("understands every expression of the dashboard", async () => {
    const { panels } = JSON.parse(await readFile(path.join(root, "deploy/grafana/carrel.json"), "utf8"));
    for (const { targets } of panels) for (const { expr } of targets) await query(expr);
  });

  test("its own tool finds nothing wrong with the names and units", { skip: promtool ? false : "PROMTOOL IS NOT THERE" }, async () => {
    const { text } = await figures(server, { authorization: `Bearer ${key}` });
    const judged = spawnSync(promtool, ["check", "metrics"], { input: text, encoding: "utf8" });
    assert.deepEqual([judged.status, judged.stdout + judged.stderr], [0, ""]);
  });
});
