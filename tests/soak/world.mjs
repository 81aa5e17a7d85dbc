// One run from its first server to its last: who takes part, and in which order.
import { at, until } from "../e2e/lib/carrel.mjs";
import { interfaces, processes } from "../e2e/lib/host.mjs";
import { bash, script } from "../e2e/lib/script.mjs";
import { call } from "./calls.mjs";
import { Client, listSessions, Visitor } from "./clients.mjs";
import { BrokenOff, checkAll, checkHost } from "./invariants.mjs";
import { Killer } from "./killer.mjs";
import { Ledger } from "./ledger.mjs";
import { Report } from "./report.mjs";
import { Service } from "./service.mjs";
import { dataTraces, Marks, networkFiles, programsOf, rules, use } from "./traces.mjs";

/** Each is a test of its own in what `./dev test` counts. */
const invariants = ["answers", "events", "turns", "blobs", "owners", "desks", "files", "host", "network", "data", "descriptors", "memory", "server"];
/** What the server may hold more at the end than before its first client: memory that the allocator keeps. */
const slack = { server: 48 << 20, jail: 8 << 20 };
/** In the last part of a run the server is left alone, so that what one server gathers is seen. */
const shareOfLastServer = 0.2;

export class Run {
  /** Desks of which nothing is left. */
  clean = new Set();
  #marks = new Marks();
  #checking = undefined;
  #base = undefined;
  #isInterrupted = false;
  #tellInterrupted;
  #interrupted = new Promise((resolve) => (this.#tellInterrupted = resolve));

  constructor({ program, data, keyFile, keys, network, seed, clients }) {
    Object.assign(this, { data, network, seed });
    this.report = new Report(seed, invariants);
    this.principals = Object.entries(keys).map(([name, key]) => ({ name, key, clients: [] }));
    this.ledger = new Ledger(data);
    this.clients = Array.from({ length: clients }, (_, place) => {
      const principal = this.principals[place % this.principals.length];
      const client = new Client(this, `client-${place + 1}`, principal);
      principal.clients.push(client);
      return client;
    });
    this.visitors = this.principals.map((principal) => new Visitor(this, `visitor-of-${principal.name}`, principal));
    this.service = new Service({
      program,
      data,
      args: ["--key-file", keyFile, "--max-displays", "20"],
      report: this.report,
      onStart: (death) => death && this.#check(death),
      onDeath: (how) => this.#judgeDeath(how),
    });
    this.killer = new Killer(this);
  }

  wasTouched(session, since) {
    return this.ledger.wasTouched(session, since);
  }

  mayHaveFailed(session) {
    return this.ledger.mayHaveFailed(session);
  }

  /** Whether it succeeded. */
  async all(seconds) {
    const progress = setInterval(() => this.report.progress(), 30_000);
    const marking = setInterval(() => this.ledger.desks.forEach((desk) => this.#marks.note(this.data, desk)), 500);
    try {
      await this.service.start();
      await this.#warmUp();
      for (const client of [...this.clients, ...this.visitors]) client.start();
      this.killer.start();
      await this.#pass(seconds * (1 - shareOfLastServer));
      this.killer.sparesServer = true;
      await this.#pass(seconds * shareOfLastServer);
      await this.killer.stop();
      await Promise.all([...this.clients, ...this.visitors].map((client) => client.stop()));
      await this.#rest();
      await this.#endAll();
    } catch (error) {
      this.report.violation("server", `the run broke down: ${error.stack}`);
    } finally {
      clearInterval(progress);
      clearInterval(marking);
      await this.#close();
    }
    return this.report.close().failed === 0;
  }

  #pass(seconds) {
    if (this.#isInterrupted) return undefined;
    return new Promise((resolve) => {
      setTimeout(resolve, seconds * 1000);
      this.#interrupted.then(resolve);
    });
  }

  /** No more is killed; what there is is deleted all the same. The server has heard the same signal. */
  interrupt() {
    this.#isInterrupted = true;
    this.#tellInterrupted();
  }

  get #admin() {
    return this.principals[0];
  }

  async #json(kind, method, target, json) {
    const { ok, status, body } = await call(this, this.#admin, kind, method, target, { json });
    if (!ok) throw new Error(`${method} ${target}: ${status} ${JSON.stringify(body)}`);
    return body;
  }

  /** One desk of each kind first: what they need is kept from then on. Then what a server without desks uses is known. */
  async #warmUp() {
    for (const network of ["none", "internet"]) {
      const { id } = await this.#json("warm up", "POST", "/api/v1/sessions", { title: "client-1 warms up", provider: "scripted", network });
      await this.#json("warm up", "POST", at(id, "/messages"), { content: script(bash("echo warm"), { tool_uses: [{ name: "screenshot", input: {} }] }) });
      await until("the first turn ends", async () => !(await this.#json("warm up", "GET", at(id))).busy);
      await this.#json("warm up", "DELETE", at(id, "?purge=true"));
    }
    await until("the first desks are gone", () => dataTraces(this.data).length === 0);
    this.#base = { ...(await this.#uses()), interfaces: interfaces(), rules: rules() };
  }

  get #jail() {
    return processes().find(({ parent, name }) => parent === this.service.server.child.pid && name === "carrel-jail").pid;
  }

  /** The least within two seconds: what comes and goes is not counted. */
  async #uses() {
    const least = { server: use(this.service.server.child.pid), jail: use(this.#jail) };
    for (let look = 0; look < 20; ++look) {
      await new Promise((resolve) => setTimeout(resolve, 100));
      for (const [who, pid] of [["server", this.service.server.child.pid], ["jail", this.#jail]])
        for (const [what, count] of Object.entries(use(pid))) least[who][what] = Math.min(least[who][what], count);
    }
    return least;
  }

  /** Who shall end without being killed by us has failed. */
  #judgeDeath({ code, signal }) {
    if (signal === "SIGKILL" || this.#isInterrupted) return;
    const wasJail = this.ledger.touchesOf(undefined, "jail", Date.now() - 10_000) > 0;
    if (!(code === 1 && wasJail)) this.report.violation("server", `the server ended by itself: ${signal ?? `status ${code}`}`);
  }

  #check(death) {
    const generation = this.service.generation;
    const checking = checkAll(this, { isAtRest: false, onAdopted: () => this.report.took("adopted", Date.now() - death.time) }).then(
      () => this.report.count("checks", "whole"),
      (error) => {
        const isOver = error instanceof BrokenOff || this.service.generation !== generation || !this.service.server;
        this.report.count("checks", isOver ? "broken off by the next kill" : "failed");
        if (!isOver) this.report.violation("server", `a check broke down: ${error.stack}`);
      },
    );
    this.#checking = Promise.all([this.#checking, checking]);
  }

  /** Returns when what was begun to be checked is checked. */
  async checked() {
    await this.service.up();
    await this.#checking;
  }

  /** Nobody does anything any more: what was under way comes to its end, and everything is looked at. */
  async #rest() {
    await this.checked();
    for (const session of this.ledger.those("live"))
      await until(`the turn of ${session.id} ends`, async () => {
        const { body } = await call(this, session.principal, "look", "GET", at(session.id, "?messages=false"), { session });
        return body?.busy === false;
      }).catch((error) => this.report.violation("turns", error.message));
    await checkAll(this, { isAtRest: true });
  }

  /** With its last session everything of a server goes. */
  async #endAll() {
    for (const client of this.clients) if (client.session) await client.end(true);
    for (const principal of this.principals)
      for (const { id } of (await listSessions(this, principal, "&include_archived=true")) ?? []) {
        await call(this, principal, "delete", "DELETE", at(id, "?purge=true"));
        const session = this.ledger.sessions.get(id);
        if (session) session.state = "deleted";
      }
    await checkHost(this, this.ledger.desks, new Set(), 60);
    await this.#nothing("data", () => dataTraces(this.data));
    await this.#nothing("network", () => {
      const lines = this.#marks.leftovers(new Set());
      if (interfaces().join() !== this.#base.interfaces.join()) lines.push(`interfaces ${interfaces()}`);
      if (rules() !== this.#base.rules) lines.push(`rules ${rules()}`);
      return lines;
    });
    await this.#judgeUse();
  }

  async #nothing(invariant, look) {
    await until(invariant, () => look().length === 0).catch(() => this.report.violation(invariant, `when all is deleted there is ${look().slice(0, 8).join("; ")}`));
  }

  async #judgeUse() {
    let now = await this.#uses();
    const isNoMore = () => ["server", "jail"].every((who) => now[who].descriptors <= this.#base[who].descriptors);
    for (let look = 0; look < 15 && !isNoMore(); ++look) now = await this.#uses();
    for (const who of ["server", "jail"]) {
      const [before, after] = [this.#base[who], now[who]];
      console.log(`${who}: ${before.descriptors} descriptors at the start, ${after.descriptors} at the end; ${before.bytes >> 10} KiB, ${after.bytes >> 10} KiB`);
      if (after.descriptors > before.descriptors) this.report.violation("descriptors", `the ${who} has ${after.descriptors} and had ${before.descriptors}`);
      if (after.bytes > before.bytes + slack[who]) this.report.violation("memory", `the ${who} has ${after.bytes >> 10} KiB and had ${before.bytes >> 10} KiB`);
    }
  }

  async #close() {
    this.ledger.close();
    for (const { follower } of this.ledger.sessions.values()) await follower?.stop();
    const code = await this.service.stop();
    if (code !== 0) this.report.violation("server", `told to stop it ended with ${code}`);
    await this.#nothing("host", () => programsOf(this));
    await this.#nothing("network", () => [...interfaces().filter((name) => name !== "lo"), ...(rules() ? ["rules"] : []), ...networkFiles(this)]);
  }
}
