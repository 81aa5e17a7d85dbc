// The server as an init system keeps it: started again whenever it has ended, always at the same address.
import { once } from "node:events";
import { Server } from "../e2e/lib/carrel.mjs";

const address = "127.0.0.1:7801";
/** Nobody is to be slowed down. */
const env = { CARREL_MESSAGES_PER_MINUTE: "0", CARREL_SESSIONS_PER_HOUR: "0", CARREL_REQUESTS_PER_MINUTE: "0" };
const pause = (milliseconds) => new Promise((resolve) => setTimeout(resolve, milliseconds));

export class Service {
  /** Grows with every start; `server` is the one that serves now, or nothing. */
  generation = 0;
  server = undefined;
  url = `http://${address}`;
  #isEnding = false;
  #deaths = [];
  #since = undefined;
  #waiting = [];

  /** `onStart` is called when it serves, `onDeath` with {code, signal} when it has ended. */
  constructor({ program, data, args, report, onStart, onDeath }) {
    Object.assign(this, { program, data, args, report, onStart, onDeath });
  }

  async start() {
    await this.#startOnce();
    this.keeping = this.#keep();
  }

  async #startOnce() {
    const begun = performance.now();
    // An end that the next one meets: what it holds is free a moment later.
    for (let attempt = 1; ; ++attempt) {
      try {
        this.server = await Server.start({ fresh: false, listen: address, program: this.program, data: this.data, args: this.args, env });
        break;
      } catch (error) {
        // Killed while it started, or its predecessor has not gone yet.
        const why = String(error.message).split("\n").slice(-4).join(" ");
        this.report.log(`(start ${attempt} failed: ${why})`);
        this.report.count("starts that failed", /lock|in use|another|is served/.test(why) ? "the one before was not gone yet" : /ended with SIGKILL/.test(why) ? "killed meanwhile" : why.slice(-60));
        if (attempt >= 100) throw error;
        await pause(100); // systemd's RestartSec
      }
    }
    ++this.generation;
    this.#read(this.server.child);
    const last = this.#deaths.at(-1);
    if (last) {
      last.back = Date.now();
      this.report.took("serving", Date.now() - last.time);
    }
    this.report.log(`(served ${Math.round(performance.now() - begun)} ms after its start, process ${this.server.child.pid})`);
    for (const wake of this.#waiting.splice(0)) wake();
    this.onStart(last);
  }

  /** Lines of its log, as they come; what it has said until now first. */
  #read(child) {
    let rest = this.server.log;
    const lines = () => {
      const whole = rest.split("\n");
      rest = whole.pop();
      for (const line of whole) this.report.log(line);
    };
    lines();
    child.stderr.on("data", (bytes) => ((rest += bytes), lines()));
  }

  async #keep() {
    while (!this.#isEnding) {
      const { child } = this.server;
      if (child.exitCode === null && child.signalCode === null) await once(child, "exit");
      if (this.#isEnding) return;
      const { exitCode: code, signalCode: signal } = child;
      this.#deaths.push({ time: Date.now(), back: undefined, code, signal });
      this.server = undefined;
      this.report.count("restarts", signal ?? `status ${code}`);
      this.onDeath({ code, signal });
      await this.#startOnce();
    }
  }

  /** Returns when it serves. */
  async up() {
    while (!this.server) await new Promise((resolve) => this.#waiting.push(resolve));
    return this.server;
  }

  /** Whether it was down at any moment from `start` on, in ms of Date.now(). */
  wasDown(start) {
    return !this.server || this.#deaths.some(({ back }) => back === undefined || back >= start);
  }

  /** Tells it to end, and returns when the next one serves, which is started with these words. */
  async restart(args) {
    const { generation } = this;
    this.args = args;
    this.server.child.kill("SIGTERM");
    while (this.generation === generation) await pause(20);
    return this.up();
  }

  async stop() {
    this.#isEnding = true;
    await this.server?.stop();
    return this.server?.child.exitCode;
  }
}
