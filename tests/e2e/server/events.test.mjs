// Events of a session as its viewers get them, and turns that are busy, cancelled, side by side.
import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import { at, follow, Server, until } from "../lib/carrel.mjs";
import { descriptors } from "../lib/host.mjs";
import { bash, script } from "../lib/script.mjs";
import { connect } from "../lib/wire.mjs";

let server;
before(async () => (server = await Server.start()));
after(() => server?.end());

/** A turn that lasts until the file `go` is there. */
const patient = (go) => script(bash(`until [ -e ${go} ]; do sleep 0.05; done; echo went`), { text: "done" });
const go = (id, file) => server.json("POST", at(id, "/desk/file/write"), { path: file, file_text: "" });

/** A viewer that collects; `upTo(name)` waits for an event of that name. */
function viewer(id, query = "", headers = {}) {
  const seen = [];
  const { opened, stop } = follow(server, at(id, `/stream${query}`), (event) => seen.push(event), headers);
  const numbered = () => seen.filter((event) => event.id !== undefined);
  return { seen, numbered, opened, stop, upTo: (name) => until(`a viewer sees ${name}`, () => seen.some(({ event }) => event === name)) };
}

async function withSession(use) {
  const { id } = await server.createSession();
  try {
    await use(id);
  } finally {
    await server.json("DELETE", at(id, "?purge=true"));
  }
}

describe("streams", () => {
  test("every viewer sees what is stored, in order, once; live ones only what comes", () =>
    withSession(async (id) => {
      await server.turn(id, script({ text: "one two three" }));
      const before_ = await server.events(id);
      const all = [1, 2, 3, 4, 5].map(() => viewer(id, "?last_event_id=0"));
      const live = viewer(id);
      await Promise.all([...all, live].map(({ opened }) => opened));
      await server.turn(id, script({ thinking: "hm", text: "four five", ...bash("echo six") }, { text: "seven" }));
      const stored = await server.events(id);
      const last = stored.at(-1).seq;
      for (const one of [...all, live]) await until("the last event is seen", () => one.numbered().at(-1)?.id === String(last));
      const wanted = stored.map(({ seq, event, data }) => ({ id: String(seq), event, data }));
      for (const { numbered, stop } of all) {
        assert.deepEqual(numbered(), wanted);
        stop();
      }
      assert.deepEqual(live.numbered(), wanted.slice(before_.length));
      live.stop();
      const order = stored.slice(before_.length).map(({ event }) => event);
      assert.deepEqual(order.slice(0, 2), ["user_message", "message_start"]);
      assert.equal(order.at(-1), "message_complete");
      for (const name of ["thinking", "text", "tool_use", "tool_result"]) assert.ok(order.includes(name), name);
      assert.ok(order.indexOf("tool_use") < order.indexOf("tool_result"));
    }));

  test("a viewer that comes back again and again misses nothing and gets nothing twice", () =>
    withSession(async (id) => {
      const turns = Array.from({ length: 12 }, (_, number) => ({ text: `answer ${number} with some words`, ...bash(`echo ${number}`) }));
      await server.json("POST", at(id, "/messages"), { content: script(...turns, { text: "end" }) });
      const seen = [];
      const isOver = () => seen.at(-1)?.event === "message_complete";
      for (let round = 0; !isOver(); ++round) {
        const headers = seen.length ? { "Last-Event-ID": seen.at(-1).id } : {};
        const part = viewer(id, seen.length ? "" : "?last_event_id=0", headers);
        await until("some more", () => part.numbered().length >= 1 + (round % 4) || part.numbered().at(-1)?.event === "message_complete");
        part.stop();
        seen.push(...part.numbered());
        // What arrived after the cut was counted too: it is the client that says where it was.
        assert.ok(round < 500);
      }
      const stored = (await server.events(id)).map(({ seq, event, data }) => ({ id: String(seq), event, data }));
      assert.deepEqual(seen, stored);
    }));

  test("the header goes before the query; numbers of the future mean now", () =>
    withSession(async (id) => {
      await server.turn(id, "hello");
      const stored = await server.events(id);
      const both = viewer(id, "?last_event_id=0", { "Last-Event-ID": String(stored.at(-2).seq) });
      await until("one event", () => both.numbered().length === 1);
      const future = viewer(id, "", { "Last-Event-ID": "999999999" });
      await future.opened;
      await server.turn(id, "again");
      await future.upTo("message_complete");
      assert.equal(future.numbered()[0].event, "user_message");
      both.stop();
      future.stop();
    }));

  test("a viewer who does not read harms nobody, and is let go", () =>
    withSession(async (id) => {
      await server.turn(id, script(bash("true"))); // the way to the desk stays open for a while
      const idle = descriptors(server.child.pid);
      const slow = await connect(server);
      slow.pause();
      slow.write(`GET ${at(id, "/stream?last_event_id=0")} HTTP/1.1\r\nHost: localhost\r\n\r\n`);
      const quick = viewer(id, "?last_event_id=0");
      await quick.opened;
      for (let round = 0; round < 8; ++round)
        await server.turn(id, script(...Array.from({ length: 10 }, () => bash("head -c 15000 /dev/zero | tr '\\0' x")), { text: "end" }));
      const stored = await server.events(id);
      await until("the quick one has all", () => quick.numbered().length === stored.length);
      slow.destroy();
      quick.stop();
      await until("their connections are closed", () => descriptors(server.child.pid) <= idle);
    }));

  test("streams end when their session is deleted", async () => {
    const { id } = await server.createSession();
    const one = viewer(id, "?last_event_id=0");
    const answer = await one.opened;
    let ended = false;
    answer.on("close", () => (ended = true));
    await server.json("DELETE", at(id, "?purge=true"));
    await until("the stream ends", () => ended);
    assert.equal(one.seen.at(-1).event, "closed");
  });

  test("pages of stored events fit together", () =>
    withSession(async (id) => {
      await server.turn(id, script(bash("echo a"), bash("echo b"), { text: "c" }));
      const all = await server.events(id);
      const pieced = [];
      for (;;) {
        const { events } = await server.json("GET", at(id, `/events?limit=3&after=${pieced.at(-1)?.seq ?? 0}`));
        if (!events.length) break;
        assert.ok(events.length <= 3);
        pieced.push(...events);
      }
      assert.deepEqual(pieced, all);
    }));
});

describe("turns", () => {
  test("a second message while one is worked on is a conflict", () =>
    withSession(async (id) => {
      const { message_id, status, stream_url } = await server.json("POST", at(id, "/messages"), { content: patient("/tmp/go") });
      assert.match(message_id, /^msg_[0-9a-f]{12}$/);
      assert.equal(status, "processing");
      assert.equal(stream_url, at(id, "/stream"));
      assert.equal((await server.json("GET", at(id))).busy, true);
      const second = await server.request("POST", at(id, "/messages"), { body: { content: "and this" } });
      assert.equal(second.status, 409);
      assert.match(second.body.detail, /busy/);
      await go(id, "/tmp/go");
      await until("the turn ends", async () => !(await server.json("GET", at(id))).busy);
      const { messages } = await server.json("GET", at(id));
      assert.deepEqual(messages.map(({ role }) => role).slice(0, 1), ["user"]);
      assert.equal(messages[0].id, message_id);
      assert.ok(messages.every((one) => typeof one.id === "string" && "content" in one && "tool_use_id" in one && one.timestamp));
      await server.turn(id, "next");
    }));

  test("of many messages at once one is taken", () =>
    withSession(async (id) => {
      const asked = await Promise.all(Array.from({ length: 8 }, () => server.request("POST", at(id, "/messages"), { body: { content: patient("/tmp/go") } })));
      assert.deepEqual(asked.map(({ status }) => status).sort(), [200, 409, 409, 409, 409, 409, 409, 409]);
      await go(id, "/tmp/go");
      await until("the turn ends", async () => !(await server.json("GET", at(id))).busy);
      assert.equal((await server.events(id)).filter(({ event }) => event === "user_message").length, 1);
    }));

  test("a cancelled turn ends at once, every call is answered, and the next message works", () =>
    withSession(async (id) => {
      await server.json("POST", at(id, "/messages"), { content: script({ tool_uses: [...bash("echo started; sleep 1000").tool_uses, ...bash("echo never").tool_uses] }) });
      await until("the command runs", async () => (await server.events(id)).some(({ event }) => event === "tool_use"));
      assert.equal((await server.json("POST", at(id, "/cancel"))).status, "cancelled");
      const events = await server.events(id);
      const complete = events.at(-1);
      assert.equal(complete.event, "message_complete");
      assert.equal(complete.data.status, "cancelled");
      const ids = (name) => events.filter(({ event }) => event === name).map(({ data }) => data.tool_use_id).sort();
      assert.deepEqual(ids("tool_result"), ids("tool_use"));
      assert.equal((await server.json("POST", at(id, "/cancel"))).status, "not_processing");
      const after_ = await server.turn(id, script(bash("echo alive"), { text: "ok" }));
      assert.match(JSON.stringify(after_.findLast(({ event }) => event === "tool_result").data), /alive/);
      assert.equal(after_.at(-1).data.status, "completed");
    }));

  test("deleting a session in the middle of its turn ends both", async () => {
    const { id } = await server.createSession();
    await server.json("POST", at(id, "/messages"), { content: patient("/tmp/never") });
    assert.equal((await server.request("DELETE", at(id))).status, 204);
    const events = await server.events(id);
    assert.equal(events.findLast(({ event }) => event === "message_complete").data.status, "cancelled");
    await server.json("DELETE", at(id, "?purge=true"));
  });

  test("two sessions work at the same time and do not see each other", () =>
    withSession((one) =>
      withSession(async (two) => {
        const work = (name) => script(...Array.from({ length: 6 }, (_, step) => ({ text: `${name} ${step}`, ...bash(`echo ${name} >> /tmp/trace; hostname > /dev/null; cat /tmp/trace | wc -l`) })), { text: `${name} is done`, tool_uses: [{ name: "screenshot" }] });
        const [first, second] = await Promise.all([server.turn(one, work("Ada")), server.turn(two, work("Bob"))]);
        for (const [events, own, other] of [[first, "Ada", "Bob"], [second, "Bob", "Ada"]]) {
          const text = JSON.stringify(events);
          assert.ok(text.includes(`${own} is done`) && !text.includes(other));
          assert.equal(events.at(-1).data.status, "completed");
          const counts = events.filter(({ event }) => event === "tool_result").map(({ data }) => data.output?.trim?.()).filter((output) => /^\d+$/.test(output));
          assert.deepEqual(counts, ["1", "2", "3", "4", "5", "6"]);
          const { screenshot } = events.findLast(({ data }) => data.screenshot).data;
          const picture = await server.request("GET", screenshot);
          assert.equal(picture.status, 200);
          assert.match(picture.headers["content-type"], /^image\//);
          const stolen = screenshot.replace(/sess_[0-9a-f]+/, own === "Ada" ? two : one);
          if (first.findLast(({ data }) => data.screenshot).data.screenshot.split("/").at(-1) !== second.findLast(({ data }) => data.screenshot).data.screenshot.split("/").at(-1))
            assert.equal((await server.request("GET", stolen)).status, 404);
        }
      }),
    ));

  test("a script that is none is answered, not failed", () =>
    withSession(async (id) => {
      for (const content of ["[", '[{"tool":1}]', "[]", '[{"tool_uses":[{"name":"no_such_tool"}]}]', '[{"tool_uses":[{"name":"left_click","input":{"coordinate":[99999,1]}}]}]', '[{"tool_uses":[{"name":"left_click","input":"x"}]}]']) {
        const events = await server.turn(id, content);
        assert.equal(events.at(-1).event, "message_complete", content);
        assert.equal(events.at(-1).data.status, "completed", content);
      }
    }));
});
