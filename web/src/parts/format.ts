// Words for people: tokens, sizes, times, errors. Pure.
import type { Usage } from "../log/transcript";
import type { Session } from "../server/types";

/** 950 → "950", 14200 → "14.2k", 2500000 → "2.5M". */
export function count(value: number): string {
  if (value < 1000) return String(value);
  if (value < 999_950) return `${trim(value / 1000)}k`;
  return `${trim(value / 1_000_000)}M`;
}

function trim(value: number): string {
  return value.toFixed(1).replace(/\.0$/, "");
}

/** Bytes in the units that file managers use: 0 B, 1.5 kB, 3 MB. */
export function size(bytes: number): string {
  if (bytes < 1000) return `${bytes} B`;
  const units = ["kB", "MB", "GB", "TB"];
  let value = bytes / 1000;
  let unit = 0;
  while (value >= 999.95 && unit < units.length - 1) {
    value /= 1000;
    unit++;
  }
  return `${trim(value)} ${units[unit]}`;
}

/** "1,234 in · 11k cached · 830 out", without what is zero. */
export function usageLine(usage: Usage): string {
  const input = usage.input + usage.cacheWrite;
  const parts = [`${count(input)} in`];
  if (usage.cacheRead > 0) parts.push(`${count(usage.cacheRead)} cached`);
  parts.push(`${count(usage.output)} out`);
  return parts.join(" · ");
}

/** Time between two RFC 3339 stamps: "40 ms", "1.4 s", "12 s", "3 min 5 s"; empty if either is missing. */
export function duration(from: string, to: string): string {
  const span = Date.parse(to) - Date.parse(from);
  if (!Number.isFinite(span) || span < 0) return "";
  if (span < 1000) return `${Math.round(span)} ms`;
  if (span < 9_950) return `${(span / 1000).toFixed(1)} s`;
  const seconds = Math.round(span / 1000);
  if (seconds < 60) return `${seconds} s`;
  return `${Math.floor(seconds / 60)} min ${seconds % 60} s`;
}

/** How long ago, roughly: "now", "5 min", "3 h", "2 d", then the date. */
export function ago(stamp: string, now: number): string {
  const then = Date.parse(stamp);
  if (!Number.isFinite(then)) return "";
  const minutes = Math.floor((now - then) / 60_000);
  if (minutes < 1) return "now";
  if (minutes < 60) return `${minutes} min`;
  if (minutes < 24 * 60) return `${Math.floor(minutes / 60)} h`;
  if (minutes < 7 * 24 * 60) return `${Math.floor(minutes / (24 * 60))} d`;
  return new Date(then).toLocaleDateString(undefined, { day: "numeric", month: "short" });
}

/** A session's name in lists and headings. */
export function titleOf(session: Pick<Session, "title">): string {
  return session.title?.trim() || "Untitled session";
}

/** A moment of this or another day, in this place's time: "14:02", or "Nov 30, 14:02". */
export function moment(stamp: string, now: number): string {
  const then = new Date(stamp);
  if (Number.isNaN(then.getTime())) return "";
  const isToday = then.toDateString() === new Date(now).toDateString();
  return then.toLocaleString(undefined, {
    ...(!isToday && { day: "numeric", month: "short" }),
    hour: "2-digit",
    minute: "2-digit",
  });
}

/** What a session is doing, in one word and as a key for colours. */
export function stateOf(session: Session): { key: string; label: string } {
  const { state } = session.desk;
  if (session.queue_position) return { key: "starting", label: `In line: ${session.queue_position}` };
  if (state === "failed") return { key: "failed", label: "Desk failed" };
  if (state === "lost") return { key: "failed", label: "Desk lost" };
  if (session.busy) return { key: "busy", label: "Working" };
  if (state === "starting") return { key: "starting", label: "Starting" };
  if (state === "stopped") return { key: "stopped", label: "Stopped" };
  if (state === "paused") return { key: "paused", label: "Paused" };
  if (state === "frozen") return { key: "frozen", label: "Asleep" };
  if (state === "asleep") return { key: "frozen", label: "Asleep, files only" };
  return { key: "ready", label: "Ready" };
}

/** The sentence in an error answer: `detail` as text, or the list of a 422 with the path of each field. */
export function problemText(status: number, body: unknown): string {
  const detail = isRecord(body) ? body["detail"] : undefined;
  if (typeof detail === "string" && detail) return detail;
  if (Array.isArray(detail)) {
    const lines = detail.filter(isRecord).map(fieldLine).filter(Boolean);
    if (lines.length > 0) return lines.join("\n");
  }
  return `The server answered ${status} and gave no reason.`;
}

function fieldLine(entry: Record<string, unknown>): string {
  const path = Array.isArray(entry["loc"]) ? entry["loc"].filter((part) => part !== "body").join(".") : "";
  const message = typeof entry["msg"] === "string" ? entry["msg"] : "";
  return path ? `${path}: ${message}` : message;
}

export function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
