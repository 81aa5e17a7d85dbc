// One connection for the events of several sessions: none missing, none twice, none of anybody else's.
import assert from "node:assert/strict";
import { once } from "node:events";
import { readdir } from "node:fs/promises";
import { after, before, test } from "node:test";
import { at, follow, Server, until } from "../lib/carrel.mjs";
import { bash, script } from "../lib/script.mjs";

let server;
before(async () => (server = await Server.start()));
after(() => server?.end());

const make = async (t) => {
  const { id } = await server.createSession();
  t.after(() => server.request("DELETE", at(id, "?purge=true")));
  return id;
};

/** What a stream of these places brings, by session; the sessions that it calls closed; whether it has ended. */
function listen(t, places) {
  const heard = { events: new Map(), closed: [], isEnded: false };
  const stream = follow(server, `/api/v1/events?sessions=${places}`, ({ event, data }) => {
    if (event === "event") heard.events.set(data.session_id, [...(heard.events.get(data.session_id) ?? []), data]);
    else if (event === "closed") heard.closed.push(data.session_id);
  });
  t.after(stream.stop);
  stream.opened.then((answer) => {
    heard.status = answer.statusCode;
    answer.on("close", () => (heard.isEnded = true));
  });
  return Object.assign(heard, { opened: stream.opened, stop: stream.stop });
}

const numbers = (events) => (events ?? []).map(({ seq, event }) => [seq, event]);
const say = (id) => server.turn(id, script({ text: "Said." }));

test("each session's events come from its place on, as they are stored", async (t) => {
  const [first, second, third] = [await make(t), await make(t), await make(t)];
  await say(first);
  await say(second);
  const place = (await server.events(first)).at(2).seq;
  const heard = listen(t, `${first}:${place},${second}:0,${third}`);
  await heard.opened;
  assert.equal(heard.status, 200);
  await say(second);
  await say(third);
  const [ofFirst, ofSecond, ofThird] = [await server.events(first), await server.events(second), await server.events(third)];
  const lastTurn = ofThird.findIndex(({ event }) => event === "user_message");
  const wanted = new Map([
    [first, ofFirst.filter(({ seq }) => seq > place)],
    [second, ofSecond],
    [third, ofThird.slice(lastTurn)],
  ]);
  await until("all of them", () => [...wanted].every(([id, events]) => (heard.events.get(id) ?? []).length >= events.length));
  for (const [id, events] of wanted) {
    assert.deepEqual(numbers(heard.events.get(id)), numbers(events));
    assert.deepEqual(
      heard.events.get(id).map(({ data }) => data),
      events.map(({ data }) => data),
    );
  }
});

test("a session that there is not is told as closed, and one that is deleted; the others go on", async (t) => {
  const [kept, gone] = [await make(t), await make(t)];
  const heard = listen(t, `sess_000000000000:5,${kept}:0,${gone}:0`);
  await until("the unknown one", () => heard.closed.includes("sess_000000000000"));
  await server.json("DELETE", at(gone, "?purge=true"));
  await until("the deleted one", () => heard.closed.includes(gone));
  await say(kept);
  const all = await server.events(kept);
  await until("the other's events", () => (heard.events.get(kept) ?? []).length >= all.length);
  assert.deepEqual(numbers(heard.events.get(kept)), numbers(all));
  assert.equal(heard.isEnded, false);
  await server.json("DELETE", at(kept, "?purge=true"));
  await until("the end of the last one ends the stream", () => heard.isEnded);
});

test("a reader that does not read holds nobody up and misses nothing", async (t) => {
  const [first, second] = [await make(t), await make(t)];
  const slow = listen(t, `${first}:0,${second}:0`);
  const answer = await slow.opened;
  answer.pause();
  // Far more than what lies in the buffers between.
  const much = script(...Array.from({ length: 20 }, () => bash("head -c 100000 /dev/zero | tr '\\0' x")), { text: "Done." });
  const quick = listen(t, `${second}:0`);
  for (let round = 0; round < 4; ++round) await server.turn(first, much);
  await say(second);
  const ofSecond = await server.events(second);
  await until("the other reader has all", () => (quick.events.get(second) ?? []).length >= ofSecond.length);
  answer.resume();
  const ofFirst = await server.events(first);
  await until("the slow one has all", () => (slow.events.get(first) ?? []).length >= ofFirst.length);
  assert.deepEqual(numbers(slow.events.get(first)), numbers(ofFirst));
  assert.deepEqual(numbers(slow.events.get(second)), numbers(ofSecond));
});

test("streams that are dropped leave nothing behind", async (t) => {
  const ids = [await make(t), await make(t), await make(t)];
  const descriptors = async () => (await readdir(`/proc/${server.child.pid}/fd`)).length;
  const before = await descriptors();
  for (let round = 0; round < 30; ++round) {
    const heard = listen(t, ids.map((id) => `${id}:0`).join());
    const answer = await heard.opened;
    if (round % 2) await once(answer, "data").catch(() => {});
    heard.stop();
  }
  await until("as many descriptors as before", async () => (await descriptors()) <= before + 2);
  await say(ids[0]);
});

test("what is no list of sessions is refused with a sentence", async () => {
  const problem = async (query) => {
    const { status, body } = await server.request("GET", `/api/v1/events${query}`);
    assert.equal(status, 422, JSON.stringify(body));
    return body.detail.map(({ loc, msg }) => `${loc.join(".")}: ${msg}`);
  };
  assert.deepEqual(await problem(""), ["query.sessions: this field is required"]);
  assert.deepEqual(await problem("?sessions=a:x"), ['query.sessions: behind "a:" stands the number of its last event that you have']);
  assert.deepEqual(await problem("?sessions=a,a"), ['query.sessions: "a" stands twice; give it once']);
  const many = Array.from({ length: 65 }, (_, at) => `s${at}`).join();
  assert.deepEqual(await problem(`?sessions=${many}`), ["query.sessions: 65 sessions are too many: at most 64"]);
});
