// A strict stand-in for Carrel's server as the page sees it: the REST and SSE contract, a canned agent, and a
// desk that is a picture. It refuses what the real server refuses, and serves web/dist with the same CSP.
//
// As a module: `const server = await startPageServer({key, hasModelKey, pace, missing})`, then `server.url`,
// `server.desk(id)` (what viewers did), `server.hold(id, held)` (pictures of the desk), `server.setDesk(id, state, reason)`, `server.asked` (method and address of every
// call), `server.streamCount()`, `server.dropStreams()`, `server.dropViewers()`, `server.close()`. As a program: `node page_server.mjs [port]`.
import { readFile } from "node:fs/promises";
import { createServer } from "node:http";
import { fileURLToPath } from "node:url";
import { Refusal } from "./page_answers.mjs";
import { emit, login, logout, route, routes, session, setDesk } from "./page_api.mjs";
import { serveRfb } from "./rfb_server.mjs";
import { acceptWebSocket } from "./websocket.mjs";

const dist = new URL("../../web/dist/", import.meta.url);
const files = {
  "/": ["index.html", "text/html; charset=utf-8"],
  "/app.js": ["app.js", "text/javascript"],
  "/app.css": ["app.css", "text/css"],
  "/desk.js": ["desk.js", "text/javascript"],
  "/stream.js": ["stream.js", "text/javascript"],
  "/favicon.svg": ["favicon.svg", "image/svg+xml"],
};
const csp =
  "default-src 'self'; img-src 'self' data: blob:; object-src 'none'; base-uri 'none'; form-action 'self'; frame-ancestors 'self'";
export async function startPageServer({
  port = 0,
  key,
  hasModelKey = false,
  pace = 60,
  renewTime = 300,
  missing = [],
} = {}) {
  const state = {
    key,
    hasModelKey,
    pace,
    renewTime,
    missing,
    sessions: new Map(),
    asked: [],
    streams: new Set(),
    channels: new Set(),
  };
  const server = createServer((request, response) => {
    answer(state, request, response).catch((error) => {
      if (!(error instanceof Refusal)) console.error(error);
      refuse(response, error instanceof Refusal ? error : new Refusal(500, String(error)));
    });
  });
  server.on("upgrade", (request, socket) => view(state, request, socket));
  await new Promise((resolve) => server.listen(port, "127.0.0.1", resolve));
  return {
    url: `http://127.0.0.1:${server.address().port}`,
    sessions: state.sessions,
    asked: state.asked,
    desk: (id) => state.sessions.get(id).screen,
    hold: (id, held) => {
      const { screen } = state.sessions.get(id);
      screen.held = held;
      screen.viewers.forEach((changed) => changed());
    },
    emit: (id, event, data) => emit(state, state.sessions.get(id), event, data),
    setDesk: (id, deskState, reason) => setDesk(state, state.sessions.get(id), deskState, reason),
    streamCount: () => state.streams.size,
    dropStreams: () => state.streams.forEach((stream) => stream.response.destroy()),
    dropViewers: () => state.channels.forEach((channel) => channel.destroy()),
    close: () => {
      state.channels.forEach((channel) => channel.destroy());
      const closed = new Promise((resolve) => server.close(resolve));
      server.closeAllConnections();
      return closed;
    },
  };
}

function refuse(response, { status, detail }) {
  if (response.headersSent) return response.destroy();
  response.writeHead(status, { "Content-Type": "application/problem+json" });
  response.end(
    JSON.stringify({
      type: "about:blank",
      title: "Refused",
      status,
      detail,
      code: "refused",
    }),
  );
}

async function answer(state, request, response) {
  const url = new URL(request.url, "http://page");
  if (!url.pathname.startsWith("/api/")) return page(state, url, response);
  state.asked.push(`${request.method} ${request.url}`);
  if (url.pathname === "/api/v1/login") return login(state, request, response);
  if (url.pathname === "/api/v1/logout") return logout(response);
  if (state.key && !(request.headers.cookie ?? "").includes(`carrel=${state.key}`)) {
    throw new Refusal(401, "A key is needed: log in, or send it as Bearer.");
  }
  for (const [method, pattern, handler] of routes) {
    const match = method === request.method && pattern.exec(url.pathname);
    if (match)
      return handler(state, {
        request,
        response,
        url,
        id: match[1],
        rest: match[2],
      });
  }
  throw new Refusal(404, `There is no ${request.method} ${url.pathname}.`);
}

async function page(state, url, response) {
  const [name, type] = /^\/desk\/[^/]+$/.test(url.pathname)
    ? ["desk.html", files["/"][1]]
    : (files[url.pathname] ?? []);
  if (!name || state.missing.includes(url.pathname))
    throw new Refusal(404, `There is no page ${url.pathname}.`);
  const content = await readFile(new URL(name, dist));
  response.writeHead(200, {
    "Content-Type": type,
    "Content-Security-Policy": csp,
    "X-Content-Type-Options": "nosniff",
  });
  response.end(content);
}

function view(state, request, socket) {
  const url = new URL(request.url, "http://page");
  const match = route(`${session}/vnc`).exec(url.pathname);
  const found = match && state.sessions.get(match[1]);
  if (!found || found.desk.state !== "ready")
    return socket.end("HTTP/1.1 409 Conflict\r\nContent-Length: 0\r\n\r\n");
  const channel = acceptWebSocket(request, socket);
  const viewOnly = url.searchParams.get("view_only") === "1";
  const kind = viewOnly ? "watching" : "in_control";
  channel.session = match[1];
  state.channels.add(channel);
  found.viewers[kind]++;
  socket.on("close", () => {
    state.channels.delete(channel);
    found.viewers[kind]--;
  });
  serveRfb(channel, found.screen, viewOnly);
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const server = await startPageServer({
    port: Number(process.argv[2] ?? 0),
    pace: 250,
  });
  console.log(server.url);
}
