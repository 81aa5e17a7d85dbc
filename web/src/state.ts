// What the page knows, in signals, and the actions that change it. Components read signals and call actions;
// nothing else talks to the server, except the viewer and the desk's files.
import { batch, computed, effect, signal, untracked } from "@preact/signals";
import { api, ApiError, reason, whenUnauthorized } from "./server/api";
import { applyEvents } from "./log/events";
import { needsKey, scripted } from "./sessions/providers";
import { emptyTranscript, type Transcript } from "./log/transcript";
import { runFeed, type FeedState } from "./log/feed";
import { liveSource } from "./log/live";
import { remember, remembered } from "./parts/theme";
import type { Config, Health, NewSession, Session, StoredEvent } from "./server/types";

export type Access = "unknown" | "open" | "login";
export type Panel = "sessions" | "desktop" | "chat";
export interface Toast {
  id: number;
  tone: "info" | "error";
  message: string;
}

export const access = signal<Access>("unknown");
export const reachable = signal(true);
export const config = signal<Config | undefined>(undefined);
export const health = signal<Health | undefined>(undefined);
export const sessions = signal<Session[] | undefined>(undefined);
export const selectedId = signal<string | undefined>(sessionInAddress());
export const transcript = signal<Transcript>(emptyTranscript);
export const feedState = signal<FeedState>("loading");
export const panel = signal<Panel>("chat");
export const toasts = signal<Toast[]>([]);
export const sidebar = signal(remembered("sidebar") !== "hidden");
export const newSessionOpen = signal(false);
export const keyDialogOpen = signal(false);

export const selected = computed(() => sessions.value?.find((session) => session.id === selectedId.value));

/** The selected session works on a message: the log says so first, the list until then. */
export const busy = computed(() => transcript.value.busy ?? selected.value?.busy ?? false);

/** The provider whose key matters now: the selected session's, else the server's default. */
export const provider = computed(() => selected.value?.provider ?? config.value?.api_provider ?? "");

/** True when the next message could not be answered for want of a key. */
export const keyMissing = computed(() => {
  return needsKey(config.value, provider.value) && health.value?.checks.api_key.status === "missing";
});

export function toggleSidebar(): void {
  sidebar.value = !sidebar.value;
  remember("sidebar", sidebar.value ? "shown" : "hidden");
}

const drafts = new Map<string, string>();
export const draft = signal("");

/** Counts the wishes to write: the composer takes the focus when it grows. */
export const wishToWrite = signal(0);

let nextToast = 1;
export function toast(tone: Toast["tone"], message: string): void {
  if (toasts.value.some((entry) => entry.message === message)) return;
  const id = nextToast++;
  toasts.value = [...toasts.value.slice(-2), { id, tone, message }];
  setTimeout(() => dismiss(id), tone === "error" ? 10_000 : 4000);
}

export function dismiss(id: number): void {
  toasts.value = toasts.value.filter((entry) => entry.id !== id);
}

function sessionInAddress(): string | undefined {
  const id = location.hash.slice(1);
  return /^sess_\w+$/.test(id) ? id : undefined;
}

/** Shows a session; the address keeps it, so a reload and a bookmark come back here. */
export function select(id: string | undefined): void {
  if (id === selectedId.value) return;
  if (selectedId.value) drafts.set(selectedId.value, draft.value);
  batch(() => {
    selectedId.value = id;
    transcript.value = emptyTranscript;
    feedState.value = "loading";
    draft.value = (id && drafts.get(id)) ?? "";
  });
  history.replaceState(null, "", id ? `#${id}` : location.pathname);
}

function put(session: Session): void {
  const others = (sessions.value ?? []).filter((other) => other.id !== session.id);
  const at = (sessions.value ?? []).findIndex((other) => other.id === session.id);
  others.splice(at < 0 ? 0 : at, 0, session);
  sessions.value = others;
}

function remove(id: string): void {
  sessions.value = (sessions.value ?? []).filter((session) => session.id !== id);
}

/** Reads the list again. */
export async function refresh(): Promise<void> {
  try {
    const list = await api.sessions();
    if (!reachable.value) void readServer();
    batch(() => {
      reachable.value = true;
      access.value = "open";
      sessions.value = list;
    });
  } catch (error) {
    if (error instanceof ApiError && error.status === 0) reachable.value = false;
    else if (!(error instanceof ApiError && error.status === 401)) toast("error", reason(error));
  }
}

async function readServer(): Promise<void> {
  try {
    [config.value, health.value] = await Promise.all([api.config(), api.health()]);
  } catch {
    // The list's own call says what is wrong; these two are read again with the next one that works.
  }
}

/** Runs an action and tells the person when it fails; true if it worked. */
export async function attempt(action: () => Promise<unknown>): Promise<boolean> {
  try {
    await action();
    return true;
  } catch (error) {
    if (!(error instanceof ApiError && error.status === 401)) toast("error", reason(error));
    return false;
  }
}

export async function createSession(wish: NewSession): Promise<void> {
  const session = await api.createSession(wish);
  put(session);
  select(session.id);
  wishToWrite.value++;
  if (session.provider === scripted && draft.value === "") draft.value = "tour";
}

export const renameSession = (id: string, title: string) =>
  attempt(async () => {
    const session = (sessions.value ?? []).find((entry) => entry.id === id);
    if (session) put({ ...session, title });
    await api.renameSession(id, title).catch((error: unknown) => {
      if (session) put(session);
      throw error;
    });
  });

export const deleteSession = (id: string) =>
  attempt(async () => {
    await api.deleteSession(id);
    remove(id);
  });

export const renewDesk = (id: string) =>
  attempt(async () => {
    await api.renewDesk(id);
    await refreshSession(id);
  });

/** Reads one session again; used when something about its desk may have changed. */
export async function refreshSession(id: string): Promise<void> {
  try {
    put(await api.session(id));
  } catch (error) {
    if (error instanceof ApiError && error.status === 404) remove(id);
  }
}

export async function saveKey(key: string): Promise<void> {
  await api.setKey(provider.value, key);
  health.value = await api.health();
}

export const forgetKey = () =>
  attempt(async () => {
    await api.forgetKey(provider.value);
    health.value = await api.health();
  });

export async function login(key: string): Promise<void> {
  await api.login(key);
  access.value = "unknown";
  await Promise.all([refresh(), readServer()]);
}

function receive(id: string, events: StoredEvent[]): void {
  const before = transcript.value;
  const after = applyEvents(before, events);
  transcript.value = after;
  const session = sessions.value?.find((entry) => entry.id === id);
  if (!session) return;
  if (after.busy !== undefined && after.busy !== session.busy) put({ ...session, busy: after.busy });
  if (after.desk !== before.desk) void refreshSession(id);
}

/** Live events that come within one frame (ms) are drawn together; history is drawn once, when it is whole. */
const frame = 16;

function follow(id: string): () => void {
  const stop = new AbortController();
  let waiting: StoredEvent[] = [];
  const flush = () => {
    const events = waiting;
    waiting = [];
    if (events.length > 0 && !stop.signal.aborted) receive(id, events);
  };
  const sink = {
    onEvents: (events: StoredEvent[]) => {
      if (waiting.length === 0 && feedState.value !== "loading") setTimeout(flush, frame);
      waiting.push(...events);
    },
    onState: (state: FeedState) =>
      batch(() => {
        feedState.value = state;
        if (state !== "loading") flush();
      }),
    onError: (error: unknown) => {
      if (!(error instanceof ApiError)) throw error;
      if (error.status === 404) remove(id);
      return error.status !== 401 && error.status !== 404;
    },
  };
  void runFeed(liveSource(id), sink, stop.signal);
  return () => stop.abort();
}

/** Between two looks at the list (ms), while the page is visible: other sessions' states change on their own. */
const listInterval = 4000;

/** Starts what runs as long as the page is open. */
export function start(): void {
  whenUnauthorized(() => void (access.value = "login"));
  window.addEventListener("hashchange", () => select(sessionInAddress() ?? selectedId.value));
  effect(() => {
    const list = sessions.value;
    if (list && !selected.value) untracked(() => select(list[0]?.id));
  });
  effect(() => {
    const id = selectedId.value;
    if (id && access.value === "open") return follow(id);
    return undefined;
  });
  const look = () => {
    if (document.visibilityState !== "visible" || access.value === "login") return;
    void refresh();
    if (!config.value || !health.value) void readServer();
  };
  document.addEventListener("visibilitychange", look);
  setInterval(look, listInterval);
  look();
}
