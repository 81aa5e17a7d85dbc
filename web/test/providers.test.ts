import assert from "node:assert/strict";
import { test } from "node:test";
import {
  choiceLabel,
  findProvider,
  firstProvider,
  lacksKey,
  needsKey,
  providerOfKey,
} from "../src/sessions/providers";
import type { Config, Provider } from "../src/server/types";

const row = (name: string, needs_key: boolean, has_key = false): Provider => ({
  name,
  title: name.toUpperCase(),
  needs_key,
  has_key,
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
  needs_login: false,
  user: "local",
  role: "admin",
};
const withKey: Config = { ...config, providers: [row("acme", true, true), row("scripted", false)] };

test("a new session starts with the server's provider, or with one that needs no key", () => {
  assert.equal(firstProvider(withKey), "acme");
  assert.equal(firstProvider(config), "scripted");
  assert.equal(firstProvider({ ...config, providers: [row("acme", true), row("own", false)] }), "own");
  assert.equal(firstProvider({ ...config, providers: [row("acme", true)] }), "scripted");
  assert.equal(firstProvider(undefined), "scripted");
});

test("whether a key is needed is the server's word", () => {
  assert.equal(needsKey(config, "acme"), true);
  assert.equal(needsKey(config, "scripted"), false);
  assert.equal(needsKey(config, "gone"), true);
  assert.equal(needsKey(undefined, "scripted"), false);
  assert.equal(findProvider(config, "gone"), undefined);
});

test("a key is missing where one is needed and none is there, once the server has told", () => {
  assert.equal(lacksKey(config, "acme"), true);
  assert.equal(lacksKey(withKey, "acme"), false);
  assert.equal(lacksKey(config, "scripted"), false);
  assert.equal(lacksKey(config, "gone"), true);
  assert.equal(lacksKey(undefined, "acme"), false);
});

test("the key of the session's provider matters, else that of who serves new ones, else any", () => {
  const two: Config = { ...config, providers: [row("other", true), ...config.providers] };
  assert.equal(providerOfKey(two, "other")?.name, "other");
  assert.equal(providerOfKey(two, "scripted")?.name, "acme");
  assert.equal(providerOfKey(two, "gone")?.name, "acme");
  assert.equal(providerOfKey({ ...two, api_provider: "scripted" }, "scripted")?.name, "other");
  assert.equal(providerOfKey({ ...config, providers: [row("scripted", false)] }, "scripted"), undefined);
  assert.equal(providerOfKey(undefined, "acme"), undefined);
});

test("a choice says when it needs no key", () => {
  assert.deepEqual(config.providers.map(choiceLabel), ["ACME", "SCRIPTED (no key)"]);
});
