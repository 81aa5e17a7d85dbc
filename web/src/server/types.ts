// The shapes of the server's JSON that the page reads. The contract of each is the server's API description.

/**
 * What can become of a desk. A `ready` one has a live picture, and so has a `frozen` one: any call wakes it. One
 * that is `asleep` has only its files: any call makes it anew of them. A `paused`
 * one stands still until somebody resumes it, and has its last picture.
 */
export type DeskState = "starting" | "ready" | "frozen" | "asleep" | "paused" | "failed" | "lost" | "stopped";

/** `internet`: out through NAT, nothing private reachable. `none`: loopback only. */
export type Network = "internet" | "none";

/** A session's desktop; width and height in pixels. */
export interface Desk {
  state: DeskState;
  reason?: string;
  network: Network;
  width: number;
  height: number;
  /** False: its image has none. Missing: it has one. */
  display?: boolean;
}

/** A row of the session list. */
export interface Session {
  id: string;
  title: string | null;
  model: string;
  provider: string;
  created_at: string;
  updated_at: string;
  vnc_url: string;
  busy: boolean;
  /** Who looks at the desktop live, this page among them; missing while that is not known for sure. */
  viewers?: Viewers;
  desk: Desk;
  /** Since when nobody and nothing uses the desk; null while it is used. */
  idle_since?: string | null;
  /** What keeps the desk awake, as sentences. */
  awake?: readonly string[];
  /** Its place in the line for a desk, from 1 on. */
  queue_position?: number | null;
}

/** Numbers of connections to a desk's screen. */
export interface Viewers {
  watching: number;
  in_control: number;
}

/** What a living desk uses; what its host does not count is missing. */
export interface DeskUsage {
  processor_seconds?: number;
  memory_bytes?: number;
}

/** The part of `GET /sessions/{id}/usage` that the page reads. */
export interface SessionUsage {
  desk: DeskUsage;
}

/** A vendor of models: a row of the server's table. */
export interface Provider {
  name: string;
  title: string;
  needs_key: boolean;
  /** There is one, which is never so where none is needed. */
  has_key: boolean;
  /** The environment variable that gives the server a key; empty when none is needed, as the hint. */
  key_variable: string;
  /** How a key looks. */
  key_hint: string;
  default_model: string;
  /** To suggest; any other can be named. Empty: there is no choice. */
  models: string[];
}

/** The part of `GET /config` that the page reads. */
export interface Config {
  version: string;
  api_provider: string;
  default_network: Network;
  providers: Provider[];
  /** The server has keys: whoever sees more than the login has logged in. */
  needs_login: boolean;
  /** Who asks, and what they may. */
  user: string;
  role: Role;
}

/** In rising order. */
export type Role = "viewer" | "user" | "admin";

/** A key of the server, as lists tell it: without the key. */
export interface Key {
  id: string;
  user: string;
  role: Role;
  name: string;
  last_used_at: string | null;
  expires_at: string | null;
  revoked_at: string | null;
}

/** What `POST /keys` takes; without `expires_seconds` it lasts for ever. */
export interface NewKey {
  user: string;
  role: Role;
  name?: string;
  expires_seconds?: number;
}

export type LinkMode = "view" | "control";

/** A link to a session's desktop, as lists tell it: without its address. */
export interface Link {
  id: string;
  mode: LinkMode;
  expires_at: string;
}

/** Files of the caller's that outlive desks. */
export interface Workspace {
  name: string;
  bytes: number;
  /** What fits into it; null of one without a bound. */
  quota_bytes: number | null;
}

/** What `POST /sessions` takes. */
export interface NewSession {
  title?: string;
  provider?: string;
  model?: string;
  system_prompt_suffix?: string;
  network?: Network;
  image?: string;
  /** Files of the caller's that outlive desks, at ~/workspace; with `home` the home directory, too. */
  workspace?: string;
  home?: boolean;
  /** How long to stand in the line while no desk is free. */
  wait_seconds?: number;
}

/** One line of a session's log: `seq` rises, may skip, never repeats. */
export interface StoredEvent {
  seq: number;
  event: string;
  data: Record<string, unknown>;
}

/** One row of a desk's folder; size in bytes. */
export interface FileEntry {
  name: string;
  path: string;
  is_dir: boolean;
  size: number;
}
