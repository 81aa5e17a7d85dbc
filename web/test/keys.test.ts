import assert from "node:assert/strict";
import { test } from "node:test";
import { keyLine } from "../src/sessions/keys";

const now = Date.parse("2026-11-30T12:00:00Z");
const none = { last_used_at: null, expires_at: null, revoked_at: null };

test("a key tells until when it opens and when it last did", () => {
  assert.deepEqual(keyLine(none, now), { hasEnded: false, words: "never expires · not used yet" });
  const used = (last_used_at: string) => keyLine({ ...none, last_used_at }, now).words;
  assert.equal(used("2026-11-30T11:59:50Z"), "never expires · used just now");
  assert.equal(used("2026-11-30T09:00:00Z"), "never expires · last used 3 h ago");
  assert.match(used("2026-10-01T09:00:00Z"), /last used .*1/);
  const lasting = keyLine({ ...none, expires_at: "2026-12-24T12:00:00Z" }, now);
  assert.match(lasting.words, /^until .*24.* · not used yet$/);
});

test("one that was revoked or has expired opens nothing", () => {
  const revoked = keyLine({ ...none, revoked_at: "2026-11-29T12:00:00Z" }, now);
  assert.ok(revoked.hasEnded && revoked.words.startsWith("revoked "));
  const expired = keyLine({ ...none, expires_at: "2026-11-30T12:00:00Z" }, now);
  assert.ok(expired.hasEnded && expired.words.startsWith("expired "));
});
