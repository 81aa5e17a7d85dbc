// The server's own doors: what a client, or a page in somebody's browser, can do without a key or with its own.
import { readFileSync, writeFileSync } from "node:fs";
import http from "node:http";
import { connect, exchange } from "../e2e/lib/wire.mjs";
import { held, hole, unless, weak } from "./stage.mjs";

const key = "a-key-of-the-owner";
const other = "a-key-of-somebody-else";

/** A server with two principals. */
async function withKeys(stage) {
  
  const file = `${stage.path()}/keys`;
  writeFileSync(file, `owner ${key}\nother ${other}\n`, { mode: 0o600 });
  return stage.server({ args: ["--key-file", file] });
}

const bearer = (secret) => ({ authorization: `Bearer ${secret}` });
const resident = (server) => Number(readFileSync(`/proc/${server.child.pid}/status`, "utf8").match(/VmRSS:\s+(\d+)/)[1]) / 1024;

async function unfinished(server, count, head, bytes) {
  const sockets = [];
  for (let i = 0; i < count; ++i) {
    const socket = await connect(server);
    socket.write(`${head}\r\nContent-Length: ${bytes + 10}\r\n\r\n`);
    socket.write("x".repeat(bytes));
    sockets.push(socket);
  }
  await new Promise((resolve) => setTimeout(resolve, 1500));
  return sockets;
}

function bodies(name, make, target) {
  return {
    name,
    async attack(stage) {
      const server = await make(stage);
      const before = resident(server);
      const sockets = await unfinished(server, 450, `POST ${target} HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Type: application/json`, 1_000_000 - 10);
      const during = resident(server);
      const { status } = await server.request("GET", "/api/v1/health/live");
      for (const socket of sockets) socket.destroy();
      await new Promise((resolve) => setTimeout(resolve, 1500));
      const seen = `${before.toFixed(0)} MB before, ${during.toFixed(0)} during, ${resident(server).toFixed(0)} after; health ${status}`;
      return during - before > 150 || status !== 200 ? hole(seen) : during - before > 100 ? weak(seen) : held(seen);
    },
  };
}

async function login(server, secret) {
  const { status, headers } = await server.request("POST", "/api/v1/login", { body: { key: secret } });
  return { status, cookie: headers["set-cookie"]?.[0].split(";")[0] };
}

export default [
  bodies("unfinished bodies to /login", withKeys, "/api/v1/login"),
  bodies("unfinished bodies to /sessions, no keys set", (stage) => stage.server(), "/api/v1/sessions"),
  bodies("unfinished bodies to /sessions, without a key", withKeys, "/api/v1/sessions"),
  {
    name: "a thousand logins sign nobody else out",
    async attack(stage) {
      const server = await withKeys(stage);
      const cookies = [];
      for (let i = 0; i < 8; ++i) cookies.push((await login(server, key)).cookie);
      for (let i = 0; i < 1500; ++i) await login(server, other);
      let lost = 0;
      for (const cookie of cookies) if ((await server.request("GET", "/api/v1/sessions", { headers: { cookie } })).status !== 200) ++lost;
      return unless(lost > 0, `${lost} of the owner's ${cookies.length} logins were ended`);
    },
  },
  {
    name: "guessing keys",
    async attack(stage) {
      const server = await withKeys(stage);
      const end = Date.now() + 6000;
      let [tries, told] = [0, 0];
      while (Date.now() < end) {
        const guess = login(server, `guess-${tries++}-guess-guess`).then(({ status }) => status !== 401 && ++told);
        await Promise.race([guess, new Promise((resolve) => setTimeout(resolve, end - Date.now()))]);
      }
      const { status } = await server.request("GET", "/api/v1/sessions", { headers: bearer(key) });
      if (status !== 200) return hole(`the right key is answered ${status}`);
      const seen = `${(tries / 6).toFixed(0)} guesses a second, ${told} told to wait`;
      return tries > 600 ? weak(seen) : held(seen);
    },
  },
  {
    name: "half heads do not close others' connections",
    async attack(stage) {
      const server = await withKeys(stage);
      const kept = new http.Agent({ keepAlive: true, maxSockets: 1 });
      const ask = () => new Promise((resolve) => http.get(`${server.url}/api/v1/sessions`, { agent: kept, headers: bearer(key) }, (answer) => answer.resume().on("end", () => resolve(answer.statusCode))).on("error", () => resolve(0)));
      const first = await ask();
      const sockets = [];
      for (let i = 0; i < 600; ++i) {
        const socket = await connect(server).catch(() => undefined);
        socket?.write("GET / HTTP/1.1\r\nHost: x");
        if (socket) sockets.push(socket);
      }
      const [again, health] = [await ask(), (await server.request("GET", "/api/v1/health/live").catch(() => ({ status: 0 }))).status];
      for (const socket of sockets) socket.destroy();
      kept.destroy();
      return unless(first !== 200 || again !== 200 || health !== 200, `beside 600 half heads: the owner ${again}, health ${health}`);
    },
  },
  {
    name: "idle event streams leave room for health",
    async attack(stage) {
      const server = await stage.server();
      const { id } = await server.createSession();
      const streams = [];
      for (let i = 0; i < 520; ++i) {
        const socket = await connect(server).catch(() => undefined);
        socket?.write(`GET /api/v1/sessions/${id}/stream HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n`);
        if (socket) streams.push(socket);
      }
      await new Promise((resolve) => setTimeout(resolve, 1000));
      const { status } = await server.request("GET", "/api/v1/health/live").catch(() => ({ status: 0 }));
      for (const socket of streams) socket.destroy();
      return unless(status !== 200, `health beside 520 streams of one client: ${status}`);
    },
  },
  {
    name: "requests that two readers read differently",
    async attack(stage) {
      const server = await stage.server();
      const heads = ["Content-Length: 5\r\nContent-Length: 6", "Content-Length: 5\r\nTransfer-Encoding: chunked", "Transfer-Encoding: chunked, identity", "Transfer-Encoding : chunked", "Content-Length: +5", "Content-Length: 5, 5x", "X: a\r\n b", "Transfer-Encoding: xchunked"];
      const through = [];
      for (const head of heads) {
        const { answer } = await exchange(server, `POST /api/v1/login HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Type: application/json\r\n${head}\r\n\r\n0\r\n\r\nGET /api/v1/health HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n`, { untilClosed: true });
        if ((answer.match(/HTTP\/1\.1 /g) ?? []).length !== 1 || !/^HTTP\/1\.1 (4|5)/.test(answer)) through.push(head.replaceAll("\r\n", " | "));
      }
      return unless(through.length > 0, through.join("; ") || `${heads.length} refused, their connections ended`);
    },
  },
  {
    name: "pages of other sites",
    async attack(stage) {
      const server = await stage.server();
      const tries = [{ origin: "http://evil.example" }, { host: "evil.example" }, { host: "127.0.0.1.evil.example" }, { "sec-fetch-site": "cross-site" }, { origin: "null" }];
      const through = [];
      for (const headers of tries) {
        const { status } = await server.request("POST", "/api/v1/sessions", { body: { provider: "scripted", network: "none" }, headers });
        if (status < 400) through.push(JSON.stringify(headers));
      }
      return unless(through.length > 0, through.join(", ") || `${tries.length} refused`);
    },
  },
  {
    name: "another principal's session",
    async attack(stage) {
      const server = await withKeys(stage);
      const made = await server.request("POST", "/api/v1/sessions", { body: { provider: "scripted", network: "none" }, headers: bearer(key) });
      const own = `/api/v1/sessions/${made.body.id}`;
      const through = [];
      for (const [method, rest] of [["GET", ""], ["DELETE", "?purge=true"], ["GET", "/events"], ["GET", "/stream"], ["GET", "/desk/screen/screenshot"], ["POST", "/desk/renew"]]) {
        const { status } = await server.request(method, own + rest, { headers: bearer(other) });
        if (status !== 404) through.push(`${method} ${rest}: ${status}`);
      }
      await server.request("DELETE", `${own}?purge=true`, { headers: bearer(key) });
      return unless(made.status !== 201 || through.length > 0, through.join(", ") || "unknown to the other");
    },
  },
  {
    name: "JSON that is deep, doubled or huge",
    async attack(stage) {
      const server = await stage.server();
      const before = resident(server);
      const statuses = [];
      for (const body of ["[".repeat(500_000), `{"a":`.repeat(100_000), `{"title":"a","title":"b"}`, `{"title":"${"x".repeat(900_000)}"}`, "\ud800", `{"title":1e999999}`])
        statuses.push((await server.request("POST", "/api/v1/sessions", { body, headers: { "content-type": "application/json" } })).status);
      return unless(statuses.some((status) => status < 400 || status >= 500) || resident(server) - before > 100, statuses.join(" "));
    },
  },
];
