// A client: it has one session after another, and does one act after another on its desk.
import { at } from "../e2e/lib/carrel.mjs";
import { acts } from "./acts.mjs";
import { call, hangs, pause } from "./calls.mjs";
import { Follower } from "./followers.mjs";
import { Workspace } from "./ledger.mjs";
import { upload } from "./moves.mjs";
import { Random } from "./random.mjs";

const sessions = "/api/v1/sessions";
/** So long a creation that broke off may still come to something. */
const lateness = 60_000;

/** All sessions of the principal, or nothing when the list broke off. */
export async function listSessions(world, principal, options = "") {
  const all = [];
  for (;;) {
    const { ok, body } = await call(world, principal, "list", "GET", `${sessions}?limit=100&offset=${all.length}${options}`);
    if (!ok) return undefined;
    all.push(...body.sessions);
    if (body.sessions.length < 100) return all;
  }
}

/** The stored events of a session, also of an archived one; nothing when it is no more, or the list broke off. */
export async function listEvents(world, session, options = {}) {
  const all = [];
  for (;;) {
    const target = at(session.id, `/events?after=${all.at(-1)?.seq ?? 0}&limit=1000`);
    const { ok, status, body } = await call(world, session.principal, "events", "GET", target, { session, ...options });
    if (!ok) return { status };
    if (body.events.length === 0) return { events: all };
    all.push(...body.events);
  }
}

export class Client {
  session = undefined;
  viewer = undefined;
  messages = 0;
  #titles = 0;
  /** Until then a creation of ours may come to something that nobody knows of. */
  #lostUntil = 0;
  isStopped = false;

  constructor(world, name, principal) {
    Object.assign(this, { world, name, principal, random: new Random(world.seed, name), workspace: new Workspace(`space-of-${name}`) });
  }

  call(kind, method, target, { by = this.principal, ...options } = {}) {
    const session = options.session === undefined ? this.session : options.session;
    return call(this.world, by, kind, method, target, { ...options, session: session ?? undefined }).then((answer) => {
      if (["desk_failed", "desk_lost"].includes(answer.code) && session) session.mustRenew = true;
      return answer;
    });
  }

  start() {
    this.done = this.#run().catch((error) => this.world.report.violation("answers", `${this.name} broke down: ${error.stack}`));
  }

  async #run() {
    while (!this.isStopped) {
      if (!this.session) await this.#create();
      else if (this.session.mustRenew) await this.#renew();
      else {
        const act = this.random.weighted(acts);
        this.doing = act.name;
        await act.run(this);
      }
      if (this.session?.mayBeCleaned && !this.session.isQuiet) await this.judgeCleaned();
    }
    this.viewer?.close();
  }

  /** Ends after the act that it does now. */
  async stop() {
    this.isStopped = true;
    await this.done;
  }

  // --- making sessions -------------------------------------------------------------------------------

  /** What it asks for; most of it now and then only. */
  #wish() {
    const { random } = this;
    const network = random.chance(0.25) ? "internet" : "none";
    const wish = { ...this.#plainWish(), network, width: 1024, height: 768, wait_seconds: 60 };
    const [hasKey, isSleepy, hasWorkspace, hasHome] = [0.5, 0.5, 0.5, 0.3].map((share) => random.chance(share));
    if (hasKey) wish.key = `desk of ${this.name}`;
    if (isSleepy) wish.idle_seconds = 1;
    if (hasWorkspace) Object.assign(wish, { workspace: this.workspace.name, home: hasHome });
    return wish;
  }

  #plainWish() {
    return { title: `${this.name} ${++this.#titles}`, provider: "scripted", network: "none" };
  }

  #ask(wish, options = {}) {
    const start = Date.now();
    // A desk of ours that nobody has told us of may have it still.
    const isHeld = ({ code }) => code === "workspace_in_use" && (this.#lostUntil > start || this.world.service.wasDown(start - lateness));
    const touched = () => this.world.ledger.wasTouched(undefined, start - 30_000);
    const excuse = (answer) => isHeld(answer) || (answer.status === 503 && touched());
    return call(this.world, this.principal, "create", "POST", sessions, { json: wish, excuse, ...options }).then((answer) => {
      if (answer.broke) this.#lostUntil = Date.now() + lateness;
      return answer;
    });
  }

  async #create() {
    if (!(await this.#endLost())) return;
    const wish = this.#wish();
    // Now and then it goes away before it is answered, or asks twice at once.
    const leaveAfter = this.random.chance(0.15) ? this.random.between(0, 150) : undefined;
    const count = this.random.chance(0.5) && wish.key ? 2 : 1;
    const answers = await Promise.all(Array.from({ length: count }, (_, place) => this.#ask(wish, { leaveAfter: place === 0 ? leaveAfter : undefined })));
    this.#judgeSame(wish, answers);
    const made = answers.find(({ ok }) => ok);
    const found = made?.body ?? (await this.#findMade(wish));
    if (!found) return;
    this.session = this.#enter(found, wish);
    if (!made || found.desk.state !== "ready") await this.#wait(true);
    if (!this.session || this.session.mustRenew) return;
    if (wish.workspace) this.workspace.isMade = true;
    await this.#mark();
  }

  /** However many ask by one key, one session is made. */
  #judgeSame(wish, answers) {
    const made = answers.filter(({ ok }) => ok);
    const isOne = made.every(({ body }) => body.id === made[0].body.id && (body.key ?? undefined) === wish.key) && made.filter(({ status }) => status === 201).length < 2;
    if (!isOne) this.world.report.violation("same key", `"${wish.key}" of ${this.name} is answered ${made.map(({ status, body }) => `${status} ${body.id} (${body.key})`).join(" and ")}`);
    const known = made.find(({ body }) => this.world.ledger.sessions.has(body.id));
    if (known) this.world.report.violation("same key", `"${wish.key}" of ${this.name} is answered ${known.body.id}, which has ended`);
  }

  /** What broke off may have been done. By its key it is asked for until it is answered. */
  async #findMade(wish) {
    while (wish.key && !this.isStopped) {
      const { ok, body } = await this.#ask(wish);
      if (ok) return body;
      await pause(100);
    }
    return (await listSessions(this.world, this.principal))?.find((row) => row.title === wish.title);
  }

  /** Ends sessions of ours that nobody has told us of. Whether that could be found out. */
  async #endLost() {
    if (this.#lostUntil < Date.now()) return true;
    const rows = await listSessions(this.world, this.principal);
    for (const { id, title } of rows ?? [])
      if (title?.startsWith(`${this.name} `) && !this.world.ledger.sessions.has(id)) await call(this.world, this.principal, "delete", "DELETE", at(id, "?purge=true"), { allowed: [404] });
    return rows !== undefined;
  }

  #enter(found, wish) {
    const session = this.world.ledger.enter(found, this.principal, wish, wish.workspace ? this.workspace : undefined);
    session.follower = new Follower(this.world, session);
    return session;
  }

  /** One session more, beside the one that it works on: {session} if that is ready, with what was answered. */
  async makeAnother(more, allowed = []) {
    const wish = { ...this.#plainWish(), ...more };
    const answer = await this.#ask(wish, { allowed });
    return { ...answer, session: answer.ok ? this.#enter(answer.body, wish) : undefined };
  }

  /** Its session was ended by who cleans up, and its key has made another one. */
  replace(found) {
    const { session: before, world } = this;
    if (world.ledger.sessions.has(found.id)) return;
    before.state = "archived";
    before.follower.stop();
    this.session = this.#enter(found, before.wish);
  }

  // --- their desks -----------------------------------------------------------------------------------

  /** For a desk that nobody has told of: until it is ready, or has come to nothing. A session that still stood in the line, or whose desk could not be made, `mayVanish`. */
  async #wait(mayVanish = false) {
    this.session.isDoubtful = true;
    for (const end = Date.now() + hangs; ; await pause(50)) {
      const { status, body } = await this.call("look", "GET", at(this.session.id));
      if (mayVanish && status === 404) {
        this.session.state = "deleted";
        return this.#leave(this.session);
      }
      const state = body?.desk?.state;
      if (body?.desk?.id) {
        this.session.renewed(body.desk.id);
        this.world.ledger.own(body.desk.id, this.session.id);
      }
      this.session.mustRenew = ["failed", "lost"].includes(state);
      if (this.session.mustRenew) return;
      if (["ready", "frozen"].includes(state)) break;
      if (Date.now() > end) return this.world.report.violation("desks", `${this.session.id} is ${state} for too long: ${body?.desk?.reason}`);
    }
    this.session.isDoubtful = false;
  }

  /** The desk has nothing of anybody else, and is told whose it is. */
  async #mark() {
    const { session, world } = this;
    const [path, desk] = ["/home/agent/owner", session.desk];
    if (!session.wish.home) {
      const { status, bytes } = await this.call("download", "GET", at(session.id, `/desk/file/download?path=${path}`), { allowed: [404] });
      if (status === 200 && desk === session.desk) world.report.violation("pool", `${desk}, which is new to ${session.id}, was used before: ${bytes}`);
    }
    await upload(this, path, Buffer.from(`${session.id} of ${this.principal.name}`));
  }

  async #renew() {
    const { session, world } = this;
    session.isDoubtful = true;
    const isByKey = this.random.chance(0.5) && session.wish.key;
    // 409: it has become ready meanwhile, or ends just now.
    const { ok, body } = isByKey ? await this.#ask(session.wish, { session }) : await this.call("renew", "POST", at(session.id, "/desk/renew"), { allowed: [409] });
    if (ok && body.id !== session.id) world.report.violation("same key", `"${session.wish.key}" was ${session.id} and is answered ${body.id}`);
    const now = ok ? body : (await this.call("look", "GET", at(session.id))).body;
    if (!now?.desk) return;
    session.renewed(now.desk.id);
    world.ledger.own(now.desk.id, session.id);
    if (now.desk.state === "ready") session.mustRenew = false;
    else await this.#wait();
    if (session.mustRenew || session.state !== "live") return;
    session.isDoubtful = false;
    await this.#mark();
  }

  /** The session says the same as ever. */
  async look() {
    const { session } = this;
    const { ok, body } = await this.call("look", "GET", at(session.id));
    if (!ok) return;
    if (body.title !== session.title || body.desk?.id !== session.desk)
      this.world.report.violation("owners", `${session.id} is "${body.title}" with ${body.desk?.id}, not "${session.title}" with ${session.desk}`);
    if (body.user !== this.principal.name) this.world.report.violation("owners", `${session.id} of ${this.principal.name} is told to be of ${body.user}`);
    if (["failed", "lost"].includes(body.desk?.state)) {
      if (!this.world.mayHaveFailed(session)) this.world.report.violation("desks", `${session.id}: ${session.desk} is ${body.desk.state}: ${body.desk.reason}`);
      session.mustRenew = true;
    }
  }

  /** From now on nobody uses the session's desk on purpose, or somebody does again. */
  setQuiet(isQuiet, session) {
    session.isQuiet = isQuiet;
    if (isQuiet && this.world.isCleaning) session.mayBeCleaned = true;
    if (isQuiet) session.follower.hold();
    else session.follower.goOn();
  }

  /** Whoever cleans up may have ended the session while it was quiet: then its log says so. */
  async judgeCleaned() {
    const { session, world } = this;
    if (!session?.mayBeCleaned) return;
    const wasOver = !world.isCleaning;
    const { ok, status } = await this.call("look", "GET", at(session.id, "?messages=false"), { allowed: [404] });
    if (ok && wasOver) session.mayBeCleaned = false;
    if (status !== 404) return;
    const { events } = await listEvents(world, session);
    if (!events) return;
    const last = events.filter(({ event }) => event === "status").at(-1)?.data;
    if (last?.code !== "session_ended" || last.why !== "idle") world.report.violation("rest", `${session.id} is gone, and its log does not say why`);
    world.report.count("rests", "ended by who cleans up");
    session.state = "archived";
    await this.#leave(session);
  }

  // --- their end -------------------------------------------------------------------------------------

  /** Deletes the session that it works on, with its history or without. */
  end(isPurged) {
    return this.endOf(this.session, isPurged);
  }

  async endOf(session, isPurged) {
    if (!session) return;
    session.state = "deleting";
    for (;;) {
      const { status } = await this.call("delete", "DELETE", at(session.id, isPurged ? "?purge=true" : ""), { session, allowed: [404] });
      if (status === 204 || status === 404) break;
      await pause(100);
    }
    session.state = isPurged ? "deleted" : "archived";
    await this.#leave(session);
  }

  async #leave(session) {
    await session.follower.stop();
    if (session !== this.session) return;
    this.viewer?.close();
    this.viewer = undefined;
    this.session = undefined;
  }
}

/** Who works on the sessions of others of the same principal, while these do; also while they are deleted. */
export class Visitor extends Client {
  start() {
    this.done = this.#visit().catch((error) => this.world.report.violation("answers", `${this.name} broke down: ${error.stack}`));
  }

  async #visit() {
    const isOpen = ({ principal, isDoubtful, isQuiet, rest }) => principal === this.principal && !isDoubtful && (!isQuiet || rest === "paused");
    while (!this.isStopped) {
      const living = this.world.ledger.those("live").filter(isOpen);
      const act = this.random.weighted(acts.filter(({ isForVisitors }) => isForVisitors));
      this.session = living.length ? this.random.pick(living) : undefined;
      if (this.session) await act.run(this);
      if (!this.session || this.session.rest) await pause(50); // there is nothing to do, or all is refused
    }
    this.viewer?.close();
    this.session = undefined;
  }
}
