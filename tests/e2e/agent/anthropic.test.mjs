// The agent with Claude, from the message to the desk and back: the real server and a real desk, with the strict double
// of the Messages API in the vendor's place.
import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { startAnthropic } from "../../doubles/anthropic.mjs";
import { Server, until } from "../lib/carrel.mjs";

let api;
let server;
let session;

before(async () => {
  api = await startAnthropic();
  server = await Server.start({ env: { ANTHROPIC_BASE_URL: api.url, no_proxy: "127.0.0.1" } });
});
after(async () => {
  await server?.end();
  await api?.close();
});

const say = (text) => ({ type: "text", text });
const use = (name, input) => ({ type: "tool_use", name, input });
const message = (content, id = session.id) => server.request("POST", `/api/v1/sessions/${id}/messages`, { body: { content } });

/** The events of the turn that `content` begins, once it has ended. */
async function turn(content) {
  const answer = await message(content);
  assert.equal(answer.status, 200, JSON.stringify(answer.body));
  return ended(answer.body.message_id);
}

function ended(id) {
  return until(`the turn ${id} ends`, async () => {
    const events = await server.events(session.id);
    const start = events.findIndex(({ event, data }) => event === "user_message" && data.message_id === id);
    const end = events.findIndex(({ event, data }) => event === "message_complete" && data.message_id === id);
    return end >= 0 && events.slice(start, end + 1);
  });
}

const of = (events, name) => events.filter(({ event }) => event === name).map(({ data }) => data);

test("without a key a message is refused with a sentence, and a key that is pasted is enough", async () => {
  session = await server.createSession({ provider: "anthropic", network: "none" });
  const refused = await message("hello");
  assert.equal(refused.status, 503);
  assert.match(JSON.stringify(refused.body), /key/);
  await server.json("POST", "/api/v1/credentials", { provider: "anthropic", key: api.key });
  api.say({ blocks: [say("Hello!")] });
  const events = await turn("hello");
  assert.equal(of(events, "text").map(({ content }) => content).join(""), "Hello!");
  assert.equal(of(events, "message_complete")[0].status, "completed");
});

test("Claude looks, acts and reads on a real desk, and the vendor's rules are kept", async () => {
  api.requests.length = 0;
  api.say(
    { blocks: [{ type: "thinking", thinking: "A look first." }, say("I look."), use("screenshot"), use("cursor_position")] },
    {
      blocks: [
        use("left_click", { coordinate: [640, 400] }),
        use("zoom", { region: [0, 0, 320, 200] }),
        use("bash", { command: "cd /tmp && echo from $PWD; echo oops >&2; false" }),
        use("str_replace_based_edit_tool", { command: "create", path: "/home/agent/note.txt", file_text: "one\ntwo\n" }),
        use("str_replace_based_edit_tool", { command: "view", path: "/home/agent/note.txt" }),
      ],
    },
    { blocks: [use("left_click", { coordinate: [640, 9999] }), use("type", { text: "never" }), use("bash", { command: "pwd" })] },
    { blocks: [say("Done.")] },
  );
  const events = await turn("look around");
  assert.deepEqual(api.requests.map(({ error }) => error), Array(4).fill(undefined));
  assert.equal(of(events, "message_complete")[0].status, "completed");
  const results = of(events, "tool_result");
  assert.equal(results.length, 10);
  const [shot, cursor, click, zoom, bash, , view, outside, never, pwd] = results;
  assert.match(cursor.output, /^X=\d+,Y=\d+$/);
  assert.equal(click.output, "Clicked.");
  assert.match(bash.output, /^from \/tmp\n<stderr>\noops\n<\/stderr>\n<system>exit code 1<\/system>$/);
  assert.match(view.output, /1\tone/);
  assert.match(outside.error, /out of bounds/);
  assert.equal(never.error, "Not executed: an earlier computer action in this turn failed.");
  assert.match(pwd.output, /^\/tmp/);
  for (const { screenshot } of [shot, zoom]) {
    const picture = await server.request("GET", screenshot);
    assert.equal(picture.status, 200);
    assert.match(picture.headers["content-type"], /^image\/png/);
  }
  const usage = of(events, "usage");
  assert.equal(usage.length, 4);
  assert.ok(usage.at(-1).cache_read_input_tokens > 0);
});

test("a command that asks on its terminal is told with its question, and answered by a tool of its own", async () => {
  api.requests.length = 0;
  const asks = `python3 -c 'import getpass; print(len(getpass.getpass("Pass phrase: ")), input("Sure? "))' </dev/tty`;
  api.say(
    { blocks: [use("bash", { command: `kept=yes; ${asks}` })] },
    { blocks: [use("bash_answer", { text: "open sesame" })] },
    { blocks: [use("bash_answer", { text: "quite" }), use("bash_answer", { text: "once more" })] },
    { blocks: [use("bash", { command: asks }), use("bash_answer", { text: "\u0003", enter: false })] },
    { blocks: [use("bash", { command: asks }), use("bash", { command: "echo $kept" })] },
    { blocks: [say("Done.")] },
  );
  const events = await turn("log in");
  assert.deepEqual(api.requests.map(({ error }) => error), Array(6).fill(undefined));
  assert.deepEqual(api.requests[0].body.tools.map(({ name }) => name), [undefined, "bash", "str_replace_based_edit_tool", "bash_answer"]);
  const [asked, sure, ended, nobody, again, stopped, third, next] = of(events, "tool_result").map(({ output, error }) => error || output);
  assert.match(asked, /waits for input on its terminal, after printing "Pass phrase: "\. Give that with bash_answer/);
  assert.doesNotMatch(asked, /terminal\/answer/);
  assert.match(sure, /^Sure\? \n<system>The command has not ended: .*after printing "Sure\? "/);
  assert.equal(ended, "11 quite");
  assert.match(nobody, /no command waits for input/);
  assert.match(again, /Pass phrase/);
  assert.match(stopped, /exit code 1\b|exit code 130/);
  assert.match(third, /Pass phrase/);
  assert.match(next, /^yes\n<system>The command that waited for input was stopped\./);
  // The vendor is told as the session is: the result is no error.
  assert.ok(!api.requests[1].body.messages.at(-1).content[0].is_error);
  assert.ok(!server.log.includes("open sesame"));
});

test("waiting for a retry is told, and what does not pass ends the turn but not the session", async () => {
  api.say({ fault: "overloaded", pause: 10 }, { blocks: [say("Here I am.")] });
  const events = await turn("are you there?");
  assert.equal(of(events, "status")[0].retry_after, 0.01);
  assert.equal(of(events, "message_complete")[0].status, "completed");
  api.say({ fault: "billing" });
  const refused = await turn("and now?");
  assert.equal(of(refused, "error")[0].code, "billing_error");
  assert.equal(of(refused, "message_complete")[0].status, "error");
  api.say({ blocks: [say("Again.")] });
  assert.equal(of(await turn("once more"), "message_complete")[0].status, "completed");
});

test("a cancel in the middle of a call is heard at once, and the next message is understood", async () => {
  api.requests.length = 0;
  api.say({ blocks: [use("screenshot"), use("wait", { duration: 250 }), use("screenshot")] });
  const { body } = await message("wait for me");
  await until("the wait begins", async () => (await server.events(session.id)).some(({ data }) => data.tool === "wait"));
  assert.equal((await message("me too")).status, 409);
  assert.equal((await server.json("POST", `/api/v1/sessions/${session.id}/cancel`)).status, "cancelled");
  assert.equal(of(await ended(body.message_id), "message_complete")[0].status, "cancelled");
  api.say({ blocks: [say("Fine.")] });
  assert.equal(of(await turn("go on"), "message_complete")[0].status, "completed");
  assert.deepEqual(api.requests.map(({ error }) => error), [undefined, undefined]);
  const before = api.requests[1].body.messages.at(-2).content;
  assert.deepEqual(before.map(({ is_error: failed }) => Boolean(failed)), [false, true, true]);
});

test("no key and nothing typed reaches the log", () => {
  assert.ok(!server.log.includes(api.key));
  assert.ok(!server.log.includes("look around"));
});
