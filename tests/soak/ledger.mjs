// What the clients know: which sessions there are and whose, what is in their desks, and what was killed when.
import { createHash } from "node:crypto";
import { mkdirSync, readFileSync, watch } from "node:fs";
import path from "node:path";

export const digest = (bytes) => createHash("sha256").update(bytes).digest("hex");

/** When the process with that number was started; nothing when none lives. */
function bornAt(pid) {
  try {
    const fields = readFileSync(`/proc/${pid}/stat`, "utf8").split(") ")[1].split(" ");
    return "ZX".includes(fields[0]) ? undefined : fields[19];
  } catch {
    return undefined;
  }
}

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
  /** Cookies of links: {cookie, key (the id of who made it)}. */
  links = [];
  endedLinks = [];
  /** Its desk came by a call that broke off: it may have been lost on the way. */
  isDoubtful = false;
  mustRenew = false;
  /** "paused" for certain, or "doubtful" while that changes; else nothing. */
  rest = undefined;
  #restedUntil = 0;
  /** Nobody uses it on purpose: it may be frozen, and it may be ended by who cleans up. */
  isQuiet = false;
  mayBeCleaned = false;
  /** Calls that may give it another desk and are not answered yet. */
  comingBack = 0;

  /** `wish`: what was asked for; `workspace` where it has one, as its client knows that. */
  constructor({ id, title, desk }, principal, wish, workspace) {
    Object.assign(this, { id, title, principal, wish, workspace, desk: desk.id, desks: [desk.id] });
    if (wish.home) this.files = workspace.home;
  }

  /** Another desk has taken the place of its desk: what was in that is gone, but for what its workspace keeps. */
  renewed(desk) {
    if (desk === this.desk) return;
    if (this.desk) this.desks.push(desk);
    else this.desks = [desk];
    this.desk = desk;
    if (!this.wish.home) this.files.clear();
    this.mustRenew = false;
  }

  setRest(rest) {
    this.rest = rest;
    this.#restedUntil = Date.now();
  }

  /** Whether it may have been paused at any moment from `since` on. */
  mayRest(since) {
    return this.rest !== undefined || this.#restedUntil >= since;
  }
}

/** What stays when desks end: by path, as Session.files. */
export class Workspace {
  files = new Map();
  home = new Map();
  /** A desk has had it: it is there. */
  isMade = false;

  constructor(name) {
    this.name = name;
  }
}

export class Ledger {
  sessions = new Map();
  /** Every desk that was ever on the host, also those that no client has heard of. */
  desks = new Set();
  /** By desk: the session that has it, or had it. Nobody else ever gets it. */
  owners = new Map();
  #touches = [];
  #onSecondOwner;

  /** `onSecondOwner` hears (desk, session, other session). */
  constructor(data, onSecondOwner) {
    this.#onSecondOwner = onSecondOwner;
    const folder = path.join(data, "desks");
    mkdirSync(folder, { recursive: true });
    this.watcher = watch(folder, (_, name) => /^desk_[0-9a-f]{12}$/.test(name ?? "") && this.desks.add(name));
  }

  enter(answer, principal, wish, workspace) {
    const session = new Session(answer, principal, wish, workspace);
    this.sessions.set(session.id, session);
    this.own(session.desk, session.id);
    return session;
  }

  own(desk, session) {
    if (!desk) return; // it stands in the line
    const owner = this.owners.get(desk) ?? session;
    if (owner !== session) this.#onSecondOwner(desk, session, owner);
    this.owners.set(desk, owner);
  }

  those(...states) {
    return [...this.sessions.values()].filter(({ state }) => states.includes(state));
  }

  /** Something is killed: of the desk, or of the server when there is none. */
  touch(kind, desk, pid) {
    this.#touches.push({ time: Date.now(), kind, desk, pid, born: pid && bornAt(pid) });
    if (this.#touches.length > 5000) this.#touches.splice(0, 1000);
  }

  /** What is killed while it is frozen dies when it goes on, and a server that is told to end ends later: then is when it was touched. */
  settle() {
    for (const touch of this.#touches) {
      if (!touch.born) continue;
      if (bornAt(touch.pid) === touch.born) touch.time = Date.now();
      else touch.born = undefined;
    }
  }

  touchesOf(desk, kind, since) {
    this.settle();
    return this.#touches.filter((touch) => touch.time >= since && touch.desk === desk && (!kind || touch.kind === kind)).length;
  }

  /** "X server 12 s ago, …": what was killed last of a session's desk. */
  historyOf(session) {
    const those = this.#touches.filter(({ desk }) => desk && desk === session?.desk).slice(-6);
    return those.map(({ kind, time }) => `${kind} ${((Date.now() - time) / 1000).toFixed(1)} s ago`).join(", ") || "nothing";
  }

  /** Whether something of any desk that the session has had was killed; of any desk at all when it is not known yet. */
  wasTouched(session, since) {
    this.settle();
    return this.#touches.some(({ time, desk }) => time >= since && desk && (!session || session.desks.includes(desk)));
  }

  /** Whether the server, its jail or what helps that was. */
  wasServerTouched(since) {
    this.settle();
    return this.#touches.some(({ time, desk, kind }) => time >= since && !desk && kind !== "resolver");
  }

  mayHaveFailed(session) {
    return session.isDoubtful || session.desks.some((desk) => this.touchesOf(desk, "first process", 0) > 0);
  }

  close() {
    this.watcher.close();
  }
}
