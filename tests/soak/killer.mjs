// Who kills: at moments and with choices of its own generator. Which process of that kind it is depends on what lives.
import { identity, processes } from "../e2e/lib/host.mjs";
import { Random } from "./random.mjs";

/** A part that is started again five times within a minute ends its desk, by design: that many it never kills. */
const mostOfPart = 3;
const minute = 60_000;

const words = (...wanted) => ({ words: have }) => wanted.every((word) => have.join(" ").includes(word));
const chromium = ({ name }) => name === "chromium";
/** Chromium writes the command lines of its children as one word. */
const isChild = ({ words }) => words.join(" ").includes(" --type=");

/** What is killed, and how often beside the others. Of a desk: which of its processes. */
const kinds = [
  { name: "server", weight: 12, ofServer: "carrel" },
  // Told to end, as by a service manager: it lets go of everything in its own time, unless something else kills it meanwhile.
  { name: "server's end", weight: 6, ofServer: "carrel", signal: "SIGTERM" },
  { name: "jail", weight: 6, ofServer: "carrel-jail" },
  { name: "reader", weight: 2, ofServer: "carrel-reader" },
  { name: "maker of disks", weight: 2, ofServer: "carrel-disks" },
  { name: "tool server", weight: 18, ofDesk: words("carrel-desk", "serve") },
  { name: "X server", weight: 12, ofDesk: ({ name }) => name === "Xvnc" },
  { name: "window manager", weight: 10, ofDesk: ({ name }) => name === "openbox" },
  { name: "panel", weight: 6, ofDesk: ({ name }) => name === "tint2" },
  { name: "message bus", weight: 4, ofDesk: ({ name }) => name === "dbus-daemon" },
  { name: "shell", weight: 8, ofDesk: ({ name }) => name === "bash" },
  { name: "browser", weight: 10, ofDesk: (process) => chromium(process) && !isChild(process) },
  { name: "browser's child", weight: 8, ofDesk: (process) => chromium(process) && isChild(process) },
  { name: "first process", weight: 2, ofDesk: words("carrel-desk", "init") },
  { name: "resolver", weight: 2, ofServer: "carrel-dns" },
];

/** Who is never spared: without him all goes on. */
const isHelper = ({ name }) => ["resolver", "reader", "maker of disks"].includes(name);

/** Every process of the living desks, by desk. */
export function deskProcesses(world) {
  const found = new Map();
  const spaces = new Map();
  for (const desk of [...world.ledger.desks].sort())
    try {
      spaces.set(`pid:[${identity(world.data, desk).pid_namespace}]`, desk);
    } catch {
      // it has gone, or is not there yet
    }
  for (const process of processes()) {
    const desk = spaces.get(process.namespaces.pid);
    if (desk && process.state !== "Z") found.set(desk, [...(found.get(desk) ?? []), process]);
  }
  return found;
}

export class Killer {
  #random;
  #isStopped = false;
  /** While it is set, what all desks need is left alone; what is inside of them is not. */
  sparesServer = false;

  constructor(world) {
    this.world = world;
    this.#random = new Random(world.seed, "killer");
  }

  start() {
    this.done = this.#run();
  }

  stop() {
    this.#isStopped = true;
    return this.done;
  }

  async #run() {
    while (!this.#isStopped) {
      // All choices are made here, whatever lives: the next ones are the same in each run with this seed.
      const choice = { pause: this.#random.between(20, 1600), kind: this.#random.weighted(kinds), draw: this.#random.next(), isHasty: this.#random.chance(0.3) };
      await new Promise((resolve) => setTimeout(resolve, choice.pause));
      if (choice.kind.ofServer && !isHelper(choice.kind) && !choice.isHasty) await this.world.checked();
      if (this.#isStopped) return;
      const outcome = choice.kind.ofServer ? this.#killOfServer(choice) : this.#killOfDesk(choice);
      if (outcome) this.world.report.count("not killed", `${choice.kind.name}: ${outcome}`);
    }
  }

  #kill(kind, pid, desk) {
    try {
      // Before and after: what fails meanwhile has its reason.
      this.world.ledger.touch(kind.name, desk, pid);
      process.kill(pid, kind.signal ?? "SIGKILL");
    } catch {
      return "it had just ended";
    }
    this.world.report.killed(kind.name, `${kind.name} ${pid}${desk ? ` of ${desk}` : ""}`);
    return undefined;
  }

  #killOfServer({ kind }) {
    if (this.sparesServer && !isHelper(kind)) return "spared";
    // Also one that only starts.
    const found = processes().find(({ name, words }) => name === kind.ofServer && words.some((word) => word === this.world.data || word.endsWith(`-${this.world.network}`)));
    return found ? this.#kill(kind, found.pid) : "none lives";
  }

  #killOfDesk({ kind, draw }) {
    const since = Date.now() - minute - 5000;
    const victims = [...deskProcesses(this.world)]
      .flatMap(([desk, all]) => all.filter(kind.ofDesk).map(({ pid }) => ({ desk, pid })))
      .filter(({ desk }) => this.world.ledger.touchesOf(desk, kind.name, since) < mostOfPart);
    if (victims.length === 0) return "none lives, or those have been killed often enough";
    const { desk, pid } = victims[Math.floor(draw * victims.length)];
    return this.#kill(kind, pid, desk);
  }
}
