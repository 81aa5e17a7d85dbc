// file/watch: what changes below a directory comes as events, at once and in order.
import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { follow, until } from "../lib/carrel.mjs";
import { onDesk } from "../lib/desk.mjs";

const desk = onDesk();
const { at, request, run } = desk;

/** The events of a path while `act` runs, until one is about `last`. */
async function eventsOf(query, act, last) {
  const events = [];
  const stream = follow(desk.server, at(`file/watch?${query}`), ({ event, data }) => events.push({ event, ...data }));
  try {
    assert.equal((await stream.opened).statusCode, 200);
    await act();
    await until(`an event about ${last}`, () => events.some((event) => event.path === last));
    return events;
  } finally {
    stream.stop();
  }
}
const told = (events) => events.map(({ event, path, from }) => `${event} ${path.replace("/home/agent/w/", "")}${from ? ` from ${from.replace("/home/agent/w/", "")}` : ""}`);
const distinct = (lines) => lines.filter((line, at) => line !== lines[at - 1]);

describe("watching", () => {
  test("tells of files that are made, changed, moved and deleted", async () => {
    await run("rm -rf ~/w; mkdir -p ~/w/deep; touch ~/w/end");
    const events = await eventsOf("path=w", () => run("cd ~/w; mkdir x; mv x y; echo 1 > deep/unseen; ln -s y l; rm l; rmdir y; mv deep /tmp/gone; rm end"), "/home/agent/w/end");
    assert.deepEqual(distinct(told(events)), ["created x", "moved y from x", "created l", "deleted l", "deleted y", "deleted deep", "deleted end"]);
    assert.deepEqual(events.map(({ is_dir }) => is_dir).slice(0, 3), [true, true, false]);
    const changed = await eventsOf("path=w", () => run("cd ~/w; echo text > f; echo more >> f; rm f"), "/home/agent/w/f");
    await until("it was told", () => true);
    assert.equal(told(changed)[0], "created f");
  });

  test("goes into directories, also those that are made later, moved, and full from the start", async () => {
    await run("rm -rf ~/w; mkdir -p ~/w/a/b");
    const act = () => run("cd ~/w; mkdir -p n/e/w; until echo 1 > n/e/w/file; do :; done; mv a z; echo 1 > z/b/inside; echo end > last");
    const events = await eventsOf("path=w&recursive=true", act, "/home/agent/w/last");
    const lines = new Set(told(events));
    for (const line of ["created n", "created n/e", "created n/e/w", "created n/e/w/file", "moved z from a", "created z/b/inside"]) assert.ok(lines.has(line), `${line} of ${[...lines]}`);
  });

  test("one file, and ends when it is gone", async () => {
    await run("mkdir -p ~/w; echo 1 > ~/w/one");
    const events = [];
    const stream = follow(desk.server, at("file/watch?path=w/one"), ({ event, data }) => events.push({ event, ...data }));
    const answer = await stream.opened;
    let ended = false;
    answer.on("end", () => (ended = true));
    await run("echo 2 >> ~/w/one; rm ~/w/one");
    await until("the stream ends", () => ended);
    assert.equal(told(events)[0], "modified one");
    assert.equal(told(events).at(-1), "deleted one");
  });

  test("what cannot be watched is refused", async () => {
    assert.equal((await request("GET", "file/watch?path=none")).status, 404);
    assert.equal((await request("GET", "file/watch?path=/root")).status, 403);
    assert.equal((await request("GET", "file/watch?recursive=perhaps")).status, 422);
  });

  test("a flood of changes is told as an overflow, and the desk goes on", async () => {
    await run("rm -rf ~/w; mkdir -p ~/w");
    const events = [];
    const stream = follow(desk.server, at("file/watch?path=w"), ({ event }) => events.push(event));
    const answer = await stream.opened;
    answer.pause();
    await run("cd ~/w; seq 60000 | xargs touch; rm -rf ~/w/*");
    answer.resume();
    await until("an overflow", () => events.includes("overflow") || events.length >= 120_000, 60);
    stream.stop();
    assert.equal(await run("echo on"), "on\n");
  });

  test("streams are few, and one that is left makes room", async () => {
    const streams = [];
    // Streams that other tests have just left may still count.
    await until("sixteen are open", async () => {
      const next = follow(desk.server, at("file/watch?path=/tmp"), () => {});
      if ((await next.opened).statusCode === 200) streams.push(next);
      return streams.length === 16;
    });
    assert.equal((await request("GET", "file/watch?path=/tmp")).status, 507);
    for (const { stop } of streams) stop();
    await until("there is room", async () => {
      const next = follow(desk.server, at("file/watch?path=/tmp"), () => {});
      const { statusCode } = await next.opened;
      next.stop();
      return statusCode === 200;
    });
  });
});
