// What the server says of itself.
import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { onServer, rfc3339 } from "../lib/server.mjs";

const api = onServer();

describe("health and configuration", () => {
  test("health says what it checked", async () => {
    const health = await api.server.json("GET", "/api/v1/health");
    assert.equal(health.status, "degraded", "Claude has no key here");
    assert.ok(health.reasons.includes("no_model_key"));
    assert.match(health.timestamp, rfc3339);
    assert.equal(typeof health.version, "string");
    assert.deepEqual(health.checks.database, { status: "ok", type: "sqlite" });
    assert.deepEqual(health.checks.api_key, { status: "missing", provider: "anthropic" });
    assert.deepEqual(await api.server.json("GET", "/api/v1/health/ready"), { status: "ready" });
    assert.deepEqual(await api.server.json("GET", "/api/v1/health/live"), { status: "alive" });
  });

  test("configuration tells what a client needs", async () => {
    const config = await api.server.json("GET", "/api/v1/config");
    assert.equal(config.app_name, "Carrel");
    assert.equal(config.vnc_url, "/desk/{id}");
    assert.ok(config.available_providers.includes("anthropic") && config.available_providers.includes("scripted"));
    assert.equal(typeof config.default_model, "string");
    const [anthropic, scripted] = config.providers;
    assert.deepEqual([anthropic.name, anthropic.title, anthropic.needs_key, anthropic.key_variable], ["anthropic", "Anthropic", true, "ANTHROPIC_API_KEY"]);
    assert.equal(anthropic.default_model, config.default_model);
    assert.ok(anthropic.models.includes(config.default_model));
    assert.deepEqual([scripted.name, scripted.needs_key, scripted.models], ["scripted", false, []]);
  });
});
