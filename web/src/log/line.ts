// This page's line to the hub: in the worker that all tabs share, or in the page itself where there is none.
import { Hub, type ToHub, type ToPage } from "./hub";
import { openStream } from "./several";

/** One for each version of what is said on it: a worker of an older page may still run in another tab. */
const workerName = "carrel events 1";

type Hear = (message: ToPage) => void;

/** What the hub says goes to whoever follows now. */
let turn = 0;
let hear: Hear = () => {};
const heard: Hear = (message) => {
  if (message.kind === "ask") say({ kind: "here", turn });
  else if (message.turn === turn) hear(message);
};

let hub: ((message: ToHub) => void) | undefined;
let isShared = false;

function ownHub(): (message: ToHub) => void {
  const own = new Hub(openStream, (action) => action());
  return (message) => own.take(heard, message);
}

function sharedHub(): (message: ToHub) => void {
  const worker = new SharedWorker("/stream.js", { name: workerName });
  worker.port.onmessage = ({ data }: MessageEvent<ToPage>) => heard(data);
  worker.onerror = () => {
    hub = ownHub();
    isShared = false;
    hear({ kind: "end", turn });
  };
  isShared = true;
  return (message) => worker.port.postMessage(message);
}

function findHub(): (message: ToHub) => void {
  try {
    if ("SharedWorker" in globalThis) return sharedHub();
  } catch {
    // A browser that has them may still refuse them to this page.
  }
  return ownHub();
}

function say(message: ToHub): void {
  hub ??= findHub();
  hub(message);
}

/** False where this page has a stream of its own. */
export function sharesHub(): boolean {
  hub ??= findHub();
  return isShared;
}

/** Follows a session's events after that number, until the stream breaks or `signal` aborts; then resolves. */
export function followEvents(
  session: string,
  after: number,
  signal: AbortSignal,
  onMessage: (message: Exclude<ToPage, { kind: "ask" | "end" }>) => void,
): Promise<void> {
  return new Promise((resolve) => {
    const end = () => {
      hear = () => {};
      signal.removeEventListener("abort", leave);
      resolve();
    };
    const leave = () => {
      say({ kind: "leave" });
      end();
    };
    hear = (message) => {
      if (message.kind === "end") end();
      else if (message.kind !== "ask") onMessage(message);
    };
    signal.addEventListener("abort", leave);
    if (signal.aborted) leave();
    else say({ kind: "follow", turn: ++turn, session, after });
  });
}
