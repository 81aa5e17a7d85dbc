// The conversation as the page draws it: what events.ts makes of a session's log.
import type { DeskState } from "../server/types";

/** Tokens of a turn, summed over its model calls; input does not include what the cache served. */
export interface Usage {
  input: number;
  output: number;
  cacheRead: number;
  cacheWrite: number;
}

export interface ToolCall {
  kind: "tool";
  id: string;
  tool: string;
  input: unknown;
  startedAt: string;
  result?: ToolResult;
}

export interface ToolResult {
  output: string;
  error: string;
  /** Path of the picture on this server, checked to be one. */
  screenshot?: string;
  endedAt: string;
  /** Of its event: pictures may be the same, results are not. */
  seq: number;
}

export interface ErrorBlock {
  kind: "error";
  message: string;
  code: string;
}

export type Block =
  | { kind: "text"; content: string }
  | { kind: "thinking"; content: string }
  | { kind: "status"; message: string; /** It tells what comes next. */ isPassing?: true }
  | ToolCall
  | ErrorBlock;

export type TurnStatus = "running" | "completed" | "cancelled" | "error" | "interrupted";

/** What the agent did for one message. */
export interface Turn {
  kind: "turn";
  key: number;
  status: TurnStatus;
  blocks: Block[];
  /** So many blocks belong to answers that came in whole; what follows may still be taken back by a retry. */
  whole: number;
  usage?: Usage;
  startedAt: string;
  endedAt?: string;
}

export interface UserMessage {
  kind: "user";
  key: number;
  content: string;
  timestamp: string;
}

/** A fact about the desk, or one that belongs to no turn. */
export interface Notice {
  kind: "notice";
  key: number;
  tone: "info" | "error";
  message: string;
  /** A desk's end. */
  isOfDesk?: boolean;
}

export type Item = UserMessage | Turn | Notice;

export interface Transcript {
  items: readonly Item[];
  lastSeq: number;
  /** Undefined until the log said something about it. */
  busy: boolean | undefined;
  desk: { state: DeskState; reason: string } | undefined;
  /** The last desk failed or was lost, and no new one is ready. */
  deskIsGone: boolean;
  /** The last place in the line for a desk that was told. */
  queued: number | undefined;
  /** The session ends soon, as far as was told. */
  ending: Ending | undefined;
}

/** A session's end that was announced. */
export interface Ending {
  message: string;
  /** It is called off when somebody uses the desk. */
  canBeKept: boolean;
  /** When: milliseconds since 1970, by the server's clock. */
  at: number;
}

export const emptyTranscript: Transcript = {
  items: [],
  lastSeq: 0,
  busy: undefined,
  desk: undefined,
  deskIsGone: false,
  queued: undefined,
  ending: undefined,
};
