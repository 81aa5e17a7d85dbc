// What rest and waiting mean for who looks at a desk, in words. Pure.
import { moment } from "../parts/format";
import type { Desk, Session } from "../server/types";

/** Whoever asks something of it is answered: a frozen one is woken by that, and one that sleeps made anew. */
export function isUsable({ state }: Pick<Desk, "state">): boolean {
  return state === "ready" || state === "frozen" || state === "asleep";
}

/** "Idle since 14:02.", or what keeps it awake; empty where there is no desk to tell of. */
export function restLine(session: Pick<Session, "desk" | "idle_since" | "awake">, now: number): string {
  if (!isUsable(session.desk)) return "";
  if (session.idle_since) return `Idle since ${moment(session.idle_since, now)}.`;
  const reasons = session.awake ?? [];
  return reasons.length > 0 ? `Awake: ${reasons.join("; ")}.` : "";
}

/** A place in the line for a desk, from 1 on. */
export function queueLine(position: number): string {
  return position === 1 ? "This session is the next." : `${position - 1} before this session.`;
}

/** The server's words for an end without how long it takes until then, which changes while they are read. */
export function endingReason(message: string): string {
  return message.replace(/: it ends in [^:]*$/, "");
}
