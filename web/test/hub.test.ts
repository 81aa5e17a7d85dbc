import assert from "node:assert/strict";
import { test } from "node:test";
import { Hub, type StreamEvents, type Tell, type ToPage } from "../src/log/hub";

/** A hub whose streams are played by hand. */
function makeHub() {
  const streams: { places: [string, number][]; events: StreamEvents; isOpen: boolean }[] = [];
  const waiting: (() => void)[] = [];
  const hub = new Hub(
    (places, events) => {
      const stream = { places: [...places], events, isOpen: true };
      streams.push(stream);
      return () => void (stream.isOpen = false);
    },
    (action) => void waiting.push(action),
  );
  const settle = () => waiting.splice(0).forEach((action) => action());
  const page = () => {
    const heard: string[] = [];
    const turns: number[] = [];
    const tell: Tell = (message: ToPage) => {
      if (message.kind !== "ask") turns.push(message.turn);
      heard.push(message.kind === "event" ? String(message.event.seq) : message.kind);
    };
    return {
      heard,
      turns,
      follow: (session: string, after: number, turn = 1) =>
        hub.take(tell, { kind: "follow", turn, session, after }),
      leave: () => hub.take(tell, { kind: "leave" }),
      here: () => hub.take(tell, { kind: "here", turn: 1 }),
    };
  };
  const emit = (session: string, seq: number) =>
    streams.at(-1)?.events.onEvent(session, { seq, event: "text", data: {} });
  return { streams, settle, page, emit };
}

test("eight tabs share one stream, which begins where the first of them is", () => {
  const { streams, settle, page, emit } = makeHub();
  const pages = Array.from({ length: 8 }, (_, at) => {
    const one = page();
    one.follow(`sess_${at % 4}`, 10 + at);
    return one;
  });
  settle();
  assert.equal(streams.length, 1);
  assert.deepEqual(
    new Map(streams[0]?.places),
    new Map([...Array(4).keys()].map((at) => [`sess_${at}`, 10 + at])),
  );
  streams[0]?.events.onOpen();
  emit("sess_0", 12);
  emit("sess_0", 15);
  assert.deepEqual(pages[0]?.heard, ["open", "12", "15"]);
  assert.deepEqual(pages[4]?.heard, ["open", "15"]);
  assert.deepEqual(pages[1]?.heard, ["open"]);
});

test("a tab that comes later hears nothing of the old stream, and then everything since its place", () => {
  const { streams, settle, page, emit } = makeHub();
  const [first, second] = [page(), page()];
  first.follow("a", 0);
  settle();
  emit("a", 1);
  second.follow("a", 0);
  emit("a", 2);
  assert.deepEqual(second.heard, []);
  settle();
  assert.deepEqual(
    streams.map(({ isOpen }) => isOpen),
    [false, true],
  );
  assert.deepEqual(streams[1]?.places, [["a", 0]]);
  for (const seq of [1, 2, 3]) emit("a", seq);
  assert.deepEqual(first.heard, ["1", "2", "3"]);
  assert.deepEqual(second.heard, ["1", "2", "3"]);
});

test("each word names the turn that it is for", () => {
  const { streams, settle, page, emit } = makeHub();
  const one = page();
  one.follow("a", 0, 1);
  settle();
  streams[0]?.events.onOpen();
  emit("a", 1);
  one.follow("b", 5, 2);
  settle();
  streams[1]?.events.onOpen();
  emit("b", 6);
  streams[1]?.events.onEnd();
  assert.deepEqual(one.heard, ["open", "1", "open", "6", "end"]);
  assert.deepEqual(one.turns, [1, 1, 2, 2, 2]);
});

test("who leaves hears no more, and the last one ends the stream", () => {
  const { streams, settle, page, emit } = makeHub();
  const [first, second] = [page(), page()];
  first.follow("a", 0);
  second.follow("a", 0);
  settle();
  first.leave();
  settle();
  assert.equal(streams.length, 1);
  emit("a", 1);
  assert.deepEqual([first.heard, second.heard], [[], ["1"]]);
  second.leave();
  settle();
  assert.ok(!streams[0]?.isOpen);
});

test("a session that is closed ends its followers; a stream that breaks ends all", () => {
  const { streams, settle, page } = makeHub();
  const [first, second] = [page(), page()];
  first.follow("a", 0);
  second.follow("b", 0);
  settle();
  streams[0]?.events.onClosed("a");
  assert.deepEqual([first.heard, second.heard], [["end"], []]);
  streams[0]?.events.onEnd();
  assert.deepEqual(second.heard, ["end"]);
  second.follow("b", 3);
  settle();
  assert.deepEqual(streams[1]?.places, [["b", 3]]);
});

test("a tab that never answers is forgotten; one that does stays, and is told when it comes back too late", () => {
  const { streams, settle, page } = makeHub();
  const [dead, alive] = [page(), page()];
  dead.follow("a", 0);
  alive.follow("b", 0);
  settle();
  for (let quiet = 0; quiet < 6; ++quiet) {
    streams.at(-1)?.events.onQuiet();
    alive.here();
  }
  settle();
  assert.deepEqual(streams.at(-1)?.places, [["b", 0]]);
  dead.here();
  assert.equal(dead.heard.at(-1), "end");
  assert.ok(!alive.heard.includes("end"));
});

test("more sessions than one stream may have: the newest are followed, the others told", () => {
  const { streams, settle, page } = makeHub();
  const pages = Array.from({ length: 66 }, (_, at) => {
    const one = page();
    one.follow(`s${at}`, 0);
    return one;
  });
  settle();
  assert.equal(streams[0]?.places.length, 64);
  assert.deepEqual(pages[0]?.heard, ["end"]);
  assert.deepEqual(pages[65]?.heard, []);
});
