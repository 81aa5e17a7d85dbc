import assert from "node:assert/strict";
import { test } from "node:test";
import { choiceLabel, findProvider, firstProvider, needsKey } from "../src/sessions/providers";
import type { Config, Provider } from "../src/server/types";

const row = (name: string, needs_key: boolean): Provider => ({
  name,
  title: name.toUpperCase(),
  needs_key,
  key_variable: needs_key ? `${name}_KEY` : "",
  key_hint: "",
  default_model: `${name}-1`,
  models: [],
});
const config: Config = {
  version: "1",
  api_provider: "acme",
  default_network: "none",
  providers: [row("acme", true), row("scripted", false)],
};

test("a new session starts with the server's provider, or with one that needs no key", () => {
  assert.equal(firstProvider(config, false), "acme");
  assert.equal(firstProvider(config, true), "scripted");
  assert.equal(firstProvider({ ...config, providers: [row("acme", true), row("own", false)] }, true), "own");
  assert.equal(firstProvider(undefined, true), "scripted");
});

test("whether a key is needed is the server's word", () => {
  assert.equal(needsKey(config, "acme"), true);
  assert.equal(needsKey(config, "scripted"), false);
  assert.equal(needsKey(config, "gone"), true);
  assert.equal(needsKey(undefined, "scripted"), false);
  assert.equal(findProvider(config, "gone"), undefined);
});

test("a choice says when it needs no key", () => {
  assert.deepEqual(config.providers.map(choiceLabel), ["ACME", "SCRIPTED (no key)"]);
});
