// Who looks after the server while others work: gives users keys and takes them away again, and ends what is idle.
import { call, pause } from "./calls.mjs";
import { bearer } from "./principals.mjs";
import { Random } from "./random.mjs";

/** What is cut because of a key's end is cut at once; a server that has just been started again is waited for. */
const patience = 20_000;
/** Nobody whose desk is used is without use for so many seconds. */
const idle = 4;
const longIdle = 86_400;

export class Operator {
  #isStopped = false;

  constructor(world, principal) {
    Object.assign(this, { world, principal, random: new Random(world.seed, "operator") });
  }

  start() {
    this.done = this.#run().catch((error) => this.world.report.violation("keys", `the operator broke down: ${error.stack}`));
  }

  stop() {
    this.#isStopped = true;
    return this.done;
  }

  async #run() {
    const acts = [
      { weight: 4, run: (user) => this.changeKey(user) },
      { weight: 2, run: () => this.#cleanUp(idle) },
      { weight: 1, run: () => this.#cleanUp(longIdle) },
    ];
    while (!this.#isStopped) {
      const choice = { pause: this.random.between(200, 4000), act: this.random.weighted(acts), user: this.random.pick(this.world.users) };
      await pause(choice.pause);
      if (!this.#isStopped) await choice.act.run(choice.user);
    }
  }

  #call(kind, method, target, options) {
    return call(this.world, this.principal, kind, method, target, options);
  }

  /** A key of that user: {id, key}. One whose answer broke off stays unused. */
  async give(user, role = "user") {
    for (;;) {
      const { ok, body } = await this.#call("give key", "POST", "/api/v1/keys", { json: { user: user.name, role } });
      if (ok) return { id: body.id, key: body.key };
      await pause(100);
    }
  }

  /** The user gets another key; the one that he has is taken from him while he uses it. */
  async changeKey(user) {
    const { world } = this;
    const old = user.current;
    const overlap = this.random.between(0, 400);
    user.current = await this.give(user);
    await pause(overlap);
    user.leaving = old;
    for (let attempt = 1; ; ++attempt) {
      const { status } = await this.#call("revoke key", "DELETE", `/api/v1/keys/${old.id}`, { allowed: attempt > 1 ? [404] : [] });
      if (status === 204 || status === 404) break;
      await pause(100);
    }
    user.revoked.push(old);
    user.leaving = undefined;
    await checkRevoked(world, user, old);
    const open = () => [...world.ledger.sessions.values()].some(({ follower }) => follower?.openBy === old.id) || world.everybody.some(({ viewer }) => viewer?.key === old.id && viewer.status === 101 && viewer.closed === undefined);
    for (const end = Date.now() + patience; open(); await pause(50)) if (Date.now() > end) return world.report.violation("keys", `what ${user.name} has open by ${old.id}, which was revoked, is not cut`);
  }

  /** Ends sessions that nobody has used for a while: only such that are quiet on purpose, or that nothing keeps awake between two calls. */
  async #cleanUp(seconds) {
    const { world } = this;
    world.isCleaning = true;
    if (seconds === idle) for (const session of world.ledger.those("live")) session.mayBeCleaned ||= session.isQuiet || !session.follower?.keepsAwake;
    const { ok, body } = await this.#call("clean up", "POST", `/api/v1/admin/cleanup?max_idle=${seconds}`);
    world.isCleaning = false;
    if (ok && seconds === longIdle && body.cleaned > 0) world.report.violation("rest", `${body.cleaned} sessions were ended as idle for a day`);
  }

  /** At rest: how many places are held, by desks that somebody has. */
  async held() {
    const { ok, body } = await this.#call("clean up", "POST", `/api/v1/admin/cleanup?max_idle=${longIdle}`);
    return ok ? body.active : undefined;
  }
}

/** That the key opens nothing, and its user is told why. Whether it could be asked. */
export async function checkRevoked(world, user, key) {
  const answer = await call(world, bearer(key.key), "revoked key", "GET", "/api/v1/sessions?limit=1", { allowed: [401] });
  if (answer.broke || answer.status >= 500) return false;
  if (answer.status !== 401 || answer.code !== "key_revoked") world.report.violation("keys", `${key.id} of ${user.name}, which was revoked, is answered ${answer.status} ${answer.code ?? ""}`);
  return true;
}
