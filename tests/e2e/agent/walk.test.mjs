// A walk through the real server and a real desk, over a model that answers anything: after every step the session's
// next turn works, and no request breaks the vendor's rules. Its long sister is tests/unit/agent/anthropic/walk_test.cpp.
import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { startAnthropic } from "../../doubles/anthropic.mjs";
import { at, Server, until } from "../lib/carrel.mjs";

const steps = 40;
const seed = Number(process.env.CARREL_WALK_SEED ?? Math.floor(Math.random() * 2 ** 31));

let api;
let server;
let session;
let state = seed;

/** From 0 to `below` - 1; mulberry32. */
function number(below) {
  state = (state + 0x6d2b79f5) | 0;
  let value = Math.imul(state ^ (state >>> 15), 1 | state);
  value = (value + Math.imul(value ^ (value >>> 7), 61 | value)) ^ value;
  return ((value ^ (value >>> 14)) >>> 0) % below;
}
const chance = (ofHundred) => number(100) < ofHundred;
const oneOf = (list) => list[number(list.length)];

const start = (fresh) =>
  Server.start({ fresh, env: { ANTHROPIC_BASE_URL: api.url, ANTHROPIC_API_KEY: api.key, no_proxy: "127.0.0.1" } });

before(async () => {
  api = await startAnthropic();
  server = await start(true);
  session = await server.createSession({ provider: "anthropic", network: "none" });
});
after(async () => {
  await server?.end();
  await api?.close();
});

const given = [];
function block() {
  const text = () => ({ type: "text", text: oneOf(["I look.", "", " ", "\u00a0", "\u3000", "\f\v", "a\ud800b", "🙂"]) });
  const thinking = () => ({ type: "thinking", thinking: "Hm." });
  const hidden = () => ({ type: "redacted_thinking", data: oneOf(["x", ""]) });
  const call = () => {
    const id = given.length && chance(15) ? oneOf(given) : `toolu_w${number(2 ** 31)}`;
    given.push(id);
    return { type: "tool_use", id, name: oneOf(["screenshot", "bash", "cursor_position"]), input: oneOf([{}, { command: "true" }]) };
  };
  return oneOf([text, text, thinking, thinking, hidden, call, call, call])();
}

function reply() {
  if (chance(12)) return { fault: oneOf(["invalid", "too_large", "overloaded", "cut_before_head"]), pause: 1 };
  const blocks = Array.from({ length: number(5) }, block);
  const raw_inputs = {};
  blocks.forEach(({ type }, i) => {
    if (type === "tool_use" && chance(30)) raw_inputs[i] = oneOf(['{"command":"\\ud800"}', '{"a":1,"a":2}', "[1]", '{"command":', "null"]);
  });
  const stop_reason = oneOf([undefined, undefined, "end_turn", "max_tokens", "pause_turn", "refusal", "model_context_window_exceeded", "new"]);
  return { blocks, raw_inputs, stop_reason, half_call: stop_reason === "max_tokens" && blocks.some(({ type }) => type === "tool_use") };
}

const ended = (id) =>
  until(`the turn ${id} ends`, async () =>
    (await server.events(session.id)).find(({ event, data }) => event === "message_complete" && data.message_id === id),
  );

const begin = async (content) => (await server.json("POST", at(session.id, "/messages"), { content })).message_id;

test(`after each of ${steps} steps the next turn works (CARREL_WALK_SEED=${seed})`, async () => {
  for (let step = 0; step < steps; step += 1) {
    api.say(...Array.from({ length: 1 + number(3) }, reply));
    const wild = await begin(`step ${step}`);
    if (chance(20)) await server.json("POST", at(session.id, "/cancel"));
    if (chance(8)) {
      await server.stop("SIGKILL");
      server = await start(false);
      await until("the desk is adopted", async () => (await server.json("GET", at(session.id))).desk?.state === "ready");
    }
    await ended(wild);
    api.forget();
    api.say({ blocks: [{ type: "text", text: "Fine." }] });
    const end = await ended(await begin("and now?"));
    const broken = api.requests.map(({ error }) => error).filter(Boolean);
    assert.deepEqual(broken, [], `step ${step} of seed ${seed}`);
    assert.equal(end.data.status, "completed", `step ${step} of seed ${seed}`);
  }
  const events = await server.events(session.id);
  const ids = (name) => events.filter(({ event }) => event === name).map(({ data }) => data.tool_use_id);
  assert.deepEqual(ids("tool_result").sort(), ids("tool_use").sort(), "each call in the log has one result");
});
