// Why the server says that it is not well.
import assert from "node:assert/strict";
import { mkdir, rm } from "node:fs/promises";
import path from "node:path";
import { test } from "node:test";
import { at, dataDirectory, Server } from "../lib/carrel.mjs";
import { shareImages } from "../lib/host.mjs";

/** Health as `headers` get it, with its status. */
const healthOf = async (server, headers = {}) => {
  const { status, body } = await server.request("GET", "/api/v1/health", { headers });
  return { http: status, ...body };
};

test("health says why a server is not well, and is well when nothing is the matter", async () => {
  const server = await Server.start({ args: ["--max-displays", "1", "--provider", "scripted"] });
  try {
    // What this host lacks is nobody's fault here.
    const reasons = async () => (await healthOf(server)).reasons.filter((reason) => reason !== "host_lacking" && reason !== "disk_low");
    assert.deepEqual(await reasons(), []);
    const { id } = await server.createSession();
    assert.deepEqual(await reasons(), ["no_free_desk"]);
    assert.equal((await healthOf(server)).checks.desks.status, "full");
    assert.equal((await server.request("POST", "/api/v1/sessions", { body: {} })).status, 503);
    assert.deepEqual(await reasons(), ["no_free_desk"], "who asks too much makes nobody unwell");
    await server.json("DELETE", at(id, "?purge=true"));
    assert.deepEqual(await reasons(), []);
  } finally {
    await server.end();
  }
});

test("a server that can make no desk says so, and is well again once it can", async () => {
  const data = `${dataDirectory}-without`;
  await mkdir(path.join(data, "images"), { recursive: true });
  const server = await Server.start({ data, args: ["--provider", "scripted"] });
  try {
    assert.ok(!(await healthOf(server)).reasons.includes("desks_fail"));
    const create = () => server.request("POST", "/api/v1/sessions", { body: {} });
    assert.equal((await create()).body.code, "no_image");
    let health = await healthOf(server);
    assert.deepEqual([health.http, health.status, health.checks.desks.status], [200, "degraded", "failing"]);
    await create();
    await create();
    health = await healthOf(server);
    assert.deepEqual([health.http, health.status, health.reasons.includes("desks_fail")], [503, "unhealthy", true]);
    assert.equal((await server.request("GET", "/api/v1/health/ready")).status, 200, "it serves what needs no new desk");
    shareImages(data);
    assert.equal((await create()).status, 201);
    health = await healthOf(server);
    assert.equal(health.http, 200);
    assert.ok(!health.reasons.includes("desks_fail"));
  } finally {
    await server.end();
    await rm(data, { recursive: true, force: true });
  }
});

test("what the host lacks is told in sentences only to who may make sessions", async () => {
  const key = "the-key-of-this-test-0123";
  const server = await Server.start({ env: { CARREL_TOKEN: key } });
  try {
    const guest = await healthOf(server);
    const owner = await healthOf(server, { authorization: `Bearer ${key}` });
    assert.equal(guest.checks.host.warnings, undefined);
    assert.equal(guest.checks.host.lacks, owner.checks.host.lacks);
    assert.equal(owner.checks.host.warnings?.length ?? 0, owner.checks.host.lacks);
    assert.equal((await healthOf(server, { authorization: "Bearer wrong-key-of-nobody-1" })).checks.host.warnings, undefined);
  } finally {
    await server.stop();
  }
});
