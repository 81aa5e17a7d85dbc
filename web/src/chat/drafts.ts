// What was written to the agent and is not sent, of each session: kept by this tab, also over a reload, and by no other.
import { signal } from "@preact/signals";
import { api } from "../server/api";

const drafts = signal<ReadonlyMap<string, string>>(new Map());
const sending = signal<ReadonlySet<string>>(new Set());

const place = (session: string) => `carrel.draft.${session}`;

export function draftOf(session: string): string {
  return drafts.value.get(session) ?? stored(session);
}

export function setDraft(session: string, text: string): void {
  drafts.value = new Map(drafts.value).set(session, text);
  try {
    if (text) sessionStorage.setItem(place(session), text);
    else sessionStorage.removeItem(place(session));
  } catch {
    // Without storage, or with a full one, a draft lives as long as the page.
  }
}

/** Also those of other sessions, and of earlier lives of this tab. */
export function forgetDrafts(): void {
  drafts.value = new Map();
  try {
    for (const name of Object.keys(sessionStorage))
      if (name.startsWith(place(""))) sessionStorage.removeItem(name);
  } catch {
    // Then nothing was stored.
  }
}

function stored(session: string): string {
  try {
    return sessionStorage.getItem(place(session)) ?? "";
  } catch {
    return "";
  }
}

export function isSending(session: string): boolean {
  return sending.value.has(session);
}

/**
 * Sends the draft of a session. It stays until the server has taken it, wherever the person has gone meanwhile; what
 * was written behind it by then stays. Throws what the call throws.
 */
export async function sendDraft(session: string): Promise<void> {
  const text = draftOf(session);
  if (isSending(session) || text.trim() === "") return;
  sending.value = new Set(sending.value).add(session);
  try {
    await api.send(session, text.trim());
    setDraft(session, rest(draftOf(session), text));
  } finally {
    sending.value = new Set([...sending.value].filter((other) => other !== session));
  }
}

/** What is left of a draft of which `sent` was sent; one that was rewritten is left whole. */
export function rest(draft: string, sent: string): string {
  return draft.startsWith(sent) ? draft.slice(sent.length).trimStart() : draft;
}
