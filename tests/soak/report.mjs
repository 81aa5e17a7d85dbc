// What a run has counted, what it has found wrong, and the table at its end.

const pad = (text, width) => String(text) + " ".repeat(Math.max(0, width - String(text).length));
const seconds = (milliseconds) => (milliseconds / 1000).toFixed(1);

/** "median 0.41 s, 99 % 1.20 s, most 1.31 s" of times in milliseconds. */
function spread(times) {
  if (times.length === 0) return "none";
  const sorted = [...times].sort((one, other) => one - other);
  const at = (share) => (sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))] / 1000).toFixed(2);
  return `median ${at(0.5)} s, 99 % ${at(0.99)} s, most ${at(1)} s (${times.length})`;
}

export class Report {
  #counts = new Map();
  #violations = [];
  #kills = [];
  #times = { serving: [], adopted: [] };
  #lines = [];

  constructor(seed, invariants) {
    this.seed = seed;
    this.start = Date.now();
    this.invariants = invariants;
  }

  now() {
    return `${seconds(Date.now() - this.start)} s`;
  }

  /** One more of `name` in a table, such as ("calls", "upload"). */
  count(table, name) {
    const rows = this.#counts.get(table) ?? new Map();
    this.#counts.set(table, rows.set(name, (rows.get(name) ?? 0) + 1));
  }

  total(table) {
    return [...(this.#counts.get(table)?.values() ?? [])].reduce((sum, count) => sum + count, 0);
  }

  killed(kind, what) {
    this.count("kills", kind);
    this.#kills.push(`${this.now()} ${what}`);
  }

  took(what, milliseconds) {
    this.#times[what].push(milliseconds);
  }

  /** Lines of the server's log; the last ones are kept. */
  log(line) {
    this.#lines.push(line);
    if (this.#lines.length > 2000) this.#lines.splice(0, 1000);
  }

  /** Told at once, with what may have led to it: a run of an hour is not waited for. */
  violation(invariant, text) {
    if (!this.invariants.includes(invariant)) throw new Error(`no such invariant: ${invariant}`);
    this.#violations.push({ invariant, text });
    if (this.#violations.length > 20) return;
    console.log(`\nVIOLATION of "${invariant}" (seed ${this.seed}, after ${this.now()}): ${text}`);
    console.log(`  killed before it: ${this.#kills.slice(-8).join("; ") || "nothing"}`);
    for (const line of this.#lines.slice(-25)) console.log(`  | ${line}`);
  }

  get violations() {
    return this.#violations;
  }

  progress() {
    console.log(`${this.now()}: ${this.total("calls")} calls, ${this.total("kills")} kills, ${this.total("restarts")} restarts, ${this.#violations.length} violations`);
  }

  /** Prints everything; answers how many invariants held and failed. */
  close() {
    for (const [table, rows] of [...this.#counts].sort()) {
      console.log(`\n${table}: ${this.total(table)}`);
      for (const [name, count] of [...rows].sort(([, one], [, other]) => other - one)) console.log(`  ${pad(name, 62)} ${count}`);
    }
    console.log(`\nafter a death until it serves:          ${spread(this.#times.serving)}`);
    console.log(`after a death until all desks are back: ${spread(this.#times.adopted)}\n`);
    const failed = new Map();
    for (const { invariant } of this.#violations) failed.set(invariant, (failed.get(invariant) ?? 0) + 1);
    for (const name of this.invariants) console.log(failed.has(name) ? `FAILED ${name}: ${failed.get(name)} violations` : `ok ${name}`);
    const passed = this.invariants.length - failed.size;
    console.log(`soak of ${seconds(Date.now() - this.start)} s with seed ${this.seed}: ${this.total("kills")} kills, ${this.total("restarts")} restarts, ${this.#violations.length} violations`);
    console.log(`${passed} held, ${failed.size} failed`);
    return { passed, failed: failed.size };
  }
}
