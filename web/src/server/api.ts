// Calls of the server's REST API. One function per operation that the page uses; every failure is an ApiError
// whose message can be shown.
import { isRecord, problemText } from "../parts/format";
import type {
  Config,
  FileEntry,
  Key,
  Link,
  LinkMode,
  NewKey,
  NewSession,
  Session,
  SessionUsage,
  StoredEvent,
  Workspace,
} from "./types";

/** An answer that is not 2xx, or none at all (status 0). */
export class ApiError extends Error {
  constructor(
    readonly status: number,
    message: string,
  ) {
    super(message);
  }
}

/** Called on every 401, so that one place can show the login. */
let onUnauthorized = () => {};
export function whenUnauthorized(action: () => void): void {
  onUnauthorized = action;
}

const base = "/api/v1";

/** Grows with each log-in: a refusal of what was asked before it says nothing of who asks now. */
let logIns = 0;

async function call<T>(method: string, path: string, body?: unknown, signal?: AbortSignal): Promise<T> {
  const before = logIns;
  const response = await fetch(base + path, {
    method,
    headers: body === undefined ? {} : { "Content-Type": "application/json" },
    body: body === undefined ? null : JSON.stringify(body),
    credentials: "same-origin",
    signal: signal ?? null,
  }).catch((error: unknown) => {
    if (signal?.aborted) throw error;
    throw new ApiError(0, "The server does not answer. Is it running?");
  });
  const content = parsed(await response.text());
  if (!response.ok) throw refused(response.status, content, before === logIns);
  return content as T;
}

function parsed(text: string): unknown {
  try {
    return text === "" ? undefined : JSON.parse(text);
  } catch {
    return undefined;
  }
}

function refused(status: number, content: unknown, isOfNow = true): ApiError {
  if (status === 401 && isOfNow) onUnauthorized();
  return new ApiError(status, problemText(status, content));
}

const session = (id: string) => `/sessions/${encodeURIComponent(id)}`;

export const api = {
  config: () => call<Config>("GET", "/config"),
  login: async (key: string): Promise<void> => {
    await call<unknown>("POST", "/login", { key });
    ++logIns;
  },
  logout: () => call<void>("POST", "/logout"),

  sessions: async (): Promise<Session[]> => {
    const all: Session[] = [];
    for (;;) {
      const page = await call<{ sessions: Session[]; total: number }>(
        "GET",
        `/sessions?limit=100&offset=${all.length}`,
      );
      all.push(...page.sessions);
      if (page.sessions.length === 0 || all.length >= page.total) return all;
    }
  },
  /** Without its messages, of which there may be many: the log has them. */
  session: (id: string) => call<Session>("GET", `${session(id)}?messages=false`),
  createSession: (wish: NewSession) => call<Session>("POST", "/sessions", wish),
  renameSession: (id: string, title: string) => call<Session>("PATCH", session(id), { title }),
  /** Its conversation stays on the server, unless it is to be purged. */
  deleteSession: (id: string, purge: boolean) =>
    call<void>("DELETE", session(id) + (purge ? "?purge=true" : "")),
  usage: (id: string) => call<SessionUsage>("GET", `${session(id)}/usage`),
  renewDesk: (id: string) => call<unknown>("POST", `${session(id)}/desk/renew`),
  pause: (id: string) => call<Session>("POST", `${session(id)}/pause`),
  /** Also counts as a use of a desk that is not paused. */
  resume: (id: string) => call<Session>("POST", `${session(id)}/resume`),

  /** Names of what desks can start from. */
  images: async (): Promise<string[]> =>
    (await call<{ images: { name: string }[] }>("GET", "/images")).images.map(({ name }) => name),
  workspaces: async (): Promise<Workspace[]> =>
    (await call<{ workspaces: Workspace[] }>("GET", "/workspaces")).workspaces,

  links: async (id: string): Promise<Link[]> =>
    (await call<{ links: Link[] }>("GET", `${session(id)}/links`)).links,
  /** Its `url` has the secret, and is told this once. */
  createLink: (id: string, mode: LinkMode, expires_seconds: number) =>
    call<Link & { url: string }>("POST", `${session(id)}/links`, { mode, expires_seconds }),
  revokeLink: (id: string, link: string) =>
    call<void>("DELETE", `${session(id)}/links/${encodeURIComponent(link)}`),

  keys: async (): Promise<Key[]> => (await call<{ keys: Key[] }>("GET", "/keys?limit=1000")).keys,
  /** The answer has the key itself, which is told this once. */
  createKey: (wish: NewKey) => call<Key & { key: string }>("POST", "/keys", wish),
  revokeKey: (id: string) => call<void>("DELETE", `/keys/${encodeURIComponent(id)}`),

  send: (id: string, content: string) =>
    call<{ message_id: string }>("POST", `${session(id)}/messages`, { content }),
  cancel: (id: string) => call<{ status: string }>("POST", `${session(id)}/cancel`),
  events: (id: string, after: number, signal: AbortSignal) =>
    call<{ events: StoredEvent[] }>(
      "GET",
      `${session(id)}/events?after=${after}&limit=1000`,
      undefined,
      signal,
    ),

  setKey: (provider: string, key: string) => call<unknown>("POST", "/credentials", { provider, key }),
  forgetKey: (provider: string) => call<unknown>("DELETE", "/credentials", { provider }),

  /** The text that was copied in the desk; empty when there is none. */
  clipboard: async (id: string): Promise<string> =>
    (await call<{ content: string }>("GET", `${session(id)}/desk/system/clipboard`)).content,

  files: async (id: string, path: string): Promise<FileEntry[]> =>
    (await call<{ entries: FileEntry[] }>("POST", `${session(id)}/desk/file/list`, { path })).entries,
};

/** Where events of several sessions stream from: of each, those after the one with its number. */
export function followUrl(places: ReadonlyMap<string, number>): string {
  const sessions = [...places].map(([id, after]) => `${encodeURIComponent(id)}:${after}`);
  return `${base}/events?sessions=${sessions.join(",")}`;
}

/** The last picture of a paused desk; undefined where there is none, or the desk goes on. */
export async function pausedPicture(id: string): Promise<Blob | undefined> {
  const response = await fetch(`${base}${session(id)}/desk/screen/screenshot`, {
    headers: { Accept: "image/png" },
    credentials: "same-origin",
  }).catch(() => undefined);
  return response?.ok && response.headers.has("X-Carrel-Paused") ? response.blob() : undefined;
}

/** A desk's file as an attachment. */
export function downloadUrl(id: string, path: string): string {
  return `${base}${session(id)}/desk/file/download?path=${encodeURIComponent(path)}`;
}

/** The WebSocket of a desk's screen; a view-only one sends neither keys nor pointer. */
export function screenUrl(id: string, viewOnly: boolean): string {
  const scheme = location.protocol === "https:" ? "wss" : "ws";
  return `${scheme}://${location.host}${base}${session(id)}/vnc${viewOnly ? "?view_only=1" : ""}`;
}

/** Puts one file into a desk; `onProgress` gets parts of one. The path goes first so that the body can stream. */
export function upload(
  id: string,
  file: File,
  path: string,
  onProgress: (part: number) => void,
): Promise<void> {
  const form = new FormData();
  form.append("dest_path", path);
  form.append("file", file, file.name);
  return new Promise((resolve, reject) => {
    const request = new XMLHttpRequest();
    request.open("POST", `${base}${session(id)}/desk/file/upload`);
    request.upload.addEventListener("progress", (event) => {
      if (event.lengthComputable && event.total > 0) onProgress(event.loaded / event.total);
    });
    request.addEventListener("error", () => reject(new ApiError(0, "The connection broke while uploading.")));
    request.addEventListener("load", () => {
      const content = parsed(request.responseText);
      if (request.status < 200 || request.status > 299) reject(refused(request.status, content));
      else if (isRecord(content) && content["success"] === false)
        reject(new ApiError(422, String(content["error"])));
      else resolve();
    });
    request.send(form);
  });
}

/** What to tell a person about a failure of any kind. */
export function reason(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
