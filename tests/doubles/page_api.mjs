// The calls of the REST and SSE contract, as page_server answers them: strict about what the page sends.
import { body, find, invalid, json, makeId, now, Refusal } from "./page_answers.mjs";
import { download, list, upload } from "./page_files.mjs";
import { desktopPixels, png } from "./picture.mjs";
import { playTurn } from "./page_turns.mjs";

export async function login(state, request, response) {
  const { key } = await body(request, ["key"]);
  if (key !== state.key) throw new Refusal(401, "This key is not known here.");
  response.setHeader("Set-Cookie", `carrel=${key}; HttpOnly; SameSite=Strict; Path=/`);
  json(response, 200, {});
}

export function logout(response) {
  response.setHeader("Set-Cookie", "carrel=; HttpOnly; SameSite=Strict; Path=/; Max-Age=0");
  json(response, 204);
}

function shown({ screen, events, messages, ...session }) {
  return session;
}

/** Stores an event and tells every stream of its session, in that order. */
export function emit(state, session, event, data) {
  const stored = { seq: (session.events.at(-1)?.seq ?? 0) + 1, event, data };
  session.events.push(stored);
  for (const stream of state.streams)
    if (stream.sessions.includes(session)) send(stream.response, session, stored);
}

function send(response, session, { seq, event, data }) {
  const told = JSON.stringify({ session_id: session.id, seq, event, data });
  response.write(`event: event\ndata: ${told}\n\n`);
}

export function setDesk(state, session, deskState, reason) {
  session.desk = {
    ...session.desk,
    state: deskState,
    ...(reason ? { reason } : {}),
  };
  if (!reason) delete session.desk.reason;
  emit(state, session, "desk", {
    state: deskState,
    ...(reason ? { reason } : {}),
  });
}

const providers = [
  {
    name: "anthropic",
    title: "Anthropic",
    needs_key: true,
    key_variable: "ANTHROPIC_API_KEY",
    key_hint: "sk-ant-…",
    default_model: "claude-opus-5-5",
    models: ["claude-opus-5-5", "claude-sonnet-5-5"],
  },
  {
    name: "scripted",
    title: "Scripted",
    needs_key: false,
    key_variable: "",
    key_hint: "",
    default_model: "scripted",
    models: [],
  },
];

async function create(state, { request, response }) {
  const allowed = ["title", "model", "provider", "system_prompt_suffix", "network", "wait_seconds"];
  const wish = await body(request, allowed);
  if (wish.network !== undefined && !["internet", "none"].includes(wish.network))
    throw invalid("network", "must be internet or none");
  const provider = wish.provider ?? "anthropic";
  if (!providers.some(({ name }) => name === provider))
    throw invalid("provider", "must be anthropic or scripted");
  const id = makeId("sess");
  const [width, height] = [1280, 800];
  const session = {
    id,
    title: wish.title ?? null,
    status: "active",
    model: wish.model ?? providers.find(({ name }) => name === provider).default_model,
    provider,
    created_at: now(),
    updated_at: now(),
    vnc_url: `/desk/${id}`,
    busy: false,
    viewers: { watching: 0, in_control: 0 },
    desk: {
      id: makeId("desk"),
      state: "ready",
      network: wish.network ?? "internet",
      width,
      height,
    },
    events: [],
    files: new Map([["/home/agent/Downloads/readme.txt", Buffer.from("hello\n")]]),
    screen: {
      width,
      height,
      pixels: desktopPixels(width, height),
      record: [],
      viewers: new Set(),
      cutters: new Set(),
      step: 0,
    },
  };
  state.sessions.set(id, session);
  emit(state, session, "desk", { state: "ready" });
  json(response, 201, shown(session));
}

async function message(state, { request, response, id }) {
  const session = find(state, id);
  const { content } = await body(request, ["content"]);
  if (typeof content !== "string" || content.length < 1 || content.length > 10000)
    throw invalid("content", "must have 1 to 10000 characters");
  if (session.desk.state === "starting") throw new Refusal(503, "the desk is starting");
  if (session.busy) throw new Refusal(409, "The session already works on a message; cancel it or wait.");
  if (session.provider !== "scripted" && !state.hasModelKey)
    throw new Refusal(503, "There is no key for anthropic: paste one into the page.");
  session.busy = true;
  session.updated_at = now();
  const message_id = makeId("msg");
  emit(state, session, "user_message", {
    message_id,
    content,
    timestamp: now(),
  });
  json(response, 200, {
    message_id,
    status: "processing",
    stream_url: `/api/v1/sessions/${id}/stream`,
  });
  const tools = {
    pace: state.pace,
    emit: (event, data) => emit(state, session, event, data),
    now,
    paint: (same) => paint(session, same),
    cancelled: () => session.cancelled,
  };
  session.cancelled = false;
  const status = await playTurn(tools, message_id, content);
  session.busy = false;
  emit(state, session, "message_complete", {
    message_id,
    status,
    timestamp: now(),
  });
}

/** The next picture of the desk, or the same again, shown to every viewer; returns the path of its PNG. */
function paint(session, same) {
  const { screen } = session;
  if (!same) screen.step++;
  screen.pixels = desktopPixels(screen.width, screen.height, screen.step);
  screen.viewers.forEach((changed) => changed());
  return `/api/v1/sessions/${session.id}/blobs/${screen.step}`;
}

/** The events of several sessions, after the number that stands behind each. */
function follow(state, { request, response, url }) {
  const asked = (url.searchParams.get("sessions") ?? "").split(",").map((item) => item.split(":"));
  if (asked.some(([id, after]) => !id || !/^\d+$/.test(after ?? "")))
    throw invalid("sessions", "must be id:number,…");
  response.writeHead(200, {
    "Content-Type": "text/event-stream",
    "Cache-Control": "no-store",
  });
  response.write(": open\n\n");
  const entry = { sessions: [], response };
  for (const [id, after] of asked) {
    const session = state.sessions.get(id);
    if (session?.status !== "active") {
      response.write(`event: closed\ndata: ${JSON.stringify({ session_id: id })}\n\n`);
      continue;
    }
    entry.sessions.push(session);
    session.events
      .filter(({ seq }) => seq > Number(after))
      .forEach((event) => send(response, session, event));
  }
  state.streams.add(entry);
  request.socket.on("close", () => state.streams.delete(entry));
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
  if (session.desk.state === "ready" || (session.desk.state === "starting" && !session.desk.reason))
    throw new Refusal(409, "The desk works; there is nothing to replace.");
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

export const session = "/api/v1/sessions/([^/]+)";
export const route = (path) => new RegExp(`^${path}$`);
/** Method, path and function of every call; the first group of a path is the session. */
export const routes = [
  [
    "GET",
    route("/api/v1/config"),
    (state, { response }) =>
      json(response, 200, {
        app_name: "Carrel",
        version: "0.1.0",
        api_provider: "anthropic",
        default_model: "claude-opus-5-5",
        default_network: "internet",
        vnc_url: "/desk/{id}",
        available_providers: providers.map(({ name }) => name),
        providers: providers.map((row) => ({ ...row, has_key: row.needs_key && state.hasModelKey })),
        needs_login: state.key !== undefined,
        user: "local",
        role: "admin",
      }),
  ],
  [
    "GET",
    route("/api/v1/health"),
    (state, { response }) =>
      json(response, 200, {
        status: "healthy",
        version: "0.1.0",
        timestamp: now(),
        checks: {
          database: { status: "healthy", type: "sqlite" },
          api_key: {
            status: state.hasModelKey ? "set" : "missing",
            provider: "anthropic",
          },
        },
      }),
  ],
  [
    "GET",
    route("/api/v1/images"),
    (state, { response }) => json(response, 200, { images: [{ name: "desktop" }, { name: "python" }] }),
  ],
  [
    "GET",
    route("/api/v1/workspaces"),
    (state, { response }) => json(response, 200, { workspaces: [], total: 0 }),
  ],
  ["POST", route("/api/v1/credentials"), credentials],
  ["DELETE", route("/api/v1/credentials"), credentials],
  ["POST", route("/api/v1/sessions"), create],
  [
    "GET",
    route("/api/v1/sessions"),
    (state, { response, url }) => {
      const all = [...state.sessions.values()].filter(({ status }) => status === "active").reverse();
      const [limit, offset] = ["limit", "offset"].map((name) => Number(url.searchParams.get(name) ?? 0));
      json(response, 200, {
        sessions: all.slice(offset, offset + (limit || 50)).map(shown),
        total: all.length,
      });
    },
  ],
  [
    "GET",
    route(session),
    (state, { response, url, id }) =>
      json(response, 200, {
        ...shown(find(state, id)),
        ...(url.searchParams.get("messages") === "false" ? {} : { messages: [] }),
      }),
  ],
  ["PATCH", route(session), rename],
  [
    "DELETE",
    route(session),
    (state, { response, url, id }) => {
      find(state, id).status = "archived";
      if (url.searchParams.get("purge") === "true") state.sessions.delete(id);
      for (const stream of state.streams) {
        if (!stream.sessions.some((session) => session.id === id)) continue;
        stream.response.write(`event: closed\ndata: ${JSON.stringify({ session_id: id })}\n\n`);
      }
      state.channels.forEach((channel) => channel.session === id && channel.destroy());
      json(response, 204);
    },
  ],
  ["POST", route(`${session}/messages`), message],
  [
    "POST",
    route(`${session}/cancel`),
    (state, { response, id }) => {
      const found = find(state, id);
      found.cancelled = true;
      json(response, 200, {
        status: found.busy ? "cancelled" : "not_processing",
        message: "",
      });
    },
  ],
  [
    "GET",
    route(`${session}/events`),
    (state, { response, url, id }) => {
      const after = Number(url.searchParams.get("after") ?? 0);
      const limit = Number(url.searchParams.get("limit") ?? 100);
      json(response, 200, {
        events: find(state, id)
          .events.filter(({ seq }) => seq > after)
          .slice(0, limit),
      });
    },
  ],
  [
    "GET",
    route(`${session}/usage`),
    (state, { response, id }) => {
      find(state, id);
      json(response, 200, { id, desk: { processor_seconds: 1, memory_bytes: 20_000_000 } });
    },
  ],
  ["GET", route("/api/v1/events"), follow],
  ["GET", route(`${session}/blobs/(\\w+)`), blob],
  ["POST", route(`${session}/desk/renew`), renew],
  ["POST", route(`${session}/desk/file/upload`), upload],
  ["POST", route(`${session}/desk/file/list`), list],
  [
    "GET",
    route(`${session}/desk/system/clipboard`),
    (state, { response, id }) =>
      json(response, 200, { success: true, content: find(state, id).screen.copied ?? "", types: [] }),
  ],
  ["GET", route(`${session}/desk/file/download`), download],
];
