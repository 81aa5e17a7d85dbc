// The real server for a test: started on a free port with a data directory of the tests' own, and ended
// with everything that it made.
import { spawn } from "node:child_process";
import { once } from "node:events";
import { rm } from "node:fs/promises";
import http from "node:http";
import path from "node:path";
import { fileURLToPath } from "node:url";

const root = path.resolve(path.dirname(fileURLToPath(import.meta.url)), "../../..");
export const programs = process.env.CARREL_BIN ?? path.join(root, "build/release/bin");
/** Holds the image (built before the tests); the database below it is fresh for each server. */
export const dataDirectory = process.env.CARREL_TEST_DATA ?? "/var/lib/carrel-test";

/** Polls `check` until it answers something true; fails with `what` after `seconds`. */
export async function until(what, check, seconds = 60) {
  const end = Date.now() + seconds * 1000;
  for (;;) {
    const result = await check();
    if (result) return result;
    if (Date.now() > end) throw new Error(`${what}: not within ${seconds} s`);
    await new Promise((resolve) => setTimeout(resolve, 25));
  }
}

/** A server serves half a second after its start, also while it still asks its desks: until it has them all. */
export const takenOver = (server) =>
  until("the desks are taken over", async () =>
    (await server.json("GET", "/api/v1/sessions?limit=100")).sessions.every(({ desk }) => desk?.state !== "starting"),
  );

/** The address of a session, or of something of it. */
export const at = (id, rest = "") => `/api/v1/sessions/${id}${rest}`;

export class Server {
  /** Starts a server. `fresh: false` keeps what the last one stored. */
  static async start({ args = [], env = {}, fresh = true, listen = "127.0.0.1:0", data = dataDirectory, program = path.join(programs, "carrel") } = {}) {
    if (fresh) await rm(path.join(data, "server"), { recursive: true, force: true });
    const inherited = { ...process.env };
    for (const name of ["ANTHROPIC_API_KEY", "ANTHROPIC_BASE_URL", "CARREL_TOKEN"]) delete inherited[name];
    // Transfers and archives of the tests are larger than what desks may write unless it is said.
    const child = spawn(program, ["serve", "--listen", listen, "--data", data, ...args], {
      // Warm desks would stand among those that a test looks for on the host; who wants them says --pool.
      env: { WARM_POOL_DESKTOP: "0", CARREL_DESK_DISK_MB: "4096", ...inherited, ...env },
      stdio: ["ignore", "pipe", "pipe"],
    });
    const server = new Server(child);
    child.stderr.on("data", (bytes) => (server.log += bytes));
    child.stdout.on("data", (bytes) => (server.output += bytes));
    const judge = () => {
      if (child.exitCode !== null || child.signalCode !== null) throw new Error(`carrel serve ended with ${child.exitCode ?? child.signalCode}: ${server.log}`);
    };
    await until("the server says where it is", () => /http:\/\/\S+/.test(server.output) || judge());
    server.url = server.output.match(/http:\/\/\S+/)[0];
    await until("the server is ready", () => server.log.includes("ready") || judge());
    return server;
  }

  constructor(child) {
    this.child = child;
    this.log = "";
    this.output = "";
  }

  /** Ends it as a service manager would; desks live on. */
  async stop(signal = "SIGTERM") {
    if (this.child.exitCode !== null || this.child.signalCode !== null) return;
    this.child.kill(signal);
    await once(this.child, "exit");
  }

  /** Ends all sessions first, so that no desk is left. */
  async end() {
    if (this.child.exitCode === null && this.child.signalCode === null) {
      const { sessions } = await this.json("GET", "/api/v1/sessions?limit=100");
      for (const { id } of sessions) await this.json("DELETE", `/api/v1/sessions/${id}?purge=true`);
    }
    await this.stop();
  }

  /** {status, headers, body}: the body as JSON when it is JSON, else as a Buffer. */
  request(method, target, { body, headers = {} } = {}) {
    const { hostname, port } = new URL(this.url);
    const bytes = body === undefined ? undefined : Buffer.isBuffer(body) || typeof body === "string" ? body : JSON.stringify(body);
    const type = bytes === undefined || headers["content-type"] ? {} : { "content-type": "application/json" };
    // Node sends no length with a DELETE by itself.
    if (bytes !== undefined) type["content-length"] = Buffer.byteLength(bytes);
    return new Promise((resolve, reject) => {
      const sent = http.request({ hostname, port, method, path: target, agent: false, headers: { ...type, ...headers } }, (answer) => {
        const pieces = [];
        answer.on("data", (piece) => pieces.push(piece));
        answer.on("error", reject);
        answer.on("end", () => {
          const raw = Buffer.concat(pieces);
          const isJson = raw.length > 0 && /json/.test(answer.headers["content-type"] ?? "");
          resolve({ status: answer.statusCode, headers: answer.headers, body: isJson ? JSON.parse(raw.toString()) : raw });
        });
      });
      sent.on("error", reject);
      sent.end(bytes);
    });
  }

  /** The body of a call that must succeed. */
  async json(method, target, body) {
    const answer = await this.request(method, target, { body });
    if (answer.status >= 300) throw new Error(`${method} ${target}: ${answer.status} ${JSON.stringify(answer.body)}`);
    return answer.body;
  }

  createSession(wish = { provider: "scripted", network: "none" }) {
    return this.json("POST", "/api/v1/sessions", wish);
  }

  /** Every stored event of a session. */
  async events(id) {
    const all = [];
    for (;;) {
      const { events } = await this.json("GET", `/api/v1/sessions/${id}/events?after=${all.at(-1)?.seq ?? 0}&limit=500`);
      if (events.length === 0) return all;
      all.push(...events);
    }
  }

  /** Gives a message and waits for the end of its turn; answers the turn's events. */
  async turn(id, content, seconds = 60) {
    const { message_id } = await this.json("POST", `/api/v1/sessions/${id}/messages`, { content });
    return until(`the turn ${message_id} ends`, async () => {
      const events = (await this.events(id)).filter(({ data }) => data.message_id === message_id || data.tool_use_id);
      return events.some(({ event }) => event === "message_complete") && this.events(id);
    }, seconds);
  }
}

/** Reads an event stream; `stop()` ends it. */
export function follow(server, target, onEvent, headers = {}) {
  const request = http.get(server.url + target, { agent: false, headers: { accept: "text/event-stream", ...headers } });
  const opened = once(request, "response").then(([answer]) => {
    let waiting = "";
    answer.setEncoding("utf8");
    answer.on("data", (piece) => {
      waiting += piece;
      for (let end; (end = waiting.indexOf("\n\n")) >= 0; waiting = waiting.slice(end + 2)) {
        const event = { event: "message", data: "" };
        for (const line of waiting.slice(0, end).split("\n")) {
          const [name, ...rest] = line.split(": ");
          event[name] = rest.join(": ");
        }
        if (event.data) onEvent({ ...event, data: JSON.parse(event.data) });
      }
    });
    answer.on("error", () => {});
    return answer;
  });
  request.on("error", () => {});
  return { opened, stop: () => request.destroy() };
}
