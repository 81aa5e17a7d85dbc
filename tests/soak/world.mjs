// One run from its first server to its last: who takes part, and in which order.
import { spawnSync } from "node:child_process";
import { mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs";
import os from "node:os";
import path from "node:path";
import { at, until } from "../e2e/lib/carrel.mjs";
import { interfaces, processes } from "../e2e/lib/host.mjs";
import { bash, script } from "../e2e/lib/script.mjs";
import { call } from "./calls.mjs";
import { Client, listSessions, Visitor } from "./clients.mjs";
import { BrokenOff, checkWorkspaces } from "./fleet_invariants.mjs";
import { checkAll, checkHost } from "./invariants.mjs";
import { Killer } from "./killer.mjs";
import { digest, Ledger } from "./ledger.mjs";
import { Operator } from "./operator.mjs";
import { Principal } from "./principals.mjs";
import { Report } from "./report.mjs";
import { Service } from "./service.mjs";
import { dataTraces, disks, Marks, networkFiles, programsOf, rules, use, warmDesks } from "./traces.mjs";

/** Each is a test of its own in what `./dev test` counts. */
const invariants = [
  ...["answers", "events", "turns", "blobs", "owners", "desks", "files", "pool", "rest", "same key", "workspaces", "keys", "links", "line"],
  ...["host", "disks", "network", "data", "descriptors", "memory", "server"],
];
/** What the server may hold more at the end than before its first client: memory that the allocator keeps. */
const slack = { server: 48 << 20, jail: 8 << 20 };
/** In the last part of a run the server is left alone, so that what one server gathers is seen. */
const shareOfLastServer = 0.2;
/** Never more than these: what a desk is asked for makes no difference to what a server uses at the end. */
const pool = ["--pool", "desktop=2:2"];
const noPool = ["--pool", ""];

/** The hash of each file in a tar, by its path there. */
function unpack(bytes) {
  const folder = mkdtempSync(path.join(os.tmpdir(), "carrel-soak-tar-"));
  try {
    const { status, stderr } = spawnSync("tar", ["-xf", "-", "-C", folder, "--no-same-owner"], { input: bytes });
    if (status !== 0) throw new Error(`tar: ${stderr}`);
    const files = readdirSync(folder, { withFileTypes: true, recursive: true }).filter((entry) => entry.isFile());
    return new Map(files.map(({ parentPath, name }) => path.join(parentPath, name)).map((file) => [path.relative(folder, file), digest(readFileSync(file))]));
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

export class Run {
  /** Desks of which nothing is left. */
  clean = new Set();
  #marks = new Marks();
  #checking = undefined;
  #base = undefined;
  #isInterrupted = false;
  #tellInterrupted;
  #interrupted = new Promise((resolve) => (this.#tellInterrupted = resolve));

  /** Somebody takes all desks that are left: whoever asks for one may have to be refused. */
  #crowd = { isOn: false, end: 0 };
  isCleaning = false;
  hasPool = false;
  #args;

  constructor({ program, data, keyFile, operatorKey, users, network, seed, clients }) {
    // With a few more than there are clients, so that one of them can fill the house.
    Object.assign(this, { data, network, seed, mostDesks: clients + 2 });
    this.#args = ["--key-file", keyFile, "--max-displays", `${this.mostDesks}`, "--cleanup-interval-seconds", "5", "--drain-seconds", "2", "--pool-interval-seconds", "5"];
    this.report = new Report(seed, invariants);
    this.users = users.map((name) => new Principal(name));
    this.operator = new Operator(this, new Principal("local", { id: "of the file", key: operatorKey }));
    this.ledger = new Ledger(data, (desk, session, other) => this.report.violation("pool", `${desk} is the desk of ${session}, and was that of ${other}`));
    this.clients = Array.from({ length: clients }, (_, place) => {
      const principal = this.users[place % this.users.length];
      const client = new Client(this, `client-${place + 1}`, principal);
      principal.clients.push(client);
      return client;
    });
    this.visitors = this.users.map((principal) => new Visitor(this, `visitor-of-${principal.name}`, principal));
    this.service = new Service({
      program,
      data,
      args: [...this.#args, ...noPool],
      report: this.report,
      onStart: (death) => death && this.#check(death),
      onDeath: (how) => this.#judgeDeath(how),
    });
    this.killer = new Killer(this);
  }

  /** Everybody who makes sessions. */
  get principals() {
    return [...this.users, this.operator.principal];
  }

  get everybody() {
    return [...this.clients, ...this.visitors];
  }

  /** Whether it is the only one. */
  beginCrowd() {
    if (this.#crowd.isOn) return false;
    this.#crowd.isOn = true;
    return true;
  }

  endCrowd() {
    this.#crowd = { isOn: false, end: Date.now() };
  }

  wasCrowded(since) {
    return this.#crowd.isOn || this.#crowd.end >= since;
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
    const marking = setInterval(() => {
      this.ledger.desks.forEach((desk) => this.#marks.note(this.data, desk));
      this.ledger.settle();
    }, 500);
    try {
      await this.service.start();
      await this.#warmUp();
      for (const client of this.everybody) client.start();
      this.operator.start();
      this.killer.start();
      await this.#pass(seconds * (1 - shareOfLastServer));
      this.killer.sparesServer = true;
      await this.#pass(seconds * shareOfLastServer);
      await this.killer.stop();
      await Promise.all(this.everybody.map((client) => client.stop()));
      await this.operator.stop();
      for (const client of this.clients) while (client.session?.mayBeCleaned) await client.judgeCleaned();
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

  async #json(kind, method, target, json) {
    const { ok, status, body } = await call(this, this.operator.principal, kind, method, target, { json });
    if (!ok) throw new Error(`${method} ${target}: ${status} ${JSON.stringify(body)}`);
    return body;
  }

  /** One desk of each kind first: what they need is kept from then on. Then what a server without desks uses is known. */
  async #warmUp() {
    for (const user of this.users) [user.current, user.viewer] = [await this.operator.give(user), await this.operator.give(user, "viewer")];
    for (const network of ["none", "internet"]) {
      const { id } = await this.#json("warm up", "POST", "/api/v1/sessions", { title: "warms up", provider: "scripted", network });
      await this.#json("warm up", "POST", at(id, "/messages"), { content: script(bash("echo warm"), { tool_uses: [{ name: "screenshot", input: {} }] }) });
      await until("the first turn ends", async () => !(await this.#json("warm up", "GET", at(id))).busy);
      await this.#json("warm up", "DELETE", at(id, "?purge=true"));
    }
    await until("the first desks are gone", () => dataTraces(this.data).length === 0);
    const empty = { interfaces: interfaces(), rules: rules() };
    await this.#setPool(true);
    await until("the pool is full", async () => (await this.#json("pools", "GET", "/api/v1/pools")).pools.every(({ ready, wanted }) => ready === wanted));
    this.#base = { ...empty, ...(await this.#uses()) };
  }

  async #setPool(hasPool) {
    this.hasPool = hasPool;
    this.ledger.touch("server's end", undefined, this.service.server.child.pid);
    await this.service.restart([...this.#args, ...(hasPool ? pool : noPool)]);
    await this.checked();
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
    const was = (kind) => this.ledger.touchesOf(undefined, kind, Date.now() - 60_000) > 0;
    if (!(code === 1 && was("jail")) && !(code === 0 && was("server's end"))) this.report.violation("server", `the server ended by itself: ${signal ?? `status ${code}`}`);
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
    await checkWorkspaces(this, unpack);
    await this.#nothing("data", () => dataTraces(this.data));
    await this.#judgeUse();
    // Without a pool nothing at all is left.
    await this.#setPool(false);
    await checkHost(this, this.ledger.desks, new Set(), 60);
    await this.#nothing("pool", () => [...warmDesks(this.data)]);
    await this.#nothing("data", () => dataTraces(this.data));
    await this.#nothing("network", () => {
      const lines = this.#marks.leftovers(new Set());
      if (interfaces().join() !== this.#base.interfaces.join()) lines.push(`interfaces ${interfaces()}`);
      if (rules() !== this.#base.rules) lines.push(`rules ${rules()}`);
      return lines;
    });
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
    await this.#nothing("disks", () => disks(this.data));
    await this.#nothing("network", () => [...interfaces().filter((name) => name !== "lo"), ...(rules() ? ["rules"] : []), ...networkFiles(this)]);
  }
}
