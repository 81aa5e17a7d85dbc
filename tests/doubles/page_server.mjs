// A strict stand-in for Carrel's server as the page sees it: the REST and SSE contract, a canned agent, and a
// desk that is a picture. It refuses what the real server refuses, and serves web/dist with the same CSP.
//
// As a module: `const server = await startPageServer({key, hasModelKey, pace})`, then `server.url`,
// `server.desk(id)` (what viewers did), `server.setDesk(id, state, reason)`, `server.dropStreams()`,
// `server.dropViewers()`, `server.close()`. As a program: `node page_server.mjs [port]`.
import { randomBytes } from "node:crypto";
import { readFile } from "node:fs/promises";
import { createServer } from "node:http";
import { fileURLToPath } from "node:url";
import { desktopPixels, png } from "./picture.mjs";
import { serveRfb } from "./rfb_server.mjs";
import { playTurn } from "./page_turns.mjs";
import { acceptWebSocket } from "./websocket.mjs";

const dist = new URL("../../web/dist/", import.meta.url);
const files = {
  "/": ["index.html", "text/html; charset=utf-8"],
  "/app.js": ["app.js", "text/javascript"],
  "/app.css": ["app.css", "text/css"],
  "/desk.js": ["desk.js", "text/javascript"],
  "/favicon.svg": ["favicon.svg", "image/svg+xml"],
};
const csp =
  "default-src 'self'; img-src 'self' data: blob:; object-src 'none'; base-uri 'none'; form-action 'self'; frame-ancestors 'self'";

class Refusal extends Error {
  constructor(status, detail) {
    super(typeof detail === "string" ? detail : "invalid");
    this.status = status;
    this.detail = detail;
  }
}

const invalid = (field, msg) => new Refusal(422, [{ loc: ["body", field], msg, type: "value_error" }]);
const makeId = (prefix) => `${prefix}_${randomBytes(6).toString("hex")}`;
const now = () => new Date().toISOString();

export async function startPageServer({ port = 0, key, hasModelKey = false, pace = 60, renewTime = 300 } = {}) {
  const state = { key, hasModelKey, pace, renewTime, sessions: new Map(), streams: new Set(), channels: new Set() };
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
    desk: (id) => state.sessions.get(id).screen,
    emit: (id, event, data) => emit(state, state.sessions.get(id), event, data),
    setDesk: (id, deskState, reason) => setDesk(state, state.sessions.get(id), deskState, reason),
    dropStreams: () => state.streams.forEach((stream) => stream.response.destroy()),
    dropViewers: () => state.channels.forEach((channel) => channel.destroy()),
    close: () => new Promise((resolve) => (server.close(resolve), server.closeAllConnections())),
  };
}

function refuse(response, { status, detail }) {
  if (response.headersSent) return response.destroy();
  response.writeHead(status, { "Content-Type": "application/problem+json" });
  response.end(JSON.stringify({ type: "about:blank", title: "Refused", status, detail, code: "refused" }));
}

function json(response, status, body) {
  response.writeHead(status, { "Content-Type": "application/json" });
  response.end(body === undefined ? undefined : JSON.stringify(body));
}

async function answer(state, request, response) {
  const url = new URL(request.url, "http://page");
  if (!url.pathname.startsWith("/api/")) return page(url, response);
  if (url.pathname === "/api/v1/login") return login(state, request, response);
  if (state.key && !(request.headers.cookie ?? "").includes(`carrel=${state.key}`)) {
    throw new Refusal(401, "A key is needed: log in, or send it as Bearer.");
  }
  for (const [method, pattern, handler] of routes) {
    const match = method === request.method && pattern.exec(url.pathname);
    if (match) return handler(state, { request, response, url, id: match[1], rest: match[2] });
  }
  throw new Refusal(404, `There is no ${request.method} ${url.pathname}.`);
}

async function page(url, response) {
  const [name, type] = /^\/desk\/[^/]+$/.test(url.pathname) ? ["desk.html", files["/"][1]] : (files[url.pathname] ?? []);
  if (!name) throw new Refusal(404, `There is no page ${url.pathname}.`);
  const content = await readFile(new URL(name, dist));
  response.writeHead(200, { "Content-Type": type, "Content-Security-Policy": csp, "X-Content-Type-Options": "nosniff" });
  response.end(content);
}

async function body(request, allowed) {
  if (request.headers["content-type"] !== "application/json") throw new Refusal(415, "The body must be application/json.");
  let text = "";
  for await (const part of request) text += part;
  let value;
  try {
    value = JSON.parse(text);
  } catch {
    throw new Refusal(422, "The body is not JSON.");
  }
  for (const field of Object.keys(value)) if (!allowed.includes(field)) throw invalid(field, "unknown field");
  return value;
}

async function login(state, request, response) {
  const { key } = await body(request, ["key"]);
  if (key !== state.key) throw new Refusal(401, "This key is not known here.");
  response.setHeader("Set-Cookie", `carrel=${key}; HttpOnly; SameSite=Strict; Path=/`);
  json(response, 200, {});
}

function shown({ screen, events, messages, ...session }) {
  return session;
}

function find(state, id) {
  const session = state.sessions.get(id);
  if (!session || session.status !== "active") throw new Refusal(404, `There is no session ${id}.`);
  return session;
}

/** Stores an event and tells every stream of its session, in that order. */
function emit(state, session, event, data) {
  const stored = { seq: (session.events.at(-1)?.seq ?? 0) + 1, event, data };
  session.events.push(stored);
  for (const stream of state.streams) if (stream.session === session) send(stream.response, stored);
}

function send(response, { seq, event, data }) {
  response.write(`id: ${seq}\nevent: ${event}\ndata: ${JSON.stringify(data)}\n\n`);
}

function setDesk(state, session, deskState, reason) {
  session.desk = { ...session.desk, state: deskState, ...(reason ? { reason } : {}) };
  if (!reason) delete session.desk.reason;
  emit(state, session, "desk", { state: deskState, ...(reason ? { reason } : {}) });
}

async function create(state, { request, response }) {
  const allowed = ["title", "model", "provider", "system_prompt_suffix", "network"];
  const wish = await body(request, allowed);
  if (wish.network !== undefined && !["internet", "none"].includes(wish.network)) throw invalid("network", "must be internet or none");
  const provider = wish.provider ?? "anthropic";
  if (!["anthropic", "scripted"].includes(provider)) throw invalid("provider", "must be anthropic or scripted");
  const id = makeId("sess");
  const [width, height] = [1280, 800];
  const session = {
    id,
    title: wish.title ?? null,
    status: "active",
    model: wish.model ?? (provider === "scripted" ? "scripted" : "claude-opus-5-5"),
    provider,
    created_at: now(),
    updated_at: now(),
    vnc_url: `/desk/${id}`,
    busy: false,
    desk: { id: makeId("desk"), state: "ready", network: wish.network ?? "internet", width, height },
    events: [],
    files: new Map([["/home/agent/Downloads/readme.txt", Buffer.from("hello\n")]]),
    screen: { width, height, pixels: desktopPixels(width, height), record: [], viewers: new Set(), cutters: new Set(), step: 0 },
  };
  state.sessions.set(id, session);
  emit(state, session, "desk", { state: "ready" });
  json(response, 201, shown(session));
}

async function message(state, { request, response, id }) {
  const session = find(state, id);
  const { content } = await body(request, ["content"]);
  if (typeof content !== "string" || content.length < 1 || content.length > 10000) throw invalid("content", "must have 1 to 10000 characters");
  if (session.busy) throw new Refusal(409, "The session already works on a message; cancel it or wait.");
  if (session.provider !== "scripted" && !state.hasModelKey) throw new Refusal(503, "There is no key for anthropic: paste one into the page.");
  session.busy = true;
  session.updated_at = now();
  const message_id = makeId("msg");
  emit(state, session, "user_message", { message_id, content, timestamp: now() });
  json(response, 200, { message_id, status: "processing", stream_url: `/api/v1/sessions/${id}/stream` });
  const tools = {
    pace: state.pace,
    emit: (event, data) => emit(state, session, event, data),
    now,
    paint: () => paint(session),
    cancelled: () => session.cancelled,
  };
  session.cancelled = false;
  const status = await playTurn(tools, message_id, content);
  session.busy = false;
  emit(state, session, "message_complete", { message_id, status, timestamp: now() });
}

/** The next picture of the desk, shown to every viewer; returns the path of its PNG. */
function paint(session) {
  const { screen } = session;
  screen.step++;
  screen.pixels = desktopPixels(screen.width, screen.height, screen.step);
  screen.viewers.forEach((changed) => changed());
  return `/api/v1/sessions/${session.id}/blobs/${screen.step}`;
}

function stream(state, { request, response, url, id }) {
  const session = find(state, id);
  const last = request.headers["last-event-id"] ?? url.searchParams.get("last_event_id");
  response.writeHead(200, { "Content-Type": "text/event-stream", "Cache-Control": "no-store" });
  response.write(": open\n\n");
  if (last !== null) session.events.filter(({ seq }) => seq > Number(last)).forEach((event) => send(response, event));
  const entry = { session, response };
  state.streams.add(entry);
  response.on("close", () => state.streams.delete(entry));
}

async function upload(state, { request, response, id }) {
  const session = find(state, id);
  const parts = [];
  for await (const part of request) parts.push(part);
  const type = request.headers["content-type"] ?? "";
  if (!type.startsWith("multipart/form-data")) throw new Refusal(415, "An upload is multipart/form-data.");
  const form = await new Response(Buffer.concat(parts), { headers: { "Content-Type": type } }).formData();
  if ([...form.keys()].join() !== "dest_path,file") throw invalid("file", "the parts must be dest_path, then file");
  session.files.set(form.get("dest_path"), Buffer.from(await form.get("file").arrayBuffer()));
  json(response, 200, { success: true });
}

async function list(state, { request, response, id }) {
  const session = find(state, id);
  const { path } = await body(request, ["path"]);
  const prefix = path === "/" ? "/" : `${path}/`;
  const rows = new Map();
  for (const [name, content] of session.files) {
    if (!name.startsWith(prefix)) continue;
    const [first, ...deeper] = name.slice(prefix.length).split("/");
    rows.set(first, { name: first, path: prefix + first, is_dir: deeper.length > 0, size: deeper.length > 0 ? 0 : content.length });
  }
  json(response, 200, { success: true, entries: [...rows.values()] });
}

function download(state, { response, url, id }) {
  const content = find(state, id).files.get(url.searchParams.get("path"));
  if (!content) throw new Refusal(404, "There is no such file on the desk.");
  response.writeHead(200, { "Content-Type": "application/octet-stream", "Content-Disposition": "attachment" });
  response.end(content);
}

function blob(state, { response, id, rest }) {
  const { width, height } = find(state, id).screen;
  response.writeHead(200, { "Content-Type": "image/png" });
  response.end(png(desktopPixels(width, height, Number(rest)), width, height));
}

async function rename(state, { request, response, id }) {
  const session = find(state, id);
  const { title } = await body(request, ["title"]);
  if (typeof title !== "string" || title.length < 1) throw invalid("title", "must not be empty");
  session.title = title;
  json(response, 200, shown(session));
}

async function renew(state, { response, id }) {
  const session = find(state, id);
  if (!["failed", "lost", "stopped"].includes(session.desk.state)) throw new Refusal(409, "The desk works; there is nothing to replace.");
  setDesk(state, session, "starting");
  setTimeout(() => setDesk(state, session, "ready"), state.renewTime);
  json(response, 200, shown(session));
}

async function credentials(state, { request, response }) {
  const wish = await body(request, request.method === "POST" ? ["provider", "key"] : ["provider"]);
  if (wish.provider !== "anthropic") throw invalid("provider", "must be anthropic");
  state.hasModelKey = request.method === "POST";
  json(response, 204);
}

const session = "/api/v1/sessions/([^/]+)";
const route = (path) => new RegExp(`^${path}$`);
const routes = [
  ["GET", route("/api/v1/config"), (state, { response }) => json(response, 200, {
    app_name: "Carrel", version: "0.1.0", api_provider: "anthropic", default_model: "claude-opus-5-5",
    vnc_url: "/desk/{id}", available_providers: ["anthropic", "scripted"],
  })],
  ["GET", route("/api/v1/health"), (state, { response }) => json(response, 200, {
    status: "healthy", version: "0.1.0", timestamp: now(),
    checks: { database: { status: "healthy", type: "sqlite" }, api_key: { status: state.hasModelKey ? "set" : "missing", provider: "anthropic" } },
  })],
  ["POST", route("/api/v1/credentials"), credentials],
  ["DELETE", route("/api/v1/credentials"), credentials],
  ["POST", route("/api/v1/sessions"), create],
  ["GET", route("/api/v1/sessions"), (state, { response, url }) => {
    const all = [...state.sessions.values()].filter(({ status }) => status === "active").reverse();
    const [limit, offset] = ["limit", "offset"].map((name) => Number(url.searchParams.get(name) ?? 0));
    json(response, 200, { sessions: all.slice(offset, offset + (limit || 50)).map(shown), total: all.length });
  }],
  ["GET", route(session), (state, { response, id }) => json(response, 200, { ...shown(find(state, id)), messages: [] })],
  ["PATCH", route(session), rename],
  ["DELETE", route(session), (state, { response, id }) => {
    find(state, id).status = "archived";
    json(response, 204);
  }],
  ["POST", route(`${session}/messages`), message],
  ["POST", route(`${session}/cancel`), (state, { response, id }) => {
    const found = find(state, id);
    found.cancelled = true;
    json(response, 200, { status: found.busy ? "cancelled" : "not_processing", message: "" });
  }],
  ["GET", route(`${session}/events`), (state, { response, url, id }) => {
    const after = Number(url.searchParams.get("after") ?? 0);
    const limit = Number(url.searchParams.get("limit") ?? 100);
    json(response, 200, { events: find(state, id).events.filter(({ seq }) => seq > after).slice(0, limit) });
  }],
  ["GET", route(`${session}/stream`), stream],
  ["GET", route(`${session}/blobs/(\\w+)`), blob],
  ["POST", route(`${session}/desk/renew`), renew],
  ["POST", route(`${session}/desk/file/upload`), upload],
  ["POST", route(`${session}/desk/file/list`), list],
  ["GET", route(`${session}/desk/file/download`), download],
];

function view(state, request, socket) {
  const url = new URL(request.url, "http://page");
  const match = route(`${session}/vnc`).exec(url.pathname);
  const found = match && state.sessions.get(match[1]);
  if (!found || found.desk.state !== "ready") return socket.end("HTTP/1.1 409 Conflict\r\nContent-Length: 0\r\n\r\n");
  const channel = acceptWebSocket(request, socket);
  state.channels.add(channel);
  socket.on("close", () => state.channels.delete(channel));
  serveRfb(channel, found.screen, url.searchParams.get("view_only") === "1");
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const server = await startPageServer({ port: Number(process.argv[2] ?? 0), pace: 250 });
  console.log(server.url);
}
