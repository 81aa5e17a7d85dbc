// The conversation as a fold over a session's stored events. Pure: the same events give the same transcript,
// whether they come from history or live, so a reload shows what was there before.
import type {
  Block,
  Ending,
  Item,
  Notice,
  ToolCall,
  ToolResult,
  Transcript,
  Turn,
  TurnStatus,
  Usage,
} from "./transcript";
import type { DeskState, StoredEvent } from "../server/types";

type Data = Record<string, unknown>;

function str(data: Data, field: string): string {
  const value = data[field];
  return typeof value === "string" ? value : "";
}

function num(data: Data, field: string): number {
  const value = data[field];
  return typeof value === "number" && Number.isFinite(value) ? value : 0;
}

/** Pictures come only from a session's blobs on this server: anything else is not shown. */
export function picturePath(value: string): string | undefined {
  return /^\/api\/v1\/sessions\/[\w-]+\/blobs\/[\w.-]+$/.test(value) ? value : undefined;
}

/** Folds one event in; one that was seen before changes nothing. */
export function applyEvent(transcript: Transcript, event: StoredEvent): Transcript {
  if (event.seq <= transcript.lastSeq) return transcript;
  return { ...step(transcript, event), lastSeq: event.seq };
}

/** Folds events in, in their order. */
export function applyEvents(transcript: Transcript, events: readonly StoredEvent[]): Transcript {
  return events.reduce(applyEvent, transcript);
}

function step(transcript: Transcript, event: StoredEvent): Transcript {
  const { data } = event;
  switch (event.event) {
    case "user_message":
      return {
        ...append(transcript, {
          kind: "user",
          key: event.seq,
          content: str(data, "content"),
          timestamp: str(data, "timestamp"),
        }),
        busy: true,
      };
    case "message_start":
      return { ...inTurn(transcript, event, (turn) => turn), busy: true };
    case "message_complete":
      return complete(transcript, event);
    case "text":
    case "thinking":
      return inTurn(transcript, event, (turn) =>
        grow(turn, event.event as "text" | "thinking", str(data, "content")),
      );
    case "tool_use":
      return inTurn(transcript, event, (turn) => seal(push(turn, toolCall(data))));
    case "tool_result":
      return inTurn(transcript, event, (turn) => answer(turn, event));
    case "usage":
      return inTurn(transcript, event, (turn) => seal({ ...turn, usage: addUsage(turn.usage, data) }));
    case "status":
      return status(ofSession(transcript, data), event);
    case "error":
      return failure(transcript, event);
    case "desk":
      return desk(transcript, event);
    case "notification":
      return notification(transcript, event);
    default:
      return transcript;
  }
}

function append(transcript: Transcript, item: Item): Transcript {
  return { ...transcript, items: [...transcript.items, item] };
}

function runningTurn(transcript: Transcript): { turn: Turn; at: number } | undefined {
  for (let at = transcript.items.length - 1; at >= 0; at--) {
    const item = transcript.items[at];
    if (item?.kind === "user") return undefined;
    if (item?.kind === "turn") return item.status === "running" ? { turn: item, at } : undefined;
  }
  return undefined;
}

/** Changes the running turn, which begins with its first event. */
function inTurn(transcript: Transcript, event: StoredEvent, change: (turn: Turn) => Turn): Transcript {
  const running = runningTurn(transcript);
  if (running) {
    const items = [...transcript.items];
    items[running.at] = change(running.turn);
    return { ...transcript, items };
  }
  const turn: Turn = {
    kind: "turn",
    key: event.seq,
    status: "running",
    blocks: [],
    whole: 0,
    startedAt: str(event.data, "timestamp"),
  };
  return append(transcript, change(turn));
}

function push(turn: Turn, block: Block): Turn {
  return { ...turn, blocks: [...turn.blocks, block] };
}

function seal(turn: Turn): Turn {
  return { ...turn, whole: turn.blocks.length };
}

/** Joins streamed pieces to the block they continue, which is one of the same answer. */
function grow(turn: Turn, kind: "text" | "thinking", content: string): Turn {
  const last = turn.blocks.length > turn.whole ? turn.blocks.at(-1) : undefined;
  if (last?.kind !== kind) return push(turn, { kind, content });
  return { ...turn, blocks: [...turn.blocks.slice(0, -1), { kind, content: last.content + content }] };
}

function toolCall(data: Data): ToolCall {
  return {
    kind: "tool",
    id: str(data, "tool_use_id"),
    tool: str(data, "tool"),
    input: data["input"],
    startedAt: str(data, "timestamp"),
  };
}

function answer(turn: Turn, { seq, data }: StoredEvent): Turn {
  const id = str(data, "tool_use_id");
  const at = turn.blocks.findLastIndex((block) => block.kind === "tool" && block.id === id);
  const call = turn.blocks[at];
  if (call?.kind !== "tool") return turn;
  const screenshot = picturePath(str(data, "screenshot"));
  const result: ToolResult = {
    output: str(data, "output"),
    error: str(data, "error"),
    endedAt: str(data, "timestamp"),
    seq,
    ...(screenshot && { screenshot }),
  };
  const blocks = [...turn.blocks];
  blocks[at] = { ...call, result };
  return { ...turn, blocks };
}

function addUsage(sum: Usage | undefined, data: Data): Usage {
  return {
    input: (sum?.input ?? 0) + num(data, "input_tokens"),
    output: (sum?.output ?? 0) + num(data, "output_tokens"),
    cacheRead: (sum?.cacheRead ?? 0) + num(data, "cache_read_input_tokens"),
    cacheWrite: (sum?.cacheWrite ?? 0) + num(data, "cache_creation_input_tokens"),
  };
}

/** What some status lines tell of the session itself, beside their words. */
function ofSession(transcript: Transcript, data: Data): Transcript {
  switch (str(data, "code")) {
    case "queued":
      return { ...transcript, queued: num(data, "position") };
    case "ending_soon":
      return { ...transcript, ending: ending(data) };
    case "end_called_off":
    case "session_ended":
      return { ...transcript, ending: undefined };
    default:
      return transcript;
  }
}

function ending(data: Data): Ending {
  const told = Date.parse(str(data, "timestamp"));
  return {
    message: str(data, "message"),
    canBeKept: str(data, "why") === "idle",
    at: (Number.isFinite(told) ? told : 0) + num(data, "seconds_left") * 1000,
  };
}

/**
 * A status line replaces the one right before it: "retrying" three times is one line. One with a code is about the
 * desk; one without says that the model is asked again, which takes back what came of its answer before.
 */
function status(transcript: Transcript, event: StoredEvent): Transcript {
  const message = str(event.data, "message");
  // A place in the line is shown as long as it counts, where the desk would be.
  if (str(event.data, "code") === "queued") return transcript;
  if (!runningTurn(transcript)) {
    return append(transcript, { kind: "notice", key: event.seq, tone: "info", message });
  }
  const aboutDesk = str(event.data, "code") !== "";
  return inTurn(transcript, event, (turn) => {
    const kept = turn.blocks.filter((block, at) => aboutDesk || at < turn.whole || !isStreamed(block));
    const before = kept.at(-1)?.kind === "status" ? kept.slice(0, -1) : kept;
    const line: Block = aboutDesk
      ? { kind: "status", message }
      : { kind: "status", message, isPassing: true };
    return { ...turn, blocks: [...before, line] };
  });
}

/** Nothing comes next when the turn has failed. */
function withoutPassing(blocks: Block[]): Block[] {
  const last = blocks.at(-1);
  return last?.kind === "status" && last.isPassing ? blocks.slice(0, -1) : blocks;
}

/** What a program of the desk told whoever looks at it: its own words, as text. */
function notification(transcript: Transcript, event: StoredEvent): Transcript {
  const words = ["app", "summary", "body"]
    .map((field) => str(event.data, field))
    .filter((text) => text !== "");
  const message = `Notification: ${words.join(" · ")}`;
  if (!runningTurn(transcript))
    return append(transcript, { kind: "notice", key: event.seq, tone: "info", message });
  return inTurn(transcript, event, (turn) => ({
    ...turn,
    blocks: [...turn.blocks, { kind: "status", message }],
  }));
}

function isStreamed(block: Block): boolean {
  return block.kind === "text" || block.kind === "thinking";
}

function failure(transcript: Transcript, event: StoredEvent): Transcript {
  const message = str(event.data, "error") || "Something went wrong, and the server did not say what.";
  if (!runningTurn(transcript))
    return append(transcript, { kind: "notice", key: event.seq, tone: "error", message });
  return inTurn(transcript, event, (turn) =>
    push(
      { ...turn, blocks: withoutPassing(turn.blocks) },
      { kind: "error", message, code: str(event.data, "code") },
    ),
  );
}

function turnStatus(value: string): TurnStatus {
  return value === "cancelled" || value === "error" || value === "interrupted" ? value : "completed";
}

function complete(transcript: Transcript, event: StoredEvent): Transcript {
  const status = turnStatus(str(event.data, "status"));
  const ended = inTurn(transcript, event, (turn) => ({
    ...turn,
    status,
    endedAt: str(event.data, "timestamp"),
  }));
  return { ...ended, busy: false };
}

const deskStates: readonly string[] = [
  "starting",
  "ready",
  "frozen",
  "asleep",
  "paused",
  "failed",
  "lost",
  "stopped",
] satisfies DeskState[];

/** What is in the way as long as there is no other desk, and a fact among others then. */
function isOfLostDesk(item: Item): item is Notice {
  return item.kind === "notice" && item.tone === "error" && item.isOfDesk === true;
}

function desk(transcript: Transcript, event: StoredEvent): Transcript {
  const value = str(event.data, "state");
  if (!deskStates.includes(value)) return transcript;
  const state = value as DeskState;
  const reason = str(event.data, "reason");
  const next = { ...transcript, desk: { state, reason } };
  if (state === "failed" || state === "lost") {
    const message =
      (state === "failed" ? "The desk failed" : "The desk was lost") + (reason ? `: ${reason}` : ".");
    const notice: Notice = { kind: "notice", key: event.seq, tone: "error", message, isOfDesk: true };
    return append({ ...next, deskIsGone: true }, notice);
  }
  const slept = state === "ready" && str(event.data, "code") === "after_sleep";
  if (slept || (state === "asleep" && str(event.data, "code") === "cannot_wake")) {
    const message = slept
      ? "The desk slept: its programs have ended since, its files are as they were."
      : `The desk sleeps on, it could not be woken: ${reason}`;
    return append(next, { kind: "notice", key: event.seq, tone: slept ? "info" : "error", message });
  }
  // One that did not answer for a while and does again is the same.
  if (state !== "ready" || !transcript.deskIsGone) return next;
  const message = "A new desk is ready.";
  const items = next.items.map((item) => (isOfLostDesk(item) ? { ...item, tone: "info" as const } : item));
  return append(
    { ...next, items, deskIsGone: false },
    { kind: "notice", key: event.seq, tone: "info", message },
  );
}
