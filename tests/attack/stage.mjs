// The stage of one attack: servers and desks of its own, a guest's programs in them, and the host's view.
import { spawn } from "node:child_process";
import { chmodSync, existsSync, mkdtempSync, readFileSync, rmSync } from "node:fs";
import os from "node:os";
import path from "node:path";
import { fileURLToPath } from "node:url";
import { at, Server, until } from "../e2e/lib/carrel.mjs";
import { startHostile } from "../e2e/lib/hostile.mjs";
import { identity, inside, shareImages } from "../e2e/lib/host.mjs";

const guestFile = path.join(path.dirname(fileURLToPath(import.meta.url)), "guest.py");

export const held = (seen) => ({ verdict: "held", seen });
export const weak = (seen) => ({ verdict: "weak", seen });
export const hole = (seen) => ({ verdict: "hole", seen });
/** A hole that is known, that nobody has a bound for, and that SECURITY.md tells of. */
export const open = (seen) => ({ verdict: "open", seen });
/** A hole when the attack got through. */
export const unless = (gotThrough, seen) => (gotThrough ? hole(seen) : held(seen));

/** The median of how long `work` takes, in milliseconds. */
export async function median(times, work) {
  const taken = [];
  for (let i = 0; i < times; ++i) {
    const start = performance.now();
    await work();
    taken.push(performance.now() - start);
  }
  return taken.sort((one, other) => one - other)[times >> 1];
}

/** One desk, seen from both sides. */
class Desk {
  constructor(server, session) {
    this.server = server;
    this.session = session;
    this.guests = 0;
  }

  request(method, operation, body) {
    return this.server.request(method, at(this.session.id, `/desk/${operation}`), { body });
  }

  async run(command, timeout = 60) {
    const { status, body } = await this.request("POST", "terminal/execute", { command, timeout });
    if (status !== 200) throw new Error(`${command}: ${status} ${JSON.stringify(body)}`);
    return body.output.trim();
  }

  /** Processes of the desk as the host sees them. */
  processes(...words) {
    return inside(this.server.data, this.session.desk.id, ...words);
  }

  /** A file of the desk, read from outside: that works however little the desk has left. "" when it is not there yet. */
  read(file) {
    const place = `/proc/${this.first()}/root${file}`;
    return existsSync(place) ? readFileSync(place, "utf8") : "";
  }

  /** Its first process. As the jail wrote it down: a look at all processes takes a minute beside a fork bomb. */
  first() {
    return identity(this.server.data, this.session.desk.id).pid;
  }

  /** Starts an attack of guest.py and gives the line that it prints; it holds what it got until the desk ends. */
  async guest(attack, ...words) {
    if (this.guests === 0) await this.upload();
    const out = `/tmp/guest.${++this.guests}`;
    await this.run(`setsid python3 /tmp/guest.py ${[attack, ...words].join(" ")} >${out} 2>${out}.err </dev/null & echo started`);
    const line = () => {
      if (/Error|Traceback/.test(this.read(`${out}.err`))) throw new Error(`${attack}: ${this.read(`${out}.err`).trim().split("\n").at(-1)}`);
      return this.read(out).split("\n").find((text) => text.startsWith("{"));
    };
    return JSON.parse(await until(`the guest's ${attack}`, line, 120));
  }

  async upload() {
    const { status } = await this.server.request("PUT", at(this.session.id, `/desk/file/upload?path=/tmp/guest.py`), {
      body: readFileSync(guestFile),
      headers: { "content-type": "application/octet-stream" },
    });
    if (status >= 300) await this.run(`base64 -d >/tmp/guest.py <<'END'\n${readFileSync(guestFile).toString("base64")}\nEND`);
  }

  /** Bytes that the desk's memory group holds. */
  charged() {
    const lines = readFileSync(`/proc/${this.first()}/cgroup`, "utf8").trim().split("\n");
    const group = (pick) => lines.map((line) => line.split(":")).find(([, controllers]) => pick(controllers))?.[2];
    const first = group((names) => names.split(",").includes("memory"));
    for (const file of [`/sys/fs/cgroup/memory${first}/memory.usage_in_bytes`, `/sys/fs/cgroup${group((names) => names === "")}/memory.current`])
      try {
        return Number(readFileSync(file, "utf8"));
      } catch {
        // the other version
      }
    throw new Error("the desk's memory group was not found");
  }
}

export class Stage {
  #servers = [];
  #children = [];
  folder = undefined;

  /** A server with a data directory of its own. */
  async server({ hostile, ...options } = {}) {
    if (hostile) {
      const server = await startHostile(this.path(), hostile, options);
      this.#servers.push(server);
      return server;
    }
    const data = options.data ?? path.join(this.path(), `data-${this.#servers.length}`);
    if (!options.data) shareImages(data);
    const server = await Server.start({ fresh: false, ...options, data });
    server.data = data;
    this.#servers.push(server);
    return server;
  }

  path() {
    if (!this.folder) {
      this.folder = mkdtempSync(path.join(os.tmpdir(), "carrel-attack-"));
      chmodSync(this.folder, 0o755); // the server, which is no root, must get through
    }
    return this.folder;
  }

  /** A desk; without `server` on the first one of this stage. */
  async desk({ server, network = "none" } = {}) {
    const on = server ?? this.#servers[0] ?? (await this.server());
    return new Desk(on, await on.createSession({ provider: "scripted", network, width: 1024, height: 768 }));
  }

  /** The same attack by the host's root: what is left for it. */
  async root(attack, ...words) {
    const child = spawn("/usr/bin/python3", [guestFile, attack, ...words.map(String)], { stdio: ["ignore", "pipe", "inherit"], detached: true });
    this.#children.push(child);
    let output = "";
    child.stdout.on("data", (bytes) => (output += bytes));
    const line = await until(`root's ${attack}`, () => output.split("\n").find((text) => text.startsWith("{")), 60);
    return JSON.parse(line);
  }

  async end() {
    for (const { pid } of this.#children)
      try {
        process.kill(-pid, "SIGKILL");
      } catch {
        // it ended by itself
      }
    for (const server of this.#servers)
      try {
        await server.end();
      } catch {
        server.child.kill("SIGKILL");
      }
    if (this.folder) rmSync(this.folder, { recursive: true, force: true, maxRetries: 50, retryDelay: 100 });
  }
}
