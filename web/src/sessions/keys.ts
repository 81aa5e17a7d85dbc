// A key of the server in words. Pure.
import { ago, moment } from "../parts/format";
import type { Key } from "../server/types";

type Times = Pick<Key, "last_used_at" | "expires_at" | "revoked_at">;

/** Whether it still opens anything, and since when not, until when, and when it last did. */
export function keyLine(key: Times, now: number): { hasEnded: boolean; words: string } {
  if (key.revoked_at) return { hasEnded: true, words: `revoked ${moment(key.revoked_at, now)}` };
  if (key.expires_at && Date.parse(key.expires_at) <= now)
    return { hasEnded: true, words: `expired ${moment(key.expires_at, now)}` };
  const until = key.expires_at ? `until ${moment(key.expires_at, now)}` : "never expires";
  return { hasEnded: false, words: `${until} · ${usedLine(key.last_used_at, now)}` };
}

function usedLine(stamp: string | null, now: number): string {
  if (!stamp) return "not used yet";
  const passed = ago(stamp, now);
  return passed === "now"
    ? "used just now"
    : `last used ${/\d (min|h|d)$/.test(passed) ? `${passed} ago` : passed}`;
}
