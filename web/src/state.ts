// What the page knows, in signals, and the actions that change it. Components read signals and call actions;
// nothing else talks to the server, except the viewer and the desk's files.
import { batch, computed, effect, signal, untracked } from "@preact/signals";
import { api, ApiError, reason, whenUnauthorized } from "./server/api";
import { draftOf, forgetDrafts, sendDraft, setDraft } from "./chat/drafts";
import { applyEvents } from "./log/events";
import { lacksKey, scripted, suggested } from "./sessions/providers";
import { emptyTranscript, type Transcript } from "./log/transcript";
import { runFeed, type FeedState } from "./log/feed";
import { liveSource } from "./log/live";
import { titleOf } from "./parts/format";
import { remember, remembered } from "./parts/theme";
import type { Config, NewSession, Session, StoredEvent } from "./server/types";

export type Access = "unknown" | "open" | "login";
export type Panel = "sessions" | "desktop" | "chat";
export interface Toast {
  id: number;
  tone: "info" | "error";
  message: string;
  /** The session that it is about, if it is about one. */
  about?: string;
}

export const access = signal<Access>("unknown");
export const reachable = signal(true);
export const config = signal<Config | undefined>(undefined);
export const sessions = signal<Session[] | undefined>(undefined);
export const selectedId = signal<string | undefined>(sessionInAddress());
export const transcript = signal<Transcript>(emptyTranscript);
export const feedState = signal<FeedState>("loading");
export const panel = signal<Panel>("chat");
export const toasts = signal<Toast[]>([]);
export const sidebar = signal(remembered("sidebar") !== "hidden");
export const newSessionOpen = signal(false);
export const peopleOpen = signal(false);
/** Whose key the dialog asks for; undefined while there is no dialog. */
export const keyDialogFor = signal<string | undefined>(undefined);
/** Sessions that are being deleted: nothing is asked about them any more. */
export const leaving = signal<ReadonlySet<string>>(new Set());

export const selected = computed(() => sessions.value?.find((session) => session.id === selectedId.value));

/** The selected session works on a message: the log says so first, the list until then. */
export const busy = computed(() => transcript.value.busy ?? selected.value?.busy ?? false);

/** The provider whose key matters now: the selected session's, else the server's default. */
export const provider = computed(() => selected.value?.provider ?? config.value?.api_provider ?? "");

/** Who asks may act on desks, make sessions, let people in. Until the server has told, what it would refuse is offered. */
export const mayControl = computed(() => config.value?.role !== "viewer");
export const isAdmin = computed(() => config.value?.role === "admin");

/** True when the next message could not be answered for want of a key. */
export const keyMissing = computed(() => lacksKey(config.value, provider.value));

export function toggleSidebar(): void {
  sidebar.value = !sidebar.value;
  remember("sidebar", sidebar.value ? "shown" : "hidden");
}

/** Counts the wishes to write: the composer takes the focus when it grows. */
export const wishToWrite = signal(0);

let nextToast = 1;
export function toast(tone: Toast["tone"], message: string, about?: string): void {
  if (toasts.value.some((entry) => entry.message === message)) return;
  const id = nextToast++;
  toasts.value = [...toasts.value.slice(-2), { id, tone, message, ...(about && { about }) }];
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
  batch(() => {
    selectedId.value = id;
    transcript.value = emptyTranscript;
    feedState.value = "loading";
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
  setDraft(id, "");
  sessions.value = (sessions.value ?? []).filter((session) => session.id !== id);
}

/** Reads the list again. */
/** Grows with each log-out: what was asked before it must not be shown after it. */
let visit = 0;

export async function refresh(): Promise<void> {
  const mine = visit;
  try {
    const list = await api.sessions();
    if (mine !== visit) return;
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
    const mine = visit;
    const told = await api.config();
    if (mine === visit) config.value = told;
  } catch {
    // The list's own call says what is wrong; this is read again with the next one that works.
  }
}

/** Runs an action and tells the person when it fails; true if it worked. `about`: the session whose action it is. */
export async function attempt(action: () => Promise<unknown>, about?: string): Promise<boolean> {
  try {
    await action();
    return true;
  } catch (error) {
    if (!(error instanceof ApiError && error.status === 401)) toast("error", reason(error), about);
    return false;
  }
}

/** The session is shown, unless nobody `isWaiting` for it any more. */
export async function createSession(wish: NewSession, isWaiting = () => true): Promise<void> {
  const session = await api.createSession(wish);
  put(session);
  if (!isWaiting()) return;
  select(session.id);
  wishToWrite.value++;
  if (session.provider === scripted && draftOf(session.id) === "") setDraft(session.id, suggested);
}

/** Sends what was written to a session. A failure says which one is meant, when another is shown by then. */
export const send = (session: Session) =>
  attempt(async () => {
    await sendDraft(session.id).catch((error: unknown) => {
      if (session.id === selectedId.value || !(error instanceof ApiError)) throw error;
      throw new ApiError(error.status, `Not sent to “${titleOf(session)}”: ${error.message}`);
    });
  }, session.id);

export const renameSession = (id: string, title: string) =>
  attempt(async () => {
    const session = (sessions.value ?? []).find((entry) => entry.id === id);
    if (session) put({ ...session, title });
    await api.renameSession(id, title).catch((error: unknown) => {
      if (session) put(session);
      throw error;
    });
  });

/** With `purge` its conversation too. */
export const deleteSession = (id: string, purge: boolean) =>
  attempt(async () => {
    leaving.value = new Set(leaving.value).add(id);
    try {
      await api.deleteSession(id, purge);
      remove(id);
    } finally {
      leaving.value = new Set([...leaving.value].filter((other) => other !== id));
    }
  });

export const renewDesk = (id: string) =>
  attempt(async () => {
    await api.renewDesk(id);
    // What failed for want of a desk is over.
    toasts.value = toasts.value.filter((entry) => entry.tone !== "error" || entry.about !== id);
    await refreshSession(id);
  }, id);

export const pauseDesk = (id: string) => attempt(async () => put(await api.pause(id)), id);

/** Lets a paused desk go on; keeps one that is about to end for want of use. */
export const resumeDesk = (id: string) => attempt(async () => put(await api.resume(id)), id);

/** Who looks at its desktop is not known until the session is read again: this page's own part changes. */
export function forgetViewers(id: string): void {
  const session = sessions.value?.find((entry) => entry.id === id);
  if (!session?.viewers) return;
  const { viewers: _, ...rest } = session;
  put(rest);
}

/** Reads one session again; used when something about its desk may have changed. */
export async function refreshSession(id: string): Promise<void> {
  if (leaving.value.has(id)) return;
  try {
    const mine = visit;
    const session = await api.session(id);
    if (mine === visit) put(session);
  } catch (error) {
    if (error instanceof ApiError && error.status === 404) remove(id);
  }
}

export async function saveKey(provider: string, key: string): Promise<void> {
  await api.setKey(provider, key);
  config.value = await api.config();
}

export const forgetKey = (provider: string) =>
  attempt(async () => {
    await api.forgetKey(provider);
    config.value = await api.config();
  });

export async function login(key: string): Promise<void> {
  await api.login(key);
  access.value = "unknown";
  await Promise.all([refresh(), readServer()]);
}

/** Leaves nothing of what this tab knew. */
export const logout = () =>
  attempt(async () => {
    await api.logout();
    ++visit;
    forgetDrafts();
    batch(() => {
      toasts.value = [];
      access.value = "login";
      sessions.value = undefined;
      config.value = undefined;
      select(undefined);
    });
  });

function receive(id: string, events: StoredEvent[]): void {
  const before = transcript.value;
  const after = applyEvents(before, events);
  transcript.value = after;
  const session = sessions.value?.find((entry) => entry.id === id);
  if (!session) return;
  if (after.busy !== undefined && after.busy !== session.busy) put({ ...session, busy: after.busy });
  if (after.desk !== before.desk || after.queued !== before.queued) void refreshSession(id);
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
  void runFeed(
    liveSource(id, () => busy.value),
    sink,
    stop.signal,
  );
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
  const followed = computed(() => {
    const id = selectedId.value;
    return access.value === "open" && id && !leaving.value.has(id) ? id : undefined;
  });
  effect(() => (followed.value ? follow(followed.value) : undefined));
  const look = () => {
    if (document.visibilityState !== "visible" || access.value === "login") return;
    void refresh();
    if (!config.value) void readServer();
  };
  // Another tab may have logged in, or set or forgotten a key.
  document.addEventListener("visibilitychange", () => {
    if (document.visibilityState !== "visible") return;
    void refresh();
    void readServer();
  });
  setInterval(look, listInterval);
  look();
}
