// A guest that takes over its desk's own programs, and a desk that is wholly a stranger's.
import { readFileSync } from "node:fs";
import { at, until } from "../e2e/lib/carrel.mjs";
import { carrel } from "../e2e/lib/host.mjs";
import { connect, Viewer } from "../e2e/lib/wire.mjs";
import { held, hole, unless, weak } from "./stage.mjs";

/** Lets a stopped process go on, if it is there. */
function wake(pid) {
  try {
    process.kill(pid, "SIGCONT");
  } catch {
    // its desk was ended
  }
}

/** Held when whoever comes now sees the desk. */
async function nextViewer(desk) {
  const viewer = await Viewer.open(desk.server, at(desk.session.id, "/vnc"));
  try {
    const { width } = await viewer.handshake();
    return unless(width !== 1024, "the next viewer sees the desk");
  } catch (problem) {
    return hole(String(problem));
  } finally {
    viewer.close();
  }
}

const stateOf = (desk) => desk.server.request("GET", at(desk.session.id));
const control = /[\u0000-\u0008\u000b-\u001f\u007f-\u009f]/;

export default [
  {
    name: "the memory of a tool server that starts again",
    async attack(stage) {
      let [restarts, got] = [0, 0];
      for (let i = 0; i < 4; ++i) {
        const desk = await stage.desk();
        const { rounds, opened } = await desk.guest("seize", 3); // more often, and the desk gives up
        [restarts, got] = [restarts + rounds, got + opened];
      }
      return unless(got > 0, `${got} files of its memory opened in ${restarts} restarts`);
    },
  },
  {
    name: "what programs of the desk inherit from the tool server",
    async attack(stage) {
      const desk = await stage.desk();
      const open = await desk.run("ls -l /proc/self/fd /proc/$$/fd | grep -E 'socket:|endpoint' ; env | grep -c NONCE");
      return unless(open !== "0", open);
    },
  },
  {
    name: "a stopped tool server while the server starts again",
    async attack(stage) {
      const server = await stage.server();
      const desk = await stage.desk({ server });
      await desk.run("echo kept >/tmp/kept");
      const [{ pid }] = desk.processes("carrel-desk", "serve");
      process.kill(pid, "SIGSTOP");
      try {
        await server.stop("SIGKILL");
        const start = performance.now();
        const next = await stage.server({ data: server.data });
        const took = performance.now() - start;
        wake(pid);
        desk.server = next;
        const live = async () => (await desk.request("POST", "terminal/execute", { command: "cat /tmp/kept" })).body?.output?.trim() === "kept";
        const kept = await until("the desk goes on", live, 20).then(() => true, () => false);
        const seen = `served after ${(took / 1000).toFixed(1)} s; the desk ${kept ? "went on with its files" : `was lost: ${JSON.stringify((await stateOf(desk)).body.desk)}`}`;
        return kept && took < 5000 ? held(seen) : kept ? weak(seen) : hole(seen);
      } finally {
        wake(pid);
      }
    },
  },
  {
    name: "statuses and headers that a stranger's desk answers",
    async attack(stage) {
      const server = await stage.server({ hostile: "honest" });
      const desk = await stage.desk({ server });
      const seen = [];
      for (const [method, operation, body] of [
        ["POST", "mouse/scroll", { scroll_x: 0, scroll_y: 1 }],
        ["POST", "keyboard/key", { key: "a" }],
        ["POST", "mouse/down", {}],
        ["GET", "screen/info"],
      ]) {
        const { status, headers } = await desk.request(method, operation, body);
        if (![200, 400, 404, 409, 422, 500, 502, 503, 504, 507].includes(status) || headers.location || headers["set-cookie"]) seen.push(`${operation}: ${status}`);
      }
      return unless(seen.length > 0, seen.join(", ") || "others become 502");
    },
  },
  {
    name: "lines and escapes in the log and on terminals",
    async attack(stage) {
      const server = await stage.server({ hostile: "forged" });
      await server.request("POST", "/api/v1/sessions", { body: { provider: "scripted", network: "none", title: "\u001b]0;mine\u0007" } });
      const forged = server.log.split("\n").filter((line) => line.startsWith("2026-01-01") || control.test(line));
      return unless(forged.length > 0, forged.length ? JSON.stringify(forged[0]).slice(0, 120) : "all of the server's log is plain lines");
    },
  },
  {
    name: "titles with escapes in `carrel session list`",
    async attack(stage) {
      const server = await stage.server();
      const { id } = await server.createSession();
      const renamed = await server.request("PATCH", at(id), { body: { title: "\u001b]0;mine\u0007\u009b31m" } });
      const { output } = await carrel(["session", "list"], { env: { CARREL_URL: server.url } });
      if (!output.includes(id)) throw new Error(`the session is not listed: ${output}`);
      return unless(control.test(output), control.test(output) ? JSON.stringify(output.match(/.*\u001b.*/)?.[0]) : renamed.status >= 300 ? `the title is refused (${renamed.status})` : "shown as plain text");
    },
  },
  {
    name: "viewers that break off lock no other out",
    async attack(stage) {
      const desk = await stage.desk();
      for (let i = 0; i < 12; ++i) {
        const viewer = await Viewer.open(desk.server, at(desk.session.id, "/vnc"));
        await until("a first word", () => viewer.bytes.length > 0 || viewer.closed);
        viewer.socket.destroy();
      }
      return nextViewer(desk);
    },
  },
  {
    name: "programs of the desk that knock at its display",
    async attack(stage) {
      const desk = await stage.desk();
      await desk.run(`python3 -c '
import glob, socket
for path in glob.glob("/tmp/.X11-unix/*") + glob.glob("/run/**/*", recursive=True):
    for _ in range(20):
        try:
            s = socket.socket(socket.AF_UNIX); s.connect(path); s.close()
        except OSError: break
for port in (5900, 5901):
    for _ in range(20):
        try: socket.create_connection(("127.0.0.1", port), 1).close()
        except OSError: break
'`);
      return nextViewer(desk);
    },
  },
  {
    name: "secrets of the server in a desk",
    async attack(stage) {
      const secret = "sk-ant-attack-0123456789";
      const server = await stage.server({ env: { ANTHROPIC_API_KEY: secret } });
      const desk = await stage.desk({ server });
      await desk.run("true");
      const everywhere = desk.processes().map(({ pid }) => readFileSync(`/proc/${pid}/environ`, "latin1")).join("");
      const env = await desk.run("cat /proc/*/environ 2>/dev/null | tr '\\0' '\\n'; cat /etc/environment /proc/1/cmdline 2>/dev/null");
      return unless((everywhere + env).includes(secret), `none in the environment of ${desk.processes().length} processes`);
    },
  },
  {
    name: "bytes after a connection was closed half way",
    async attack(stage) {
      const desk = await stage.desk();
      const sockets = [];
      for (let i = 0; i < 40; ++i) {
        const socket = await connect(desk.server);
        socket.write(`GET ${at(desk.session.id, "/desk/screen/screenshot")} HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n`);
        sockets.push(socket);
      }
      for (const socket of sockets) socket.destroy();
      const { status } = await desk.request("GET", "screen/info");
      return unless(status !== 200, `40 readers left in the middle, the next is answered ${status}`);
    },
  },
];
