// What the clients know: which sessions there are and whose, what is in their desks, and what was killed when.
import { createHash } from "node:crypto";
import { mkdirSync, watch } from "node:fs";
import path from "node:path";

export const digest = (bytes) => createHash("sha256").update(bytes).digest("hex");

/**
 * A session as its client knows it.
 *   live      it has a desk, or will be given one
 *   deleting  its end was asked for and is not confirmed
 *   archived  ended; its history must stay
 *   deleted   purged: nothing of it may be left
 */
class Session {
  state = "live";
  /** By path: {hash} that was confirmed, {maybe} of an upload that broke off. */
  files = new Map();
  /** By its marker: whether the server has said that it took the message. */
  messages = new Map();
  /** Its desk came by a call that broke off: it may have been lost on the way. */
  isDoubtful = false;
  mustRenew = false;

  constructor({ id, title, desk }, principal) {
    Object.assign(this, { id, title, principal, desk: desk.id, desks: [desk.id] });
  }

  /** Another desk has taken the place of its desk: what was in that is gone. */
  renewed(desk) {
    if (desk === this.desk) return;
    this.desk = desk;
    this.desks.push(desk);
    this.files.clear();
    this.mustRenew = false;
  }
}

export class Ledger {
  sessions = new Map();
  /** Every desk that was ever on the host, also those that no client has heard of. */
  desks = new Set();
  #touches = [];

  constructor(data) {
    const folder = path.join(data, "desks");
    mkdirSync(folder, { recursive: true });
    this.watcher = watch(folder, (_, name) => /^desk_[0-9a-f]{12}$/.test(name ?? "") && this.desks.add(name));
  }

  enter(answer, principal) {
    const session = new Session(answer, principal);
    this.sessions.set(session.id, session);
    return session;
  }

  those(...states) {
    return [...this.sessions.values()].filter(({ state }) => states.includes(state));
  }

  /** Something was killed: of the desk, or of the server when there is none. */
  touch(kind, desk) {
    this.#touches.push({ time: Date.now(), kind, desk });
    if (this.#touches.length > 5000) this.#touches.splice(0, 1000);
  }

  touchesOf(desk, kind, since) {
    return this.#touches.filter((touch) => touch.time >= since && touch.desk === desk && (!kind || touch.kind === kind)).length;
  }

  /** "X server 12 s ago, …": what was killed last of a session's desk. */
  historyOf(session) {
    const those = this.#touches.filter(({ desk }) => desk && desk === session?.desk).slice(-6);
    return those.map(({ kind, time }) => `${kind} ${((Date.now() - time) / 1000).toFixed(1)} s ago`).join(", ") || "nothing";
  }

  /** Whether something of any desk that the session has had was killed; of any desk at all when it is not known yet. */
  wasTouched(session, since) {
    return this.#touches.some(({ time, desk }) => time >= since && desk && (!session || session.desks.includes(desk)));
  }

  mayHaveFailed(session) {
    return session.isDoubtful || session.desks.some((desk) => this.touchesOf(desk, "first process", 0) > 0);
  }

  close() {
    this.watcher.close();
  }
}
