import assert from "node:assert/strict";
import { test } from "node:test";
import { runFeed, type FeedSource, type FeedState } from "../src/log/feed";
import { retryDelay } from "../src/server/retry";
import type { StoredEvent } from "../src/server/types";

const event = (seq: number): StoredEvent => ({ seq, event: "text", data: {} });

/** Each stream is what one connection gives; history is all that was stored before it. */
interface World {
  stored: number[];
  streams: number[][];
  /** Stored while nobody was connected, before the n-th history call. */
  missed?: Record<number, number[]>;
  failures?: Record<number, Error>;
  /** What ends the n-th stream; others break. */
  ends?: Record<number, "rest">;
}

async function follow(world: World) {
  const seen: number[] = [];
  const states: FeedState[] = [];
  const waits: number[] = [];
  const asked: number[] = [];
  const errors: unknown[] = [];
  const stop = new AbortController();
  let calls = 0;
  let streams = 0;
  let wakes = 0;
  const source: FeedSource = {
    history: async (after) => {
      const call = calls++;
      asked.push(after);
      world.stored.push(...(world.missed?.[call] ?? []));
      const failure = world.failures?.[call];
      if (failure) throw failure;
      return world.stored
        .filter((seq) => seq > after)
        .slice(0, 2)
        .map(event);
    },
    follow: async (_after, _signal, onOpen, onEvent) => {
      const next = world.streams.shift();
      if (!next) {
        stop.abort();
        return "break";
      }
      onOpen();
      for (const seq of next) {
        world.stored.push(seq);
        onEvent(event(seq));
      }
      return world.ends?.[streams++] ?? "break";
    },
    wake: async () => void wakes++,
    wait: async (delay) => void waits.push(delay),
  };
  const sink = {
    onEvents: (events: StoredEvent[]) => seen.push(...events.map(({ seq }) => seq)),
    onState: (state: FeedState) => states.push(state),
    onError: (error: unknown) => errors.push(error) < 5,
  };
  await runFeed(source, sink, stop.signal);
  return { seen, states, waits, asked, errors, wakes };
}

test("history comes in pages, then the stream", async () => {
  const { seen, states } = await follow({ stored: [1, 2, 5, 6, 9], streams: [[10, 12]] });
  assert.deepEqual(seen, [1, 2, 5, 6, 9, 10, 12]);
  assert.deepEqual(states.slice(0, 2), ["loading", "live"]);
});

test("what happened during a break is read before the next stream", async () => {
  const { seen } = await follow({ stored: [1], streams: [[2], [7]], missed: { 2: [3, 4, 5] } });
  assert.deepEqual(seen, [1, 2, 3, 4, 5, 7]);
});

test("events that a stream repeats are taken once", async () => {
  const { seen } = await follow({ stored: [1, 2], streams: [[2, 3, 3, 4]] });
  assert.deepEqual(seen, [1, 2, 3, 4]);
});

test("after a rest it goes on at once, without a word, and with what happened meanwhile", async () => {
  const { seen, states, waits, wakes } = await follow({
    stored: [1],
    streams: [[2], [7]],
    missed: { 2: [3, 4, 5] },
    ends: { 0: "rest", 1: "rest" },
  });
  assert.deepEqual(seen, [1, 2, 3, 4, 5, 7]);
  assert.deepEqual(states, ["loading", "live", "live"]);
  assert.deepEqual(waits, []);
  assert.equal(wakes, 3);
});

test("a failing history is tried again, later and later", async () => {
  const down = new Error("down");
  const { seen, waits, errors } = await follow({
    stored: [1],
    streams: [[2]],
    failures: { 0: down, 1: down, 2: down },
  });
  assert.deepEqual(seen, [1, 2]);
  assert.equal(errors.length, 3);
  assert.ok(waits[1]! > waits[0]! * 0.99 && waits[2]! > waits[1]! * 0.99);
});

test("the sink can end the feed", async () => {
  const gone = new Error("gone");
  const { errors, asked } = await follow({
    stored: [],
    streams: [[]],
    failures: { 0: gone, 1: gone, 2: gone, 3: gone, 4: gone, 5: gone },
  });
  assert.equal(errors.length, 5);
  assert.equal(asked.length, 5);
});

test("waits double up to ten seconds, spread by a quarter", () => {
  assert.deepEqual(
    [0, 1, 2, 3, 4, 5, 50].map((attempt) => retryDelay(attempt, 0.5)),
    [500, 1000, 2000, 4000, 8000, 10_000, 10_000],
  );
  assert.equal(retryDelay(0, 0), 375);
  assert.ok(retryDelay(50, 0.999) <= 12_500);
});
