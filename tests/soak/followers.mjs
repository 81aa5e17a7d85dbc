// Who reads a session's events as they happen: after each break it comes back with the last number that it has, by the
// session's stream and by the one that joins several in turn. What it has seen must be what is stored: nothing missing,
// nothing twice, in order.
import { once } from "node:events";
import { at, follow } from "../e2e/lib/carrel.mjs";
import { pause } from "./calls.mjs";
import { digest } from "./ledger.mjs";

export const fingerprint = (event, data) => `${event} ${digest(JSON.stringify(data)).slice(0, 16)}`;

export class Follower {
  last = 0;
  /** By its number: what the event was. */
  seen = new Map();
  /** The key that opened its stream, while that is open. */
  openBy = undefined;
  /** Its stream counts as use of the desk: the session's own does, the one that joins several does not. */
  keepsAwake = false;
  /** It stays away, so that the desk can be idle. */
  isHeld = false;
  #isStopped = false;
  #stream = undefined;
  #goOn = () => {};

  constructor(world, session) {
    Object.assign(this, { world, session });
    this.done = this.#run();
  }

  async #run() {
    for (let isJoined = false; !this.#isStopped; isJoined = !isJoined) {
      while (this.isHeld && !this.#isStopped) await new Promise((resolve) => (this.#goOn = resolve));
      const server = await this.world.service.up();
      const start = Date.now();
      const key = this.session.principal.current.id;
      this.openBy = key;
      this.#stream = isJoined ? this.#openJoined(server) : this.#openOwn(server);
      this.world.report.count("calls", "follow");
      const answer = await this.#stream.opened.catch(() => undefined);
      this.keepsAwake = !isJoined && answer?.statusCode === 200;
      if (!this.keepsAwake && this.world.isCleaning) this.session.mayBeCleaned = true;
      if (this.#isStopped) break;
      if (answer?.statusCode === 200) {
        if (!answer.closed) await once(answer, "close").catch(() => {}); // an error: it broke off
        this.openBy = undefined;
        this.keepsAwake = false;
        if (this.#isStopped || this.session.state !== "live") break;
        await this.#judge(start, key, "the stream ended");
      } else {
        answer?.destroy();
        this.openBy = undefined;
        if (answer?.statusCode === 404 && this.session.state !== "live") break;
        await this.#judge(start, key, `the stream was answered ${answer?.statusCode ?? "nothing"}`);
        await pause(50);
      }
    }
    this.openBy = undefined;
    this.#stream?.stop();
  }

  get #headers() {
    return this.session.principal.headers;
  }

  #openOwn(server) {
    const [query, headers] = this.last > 0 ? ["", { ...this.#headers, "last-event-id": this.last }] : ["?last_event_id=0", this.#headers];
    return follow(server, at(this.session.id, `/stream${query}`), ({ id, event, data }) => id && this.#take(Number(id), event, data), headers);
  }

  #openJoined(server) {
    const { id } = this.session;
    const take = ({ event, data }) => {
      if (event !== "event") return;
      if (data.session_id === id) this.#take(data.seq, data.event, data.data);
      else this.world.report.violation("owners", `who follows ${id} is sent events of ${data.session_id}`);
    };
    return follow(server, `/api/v1/events?sessions=${id}:${this.last}`, take, this.#headers);
  }

  /** Without a reason a stream does not end. */
  async #judge(start, key, what) {
    const { world, session } = this;
    const isAllowed = () => this.wasDropped || this.#isStopped || session.state !== "live" || session.mayBeCleaned;
    const has = () => isAllowed() || session.principal.hasLost(key) || world.service.wasDown(start - 1000) || world.ledger.wasServerTouched(start - 30_000);
    for (let look = 0; look < 100 && !has(); ++look) await pause(50); // that the server is dead is known a moment later
    const isExcused = has();
    this.wasDropped = false;
    if (!isExcused) world.report.violation("answers", `${session.id}: ${what}, while the server lives`);
  }

  #take(seq, event, data) {
    if (!(seq > this.last)) this.world.report.violation("events", `${this.session.id}: event ${seq} came after ${this.last}`);
    if (this.seen.has(seq)) this.world.report.violation("events", `${this.session.id}: event ${seq} came twice`);
    this.last = Math.max(this.last, seq);
    this.seen.set(seq, fingerprint(event, data));
  }

  /** The client goes away by itself, and comes back. */
  drop() {
    this.wasDropped = true;
    this.#stream?.stop();
  }

  /** The client stays away until it is let go on. */
  hold() {
    this.isHeld = true;
    this.drop();
  }

  goOn() {
    this.isHeld = false;
    this.#goOn();
  }

  /** What it has seen against what is stored: a sentence about the first difference, or nothing. */
  difference(stored) {
    const last = Math.min(this.last, stored.at(-1)?.seq ?? 0);
    const expected = stored.filter(({ seq }) => seq <= last);
    for (const { seq, event, data } of expected) {
      const seen = this.seen.get(seq);
      if (seen === undefined) return `event ${seq} (${event}) was never sent, though ${last} was`;
      if (seen !== fingerprint(event, data)) return `event ${seq} was sent as "${seen}" and is stored as "${fingerprint(event, data)}"`;
    }
    const known = new Set(expected.map(({ seq }) => seq));
    const odd = [...this.seen.keys()].find((seq) => seq <= last && !known.has(seq));
    return odd === undefined ? undefined : `event ${odd} was sent and is not stored`;
  }

  async stop() {
    this.#isStopped = true;
    this.goOn();
    this.#stream?.stop();
    await Promise.race([this.done, pause(1000)]);
  }
}
