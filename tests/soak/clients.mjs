// A client: it has one session after another, and does one act after another on its desk.
import { at } from "../e2e/lib/carrel.mjs";
import { acts, upload } from "./acts.mjs";
import { call, hangs } from "./calls.mjs";
import { Follower } from "./followers.mjs";
import { Random } from "./random.mjs";

const sessions = "/api/v1/sessions";

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

export class Client {
  session = undefined;
  viewer = undefined;
  messages = 0;
  #titles = 0;
  isStopped = false;

  constructor(world, name, principal) {
    Object.assign(this, { world, name, principal, random: new Random(world.seed, name) });
  }

  call(kind, method, target, options = {}) {
    return call(this.world, this.principal, kind, method, target, { session: this.session, ...options }).then((answer) => {
      if (["desk_failed", "desk_lost"].includes(answer.code) && this.session) this.session.mustRenew = true;
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
    }
    this.viewer?.close();
  }

  /** Ends after the act that it does now. */
  async stop() {
    this.isStopped = true;
    await this.done;
  }

  async #create() {
    const title = `${this.name} ${++this.#titles}`;
    const network = this.random.chance(0.25) ? "internet" : "none";
    const wish = { title, provider: "scripted", network, width: 1024, height: 768 };
    // Now and then it goes away before it is answered.
    const leaveAfter = this.random.chance(0.15) ? this.random.between(0, 150) : undefined;
    const made = await this.call("create", "POST", sessions, { json: wish, leaveAfter });
    // What broke off may have been done.
    const found = made.ok ? made.body : (await listSessions(this.world, this.principal))?.find((row) => row.title === title);
    if (!found) return;
    this.session = this.world.ledger.enter(found, this.principal);
    this.session.follower = new Follower(this.world, this.session);
    if (!made.ok) await this.#wait();
    if (this.session.mustRenew) return;
    await this.#mark();
  }

  /** For a desk that nobody has told of: until it is ready, or has come to nothing. */
  async #wait() {
    this.session.isDoubtful = true;
    for (const end = Date.now() + hangs; ; await new Promise((resolve) => setTimeout(resolve, 50))) {
      const { body } = await this.call("look", "GET", at(this.session.id));
      this.session.mustRenew = ["failed", "lost"].includes(body?.desk?.state);
      if (this.session.mustRenew) return;
      if (body?.desk?.state === "ready") break;
      if (Date.now() > end) return this.world.report.violation("desks", `${this.session.id} is ${body?.desk?.state} for too long: ${body?.desk?.reason}`);
    }
    this.session.isDoubtful = false;
  }

  /** The desk is told whose it is. */
  #mark() {
    return upload(this, "/home/agent/owner", Buffer.from(`${this.session.id} of ${this.principal.name}`));
  }

  async #renew() {
    const { session } = this;
    session.isDoubtful = true;
    // 409: it has become ready meanwhile, or ends just now.
    const { ok, body } = await this.call("renew", "POST", at(session.id, "/desk/renew"), { allowed: [409] });
    const now = ok ? body : (await this.call("look", "GET", at(session.id))).body;
    if (!now?.desk) return;
    session.renewed(now.desk.id);
    if (now.desk.state === "ready") session.mustRenew = false;
    else await this.#wait();
    if (session.mustRenew) return;
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
    if (["failed", "lost"].includes(body.desk?.state)) {
      if (!this.world.mayHaveFailed(session)) this.world.report.violation("desks", `${session.id}: ${session.desk} is ${body.desk.state}: ${body.desk.reason}`);
      session.mustRenew = true;
    }
  }

  /** Deletes the session, with its history or without. */
  async end(isPurged) {
    const { session } = this;
    session.state = "deleting";
    for (;;) {
      const { status } = await this.call("delete", "DELETE", at(session.id, isPurged ? "?purge=true" : ""), { allowed: [404] });
      if (status === 204 || status === 404) break;
      await new Promise((resolve) => setTimeout(resolve, 100));
    }
    session.state = isPurged ? "deleted" : "archived";
    this.viewer?.close();
    this.viewer = undefined;
    await session.follower.stop();
    this.session = undefined;
  }
}

/** Who works on the sessions of others of the same principal, while these do; also while they are deleted. */
export class Visitor extends Client {
  start() {
    this.done = this.#visit().catch((error) => this.world.report.violation("answers", `${this.name} broke down: ${error.stack}`));
  }

  async #visit() {
    while (!this.isStopped) {
      const living = this.world.ledger.those("live").filter(({ principal, isDoubtful }) => principal === this.principal && !isDoubtful);
      const act = this.random.weighted(acts.filter(({ isForVisitors }) => isForVisitors));
      this.session = living.length ? this.random.pick(living) : undefined;
      if (this.session) await act.run(this);
      else await new Promise((resolve) => setTimeout(resolve, 50));
    }
    this.viewer?.close();
    this.session = undefined;
  }
}
