import assert from "node:assert/strict";
import { test } from "node:test";
import { ago, count, duration, problemText, size, stateOf, usageLine } from "../src/parts/format";
import type { Session } from "../src/server/types";

test("counts are short", () => {
  const cases: [number, string][] = [
    [0, "0"],
    [999, "999"],
    [1000, "1k"],
    [14_230, "14.2k"],
    [999_949, "999.9k"],
    [999_950, "1M"],
    [2_540_000, "2.5M"],
  ];
  for (const [value, text] of cases) assert.equal(count(value), text);
});

test("sizes have the unit that fits", () => {
  const cases: [number, string][] = [
    [0, "0 B"],
    [999, "999 B"],
    [1500, "1.5 kB"],
    [999_999, "1 MB"],
    [3_200_000_000, "3.2 GB"],
  ];
  for (const [bytes, text] of cases) assert.equal(size(bytes), text);
});

test("durations read well at every length", () => {
  const start = "2026-01-01T00:00:00.000Z";
  const cases: [string, string][] = [
    ["2026-01-01T00:00:00.042Z", "42 ms"],
    ["2026-01-01T00:00:01.440Z", "1.4 s"],
    ["2026-01-01T00:00:12.000Z", "12 s"],
    ["2026-01-01T00:03:05.000Z", "3 min 5 s"],
    ["2025-12-31T23:59:59.000Z", ""],
    ["", ""],
  ];
  for (const [end, text] of cases) assert.equal(duration(start, end), text);
});

test("ages are rough", () => {
  const now = Date.parse("2026-01-08T12:00:00Z");
  const cases: [string, string][] = [
    ["2026-01-08T11:59:40Z", "now"],
    ["2026-01-08T11:55:00Z", "5 min"],
    ["2026-01-08T09:00:00Z", "3 h"],
    ["2026-01-06T09:00:00Z", "2 d"],
    ["nonsense", ""],
  ];
  for (const [stamp, text] of cases) assert.equal(ago(stamp, now), text);
});

test("usage counts what was written to the cache as input and leaves out what is zero", () => {
  assert.equal(usageLine({ input: 1000, output: 30, cacheRead: 0, cacheWrite: 500 }), "1.5k in · 30 out");
  assert.equal(
    usageLine({ input: 10, output: 3, cacheRead: 2000, cacheWrite: 0 }),
    "10 in · 2k cached · 3 out",
  );
});

test("an error answer becomes the sentence in it", () => {
  const cases: [unknown, string][] = [
    [{ detail: "There is no such session." }, "There is no such session."],
    [{ detail: [{ loc: ["body", "content"], msg: "too long", type: "x" }] }, "content: too long"],
    [
      { detail: [{ msg: "not JSON" }, { loc: ["query", "limit"], msg: "too small" }] },
      "not JSON\nquery.limit: too small",
    ],
    [{ detail: [] }, "The server answered 500 and gave no reason."],
    [undefined, "The server answered 500 and gave no reason."],
    ["<html>", "The server answered 500 and gave no reason."],
  ];
  for (const [body, text] of cases) assert.equal(problemText(500, body), text);
});

test("a broken desk outweighs work, and work outweighs the rest", () => {
  const cases: [Session["desk"]["state"], boolean, string][] = [
    ["ready", false, "ready"],
    ["ready", true, "busy"],
    ["failed", true, "failed"],
    ["lost", false, "failed"],
    ["starting", false, "starting"],
    ["stopped", false, "stopped"],
  ];
  for (const [state, busy, key] of cases) {
    assert.equal(stateOf({ busy, desk: { state } } as Session).key, key, `${state} ${busy}`);
  }
});
