import assert from "node:assert/strict";
import { test } from "node:test";
import { endingReason, isUsable, queueLine, restLine } from "../src/desktop/rest";
import { stateOf } from "../src/parts/format";
import type { DeskState, Session } from "../src/server/types";

const session = (state: DeskState, more: Partial<Session> = {}): Session => ({
  id: "sess_000000000000",
  title: null,
  model: "m",
  provider: "p",
  created_at: "",
  updated_at: "",
  vnc_url: "",
  busy: false,
  desk: { state, network: "none", width: 1, height: 1 },
  ...more,
});

test("a desk that is frozen or sleeps is as usable as a ready one, a paused one is not", () => {
  const states: DeskState[] = [
    "starting",
    "ready",
    "frozen",
    "asleep",
    "paused",
    "failed",
    "lost",
    "stopped",
  ];
  assert.deepEqual(
    states.filter((state) => isUsable({ state })),
    ["ready", "frozen", "asleep"],
  );
});

test("a desk tells what keeps it awake, or since when nothing does", () => {
  const now = Date.parse("2026-11-30T14:20:00Z");
  const awake = ["1 viewer", "pid 812 npm: 34 % of a core"];
  assert.equal(
    restLine(session("ready", { awake, idle_since: null }), now),
    "Awake: 1 viewer; pid 812 npm: 34 % of a core.",
  );
  const idle = { awake: [], idle_since: "2026-11-30T14:02:00Z" };
  for (const state of ["ready", "frozen"] as const)
    assert.match(restLine(session(state, idle), now), /^Idle since \S.*[0-9]{2}.*\.$/);
  assert.equal(restLine(session("paused", idle), now), "");
  assert.equal(restLine(session("ready"), now), "");
});

test("lists tell rest and the place in the line, and a rest is no failure", () => {
  const label = (state: DeskState, more: Partial<Session> = {}) => {
    const { key, label } = stateOf(session(state, more));
    return `${key}: ${label}`;
  };
  assert.equal(label("frozen"), "frozen: Asleep");
  assert.equal(label("asleep"), "frozen: Asleep, files only");
  assert.equal(label("paused"), "paused: Paused");
  assert.equal(label("starting", { queue_position: 3 }), "starting: In line: 3");
  assert.equal(label("starting", { queue_position: null }), "starting: Starting");
  assert.equal(queueLine(1), "This session is the next.");
  assert.equal(queueLine(3), "2 before this session.");
});

test("why a session ends is told without a time that runs", () => {
  const why = "nobody has used the desk for 30 minutes";
  assert.equal(endingReason(`${why}: it ends in 2 minutes`), why);
  assert.equal(endingReason("because: of this"), "because: of this");
});
