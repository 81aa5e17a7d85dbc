// The double of the Messages API, tried with the official SDK: what the SDK says and understands, the double accepts
// and says. And a table of what it refuses, each with the vendor's words.
import assert from "node:assert/strict";
import { describe, test } from "node:test";
import Anthropic from "@anthropic-ai/sdk";
import { BetaAbstractComputerToolset20260801 } from "@anthropic-ai/sdk/helpers/beta/toolsets";
import { startAnthropic } from "../../doubles/anthropic.mjs";
import { desktopPixels, png } from "../../doubles/picture.mjs";

const desktopPicture = (width, height) => png(desktopPixels(width, height), width, height);

async function start(t) {
  const api = await startAnthropic();
  t.after(() => api.close());
  const client = (options = {}) => new Anthropic({ apiKey: api.key, baseURL: api.url, maxRetries: 2, ...options });
  return { api, client };
}

const text = (words) => ({ blocks: [{ type: "text", text: words }] });
const ask = { model: "claude-opus-5-5", max_tokens: 1000, messages: [{ role: "user", content: "Hello" }] };

describe("the official SDK", () => {
  test("gets a message, whole and streamed", async (t) => {
    const { api, client } = await start(t);
    const words = "Grüße, 你好, 🙂. ".repeat(30);
    api.say(text(words), { blocks: [{ type: "thinking", thinking: "Hm." }, { type: "text", text: words }] });
    const whole = await client().messages.create(ask);
    assert.equal(whole.content[0].text, words);
    const pieces = [];
    const stream = client().messages.stream({ ...ask, thinking: { type: "adaptive" } }).on("text", (piece) => pieces.push(piece));
    const streamed = await stream.finalMessage();
    assert.equal(pieces.join(""), words);
    assert.equal(streamed.content[0].thinking, "Hm.");
    assert.equal(streamed.stop_reason, "end_turn");
    assert.ok(streamed.usage.output_tokens > 1);
    assert.deepEqual(api.requests.map(({ error }) => error), [undefined, undefined]);
  });

  test("runs its own computer toolset over several turns", async (t) => {
    const { api, client } = await start(t);
    const did = [];
    class Desktop extends BetaAbstractComputerToolset20260801 {
      async screenshot() {
        return { data: desktopPicture(1280, 800).toString("base64") };
      }
      async left_click(_context, { coordinate }) {
        if (coordinate[0] > 1280) throw new Error("outside");
        did.push(coordinate);
      }
      async cursor_position() {
        return { x: 1, y: 2 };
      }
    }
    const use = (name, input) => ({ type: "tool_use", name, input });
    api.say(
      { blocks: [{ type: "thinking", thinking: "First a look." }, use("screenshot"), use("left_click", { coordinate: [3, 4] })] },
      { blocks: [use("left_click", { coordinate: [9999, 4] }), use("cursor_position"), use("screenshot")] },
      text("Done."),
    );
    const desktop = new Desktop({});
    const last = await client().beta.messages.toolRunner({ ...ask, model: "claude-sonnet-5-5", tools: [desktop], stream: false, thread: false });
    await desktop.close();
    assert.equal(last.content[0].text, "Done.");
    assert.deepEqual(did, [[3, 4]]);
    assert.deepEqual(api.requests.map(({ error }) => error), [undefined, undefined, undefined]);
    const results = api.requests[2].body.messages.at(-1).content;
    assert.deepEqual(results.map(({ is_error: failed }) => Boolean(failed)), [true, true, true]);
  });

  test("retries what the double says is passing, and reports what is not", async (t) => {
    const { api, client } = await start(t);
    api.say({ fault: "rate_limit", pause: 1 }, { fault: "overloaded", pause: 1 }, text("made it"));
    assert.equal((await client().messages.create(ask)).content[0].text, "made it");
    api.say({ fault: "too_large" });
    await assert.rejects(client().messages.create(ask), { status: 413 });
    await assert.rejects(client({ apiKey: "wrong" }).messages.create(ask), Anthropic.AuthenticationError);
    await assert.rejects(client().messages.create({ ...ask, model: "claude-2" }), Anthropic.NotFoundError);
    api.say({ ...text("never whole".repeat(9)), fault: "error_inside" });
    await assert.rejects(client().messages.stream(ask).finalMessage(), /overloaded_error/);
  });
});

describe("the double refuses", () => {
  const user = (...content) => ({ role: "user", content });
  const assistant = (...content) => ({ role: "assistant", content });
  const say = (words) => ({ type: "text", text: words });
  const call = (id, extra = {}) => ({ type: "tool_use", id, name: "screenshot", toolset_name: "computer", input: {}, ...extra });
  const result = (id, extra = {}) => ({ type: "tool_result", tool_use_id: id, toolset_name: "computer", content: [say("ok")], ...extra });
  const image = (bytes, type = "image/png") => ({ type: "image", source: { type: "base64", media_type: type, data: bytes.toString("base64") } });
  const tools = [{ type: "computer_toolset_20260801" }];
  const asked = user(say("go"));
  const small = desktopPicture(640, 400);
  const talk = (...messages) => ({ tools, messages: [asked, ...messages] });
  const cached = (block) => ({ ...block, cache_control: { type: "ephemeral" } });

  const cases = {
    "an answer first": [{ messages: [assistant(say("hi"))] }, /must use the user role/],
    "empty content": [{ messages: [user()] }, /non-empty/],
    "blank text": [{ messages: [user(say(" \n"))] }, /non-whitespace/],
    "a call without a result": [talk(assistant(call("a"))), /unanswered/],
    "a call whose result is missing": [talk(assistant(call("a"), call("b")), user(result("a"))), /without `tool_result` blocks immediately after: b/],
    "a result without a call": [talk(assistant(say("x")), user(result("a"))), /unexpected `tool_use_id`/],
    "a result twice": [talk(assistant(call("a")), user(result("a"), result("a"))), /unexpected `tool_use_id`/],
    "text before a result": [talk(assistant(call("a")), user(say("x"), result("a"))), /before other content/],
    "a result that forgets its toolset": [talk(assistant(call("a")), user(result("a", { toolset_name: undefined }))), /toolset_name/],
    "a picture with an error": [talk(assistant(call("a")), user(result("a", { is_error: true, content: [image(small)] }))), /is_error/],
    "a picture of another type": [talk(assistant(call("a")), user(result("a", { content: [image(small, "image/jpeg")] }))), /image\/png, not image\/jpeg/],
    "a torn picture": [talk(assistant(call("a")), user(result("a", { content: [image(small.subarray(0, -20))] }))), /Could not process image/],
    "a picture beyond the limits": [talk(assistant(call("a")), user(result("a", { content: [image(desktopPicture(2600, 1000))] }))), /larger than/],
    "screenshots of two sizes": [
      talk(assistant(call("a"), call("b")), user(result("a", { content: [image(small)] }), result("b", { content: [image(desktopPicture(800, 500))] }))),
      /one size/,
    ],
    "an input that is no object": [talk(assistant(call("a", { input: [] })), user(result("a"))), /valid dictionary/],
    "one id for two calls": [talk(assistant(call("a"), call("a")), user(result("a"))), /must be unique/],
    "a toolset's member without the toolset": [{ messages: [asked, assistant(call("a")), user(result("a"))] }, /no toolset/],
    "thoughts it did not think": [talk(assistant({ type: "thinking", thinking: "x", signature: "forged" }, say("y")), asked), /Invalid `signature`/],
    "a thought at the end": [talk(assistant(say("y"), { type: "thinking", thinking: "x", signature: "s" }), asked), /final block/],
    "an answer put into its mouth": [talk(assistant(say("I will"))), /prefill/],
    "too many cache marks": [{ system: [1, 2, 3].map((n) => cached(say(`s${n}`))), messages: [user(cached(say("a")), cached(say("b")))] }, /maximum of 4/],
    "a toolset with a name": [{ tools: [{ ...tools[0], name: "computer" }] }, /Extra inputs/],
    "a dated tool on a new model": [{ tools: [{ type: "computer_20251124", name: "computer" }] }, /not supported by this model/],
    "the toolset on an old model": [{ model: "claude-opus-4-5", tools }, /not supported by this model/],
    "a wrong name for bash": [{ tools: [{ type: "bash_20250124", name: "shell" }] }, /should be 'bash'/],
    "two tools of one name": [{ tools: [tools[0], tools[0]] }, /must be unique/],
    "budgeted thinking on a new model": [{ thinking: { type: "enabled", budget_tokens: 1024 }, max_tokens: 2000 }, /not supported by this model/],
    "a budget beyond the answer": [{ model: "claude-opus-4-5", thinking: { type: "enabled", budget_tokens: 2000 }, max_tokens: 1500 }, /greater than/],
    "a forced tool on a new model": [{ tools, tool_choice: { type: "any" } }, /not supported by this model/],
    "an unknown field": [{ temprature: 1 }, /Extra inputs/],
  };
  for (const [name, [change, words]] of Object.entries(cases))
    test(name, async (t) => {
      const { client } = await start(t);
      const request = { ...ask, ...change };
      await assert.rejects(client().messages.create(request), (error) => {
        assert.equal(error.status, 400);
        assert.match(error.message, words);
        return true;
      });
    });

  test("a history that was altered, and takes one that was not", async (t) => {
    const { api, client } = await start(t);
    api.say({ blocks: [{ type: "tool_use", name: "key", input: { text: "a" } }] });
    const first = await client().messages.create({ ...ask, tools });
    const [{ id }] = first.content;
    const follow = (messages) => client().messages.create({ ...ask, tools, messages });
    const rest = [assistant(...first.content), user(result(id))];
    await assert.rejects(follow([user(say("Hello")), ...rest]), /not the same bytes/);
    await assert.rejects(follow([...ask.messages, asked, ...rest]), /another place/);
    await assert.rejects(follow([...ask.messages, assistant({ ...first.content[0], input: { text: "b" } }), rest[1]]), /altered/);
    assert.equal((await follow([...ask.messages, ...rest])).stop_reason, "end_turn");
  });

  test("foreign versions, types and betas in headers", async (t) => {
    const { api } = await start(t);
    const post = async (headers, body = JSON.stringify(ask)) =>
      (await fetch(`${api.url}/v1/messages`, { method: "POST", body, headers: { "content-type": "application/json", "x-api-key": api.key, ...headers } })).status;
    assert.equal(await post({ "anthropic-version": "2023-06-01" }), 200);
    assert.equal(await post({ "anthropic-version": "2023-06-01" }, "{"), 400);
    assert.equal(await post({}), 400);
    assert.equal(await post({ "anthropic-version": "2024-01-01" }), 400);
    assert.equal(await post({ "anthropic-version": "2023-06-01", "content-type": "text/plain" }), 400);
    assert.equal(await post({ "anthropic-version": "2023-06-01", "anthropic-beta": "time-travel-2030" }), 400);
    assert.equal(await post({ "anthropic-version": "2023-06-01", "x-api-key": "", authorization: `Bearer ${api.key}` }), 401);
  });
});
