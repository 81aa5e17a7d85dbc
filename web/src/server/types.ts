// The shapes of the server's JSON that the page reads. The contract of each is the server's API description.

/** What can become of a desk; only `ready` has a picture. */
export type DeskState = "starting" | "ready" | "failed" | "lost" | "stopped";

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
}

/** What `POST /sessions` takes. */
export interface NewSession {
  title?: string;
  provider?: string;
  model?: string;
  system_prompt_suffix?: string;
  network?: Network;
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
