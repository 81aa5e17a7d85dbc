import assert from "node:assert/strict";
import { test } from "node:test";
import { applyEvents, picturePath } from "../src/log/events";
import { emptyTranscript, type Transcript, type Turn } from "../src/log/transcript";
import type { StoredEvent } from "../src/server/types";

type Line = [event: string, data?: Record<string, unknown>];

const at = (second: number) => new Date(Date.UTC(2026, 0, 1, 0, 0, second)).toISOString();

/** Numbered events; numbers skip, as they may. */
function log(...lines: Line[]): StoredEvent[] {
  return lines.map(([event, data = {}], index) => ({ seq: (index + 1) * 3, event, data }));
}

function turnOf(transcript: Transcript): Turn {
  const turn = transcript.items.findLast((item) => item.kind === "turn");
  assert.ok(turn?.kind === "turn");
  return turn;
}

const tour = log(
  ["user_message", { message_id: "msg_1", content: "tour", timestamp: at(0) }],
  ["message_start", { message_id: "msg_1", timestamp: at(1) }],
  ["thinking", { content: "First " }],
  ["thinking", { content: "look." }],
  ["text", { content: "I'll " }],
  ["text", { content: "look." }],
  [
    "usage",
    { input_tokens: 10, output_tokens: 5, cache_read_input_tokens: 0, cache_creation_input_tokens: 7 },
  ],
  ["tool_use", { tool: "screenshot", input: {}, tool_use_id: "t1", timestamp: at(2) }],
  [
    "tool_result",
    { tool_use_id: "t1", output: "", screenshot: "/api/v1/sessions/sess_a/blobs/ab12", timestamp: at(3) },
  ],
  ["text", { content: "Done." }],
  [
    "usage",
    { input_tokens: 2, output_tokens: 3, cache_read_input_tokens: 17, cache_creation_input_tokens: 0 },
  ],
  ["message_complete", { message_id: "msg_1", status: "completed", timestamp: at(9) }],
);

test("a turn is rebuilt from its events", () => {
  const transcript = applyEvents(emptyTranscript, tour);
  assert.deepEqual(
    transcript.items.map((item) => item.kind),
    ["user", "turn"],
  );
  const turn = turnOf(transcript);
  assert.deepEqual(
    turn.blocks.map((block) =>
      block.kind === "tool" ? block.tool : "content" in block ? block.content : block.kind,
    ),
    ["First look.", "I'll look.", "screenshot", "Done."],
  );
  assert.equal(turn.status, "completed");
  assert.deepEqual(turn.usage, { input: 12, output: 8, cacheRead: 17, cacheWrite: 7 });
  assert.equal(transcript.busy, false);
});

test("events that come again change nothing", () => {
  const once = applyEvents(emptyTranscript, tour);
  assert.equal(applyEvents(once, tour), once);
});

test("history in two parts gives what history at once gives", () => {
  for (let cut = 0; cut <= tour.length; cut++) {
    const parts = applyEvents(applyEvents(emptyTranscript, tour.slice(0, cut)), tour.slice(cut));
    assert.deepEqual(parts, applyEvents(emptyTranscript, tour));
  }
});

test("while a turn runs the session is busy", () => {
  assert.equal(applyEvents(emptyTranscript, tour.slice(0, 1)).busy, true);
  assert.equal(turnOf(applyEvents(emptyTranscript, tour.slice(0, 5))).status, "running");
});

test("a tool's failure keeps its text", () => {
  const transcript = applyEvents(
    emptyTranscript,
    log(
      ["message_start", {}],
      ["tool_use", { tool: "left_click", input: { coordinate: [9999, 1] }, tool_use_id: "t1" }],
      ["tool_result", { tool_use_id: "t1", output: "", error: "outside of the screen" }],
    ),
  );
  const [call] = turnOf(transcript).blocks;
  assert.ok(call?.kind === "tool");
  assert.equal(call.result?.error, "outside of the screen");
});

test("results find their calls, whatever their order", () => {
  const transcript = applyEvents(
    emptyTranscript,
    log(
      ["tool_use", { tool: "a", tool_use_id: "t1" }],
      ["tool_use", { tool: "b", tool_use_id: "t2" }],
      ["tool_result", { tool_use_id: "t2", output: "two" }],
      ["tool_result", { tool_use_id: "t1", output: "one" }],
      ["tool_result", { tool_use_id: "nobody's", output: "lost" }],
    ),
  );
  const outputs = turnOf(transcript).blocks.map((block) => block.kind === "tool" && block.result?.output);
  assert.deepEqual(outputs, ["one", "two"]);
});

test("retries are one line, and take back what came of the answer before", () => {
  const transcript = applyEvents(
    emptyTranscript,
    log(
      ["text", { content: "Kept." }],
      ["usage", { input_tokens: 1 }],
      ["text", { content: "Half an ans" }],
      ["status", { message: "Again in 1 s", retry_after: 1 }],
      ["status", { message: "Again in 2 s", retry_after: 2 }],
    ),
  );
  assert.deepEqual(turnOf(transcript).blocks, [
    { kind: "text", content: "Kept." },
    { kind: "status", message: "Again in 2 s", isPassing: true },
  ]);
});

test("what was to come next is not told of a turn that has failed", () => {
  const transcript = applyEvents(
    emptyTranscript,
    log(
      ["message_start", {}],
      ["status", { message: "Again in 2 s", retry_after: 2 }],
      ["error", { error: "overloaded" }],
    ),
  );
  assert.deepEqual(
    turnOf(transcript).blocks.map(({ kind }) => kind),
    ["error"],
  );
});

test("a status about the desk keeps what is there", () => {
  const transcript = applyEvents(
    emptyTranscript,
    log(
      ["text", { content: "Words" }],
      ["status", { code: "display_restarted", message: "The display was started again" }],
    ),
  );
  assert.equal(turnOf(transcript).blocks.length, 2);
});

test("an error in a turn stands in the turn, one outside is a notice", () => {
  const transcript = applyEvents(
    emptyTranscript,
    log(
      ["error", { error: "No disk", code: "exhausted" }],
      ["message_start", {}],
      ["error", { error: "Wrong key", code: "unauthorized" }],
      ["message_complete", { status: "error" }],
    ),
  );
  assert.equal(transcript.items[0]?.kind, "notice");
  assert.deepEqual(turnOf(transcript).blocks, [
    { kind: "error", message: "Wrong key", code: "unauthorized" },
  ]);
  assert.equal(turnOf(transcript).status, "error");
});

test("a turn that a crash cut ends as interrupted, and the next one is another", () => {
  const transcript = applyEvents(
    emptyTranscript,
    log(
      ["user_message", { content: "one" }],
      ["text", { content: "Half" }],
      ["error", { error: "The server was restarted", code: "interrupted" }],
      ["message_complete", { status: "interrupted" }],
      ["user_message", { content: "two" }],
      ["text", { content: "Whole" }],
    ),
  );
  assert.deepEqual(
    transcript.items.map((item) => (item.kind === "turn" ? item.status : item.kind)),
    ["user", "interrupted", "user", "running"],
  );
});

test("a desk that answers again after a while is no new one", () => {
  const all = [
    ["failed", "out of memory"],
    ["starting", ""],
    ["ready", ""],
    ["starting", "it does not answer"],
    ["ready", ""],
  ].map(([state, reason], at) => ({ seq: at + 1, event: "desk", data: { state, reason } }));
  const { items, desk } = applyEvents(emptyTranscript, all);
  assert.deepEqual(
    items.map((item) => item.kind === "notice" && item.message),
    ["The desk failed: out of memory", "A new desk is ready."],
  );
  assert.equal(desk?.state, "ready");
});

test("a desk's failure is told with its reason, and so is the new desk", () => {
  const transcript = applyEvents(
    emptyTranscript,
    log(
      ["desk", { state: "starting" }],
      ["desk", { state: "ready" }],
      ["desk", { state: "failed", reason: "out of memory" }],
      ["desk", { state: "starting" }],
      ["desk", { state: "ready" }],
    ),
  );
  assert.deepEqual(
    transcript.items.map((item) => item.kind === "notice" && item.message),
    ["The desk failed: out of memory", "A new desk is ready."],
  );
  assert.equal(transcript.desk?.state, "ready");
});

test("rest is a state of the desk, and no other desk", () => {
  for (const state of ["frozen", "paused"] as const) {
    const transcript = applyEvents(
      emptyTranscript,
      log(["desk", { state: "ready" }], ["desk", { state }], ["desk", { state: "ready" }]),
    );
    assert.deepEqual(transcript.items, []);
    assert.equal(applyEvents(emptyTranscript, log(["desk", { state }])).desk?.state, state);
  }
});

test("a desk that slept says so, and so does one that cannot be woken", () => {
  const transcript = applyEvents(
    emptyTranscript,
    log(
      ["desk", { state: "asleep", code: "asleep", reason: "nobody used it" }],
      ["desk", { state: "starting", code: "after_sleep", reason: "it slept" }],
      ["desk", { state: "asleep", code: "cannot_wake", reason: "no loop device" }],
      ["desk", { state: "starting", code: "after_sleep", reason: "it slept" }],
      ["desk", { state: "ready", code: "after_sleep", reason: "it slept" }],
    ),
  );
  assert.deepEqual(
    transcript.items.map((item) => item.kind === "notice" && `${item.tone}: ${item.message}`),
    [
      "error: The desk sleeps on, it could not be woken: no loop device",
      "info: The desk slept: its programs have ended since, its files are as they were.",
    ],
  );
  assert.equal(transcript.desk?.state, "ready");
});

test("places in the line are known and not written into the conversation", () => {
  const transcript = applyEvents(
    emptyTranscript,
    log(
      ["status", { code: "queued", message: "the session waits for a desk", position: 2 }],
      ["status", { code: "queued", message: "the session waits for a desk", position: 1 }],
    ),
  );
  assert.equal(transcript.queued, 1);
  assert.deepEqual(transcript.items, []);
});

test("an end that is near is known until it is called off, and both are told", () => {
  const told = "2026-11-30T12:00:00Z";
  const soon = { code: "ending_soon", message: "it ends in 2 minutes", seconds_left: 120, timestamp: told };
  const warned = applyEvents(emptyTranscript, log(["status", { ...soon, why: "idle" }]));
  assert.deepEqual(warned.ending, {
    message: "it ends in 2 minutes",
    canBeKept: true,
    at: Date.parse("2026-11-30T12:02:00Z"),
  });
  assert.equal(warned.items.length, 1);
  const aged = applyEvents(emptyTranscript, log(["status", { ...soon, why: "max_age" }]));
  assert.equal(aged.ending?.canBeKept, false);
  for (const code of ["end_called_off", "session_ended"]) {
    const after = applyEvents(
      emptyTranscript,
      log(["status", { ...soon, why: "idle" }], ["status", { code, message: "so it is" }]),
    );
    assert.equal(after.ending, undefined);
    assert.equal(after.items.length, 2);
  }
});

test("what is unknown or malformed is passed over", () => {
  const transcript = applyEvents(
    emptyTranscript,
    log(
      ["invented_later", { x: 1 }],
      ["desk", { state: "melted" }],
      ["text", { content: 7 }],
      ["usage", { input_tokens: "many" }],
    ),
  );
  assert.deepEqual(turnOf(transcript).usage, { input: 0, output: 0, cacheRead: 0, cacheWrite: 0 });
  assert.equal(transcript.lastSeq, 12);
});

test("only pictures of this server's sessions are shown", () => {
  const cases: [string, boolean][] = [
    ["/api/v1/sessions/sess_0123456789ab/blobs/abcdef", true],
    ["https://elsewhere.example/x.png", false],
    ["//elsewhere.example/api/v1/sessions/a/blobs/b", false],
    ["/api/v1/sessions/a/blobs/../../../config", false],
    ["javascript:alert(1)", false],
    ["", false],
  ];
  for (const [path, shown] of cases) assert.equal(picturePath(path) !== undefined, shown, path);
});

test("unchanged items keep their identity, so that only the running turn is drawn again", () => {
  const before = applyEvents(emptyTranscript, tour);
  const after = applyEvents(before, [{ seq: 100, event: "user_message", data: { content: "next" } }]);
  assert.equal(after.items[1], before.items[1]);
});

test("what a program of the desk notifies is shown as its own words, within a turn or beside it", () => {
  const told = { app: "post", summary: "New mail", body: "", urgency: "normal" };
  const beside = applyEvents(emptyTranscript, log(["notification", told]));
  const notice = beside.items.at(-1);
  assert.ok(notice?.kind === "notice");
  assert.equal(notice.message, "Notification: post · New mail");
  const within = applyEvents(
    emptyTranscript,
    log(
      ["user_message", { message_id: "msg_1", content: "hi", timestamp: at(0) }],
      ["message_start", { message_id: "msg_1", timestamp: at(1) }],
      ["notification", { ...told, summary: 5, body: "<b>no markup</b>" }],
    ),
  );
  assert.deepEqual(turnOf(within).blocks, [
    { kind: "status", message: "Notification: post · <b>no markup</b>" },
  ]);
});
