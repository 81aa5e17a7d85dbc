// Follows one session's log: stored events first, then live ones, and again after every break and every rest. The
// last number seen decides where to go on, so nothing is missed and nothing comes twice.
import { retryDelay } from "../server/retry";
import type { StoredEvent } from "../server/types";

export type FeedState = "loading" | "live" | "reconnecting";

/** What a feed needs of the world; tests give their own. */
export interface FeedSource {
  /** One page of stored events after `seq`, oldest first; an empty page is the end. Throws what the call throws. */
  history(after: number, signal: AbortSignal): Promise<StoredEvent[]>;
  /** Resolves when events are wanted: at once, or when somebody sees the page again. */
  wake(signal: AbortSignal): Promise<void>;
  /** Streams events after `seq` until the stream breaks, `signal` aborts, or nobody sees the page any more. */
  follow(
    after: number,
    signal: AbortSignal,
    onOpen: () => void,
    onEvent: (event: StoredEvent) => void,
  ): Promise<"break" | "rest">;
  wait(delay: number, signal: AbortSignal): Promise<void>;
}

export interface FeedSink {
  onEvents(events: StoredEvent[]): void;
  onState(state: FeedState): void;
  /** Called when history cannot be read; false ends the feed (the session is gone, or a login is needed). */
  onError(error: unknown): boolean;
}

/** Runs until `signal` aborts or the sink gives up. */
export async function runFeed(source: FeedSource, sink: FeedSink, signal: AbortSignal): Promise<void> {
  let last = 0;
  let attempt = 0;
  const take = (events: StoredEvent[]): boolean => {
    const fresh = events.filter((event) => event.seq > last);
    last = fresh.at(-1)?.seq ?? last;
    if (fresh.length > 0 && !signal.aborted) sink.onEvents(fresh);
    return fresh.length > 0;
  };
  sink.onState("loading");
  while (!signal.aborted) {
    await source.wake(signal);
    if (signal.aborted) return;
    try {
      while (take(await source.history(last, signal)));
      if (signal.aborted) return;
      const end = await source.follow(
        last,
        signal,
        () => {
          attempt = 0;
          sink.onState("live");
        },
        (event) => take([event]),
      );
      if (end === "rest") continue;
    } catch (error) {
      if (signal.aborted || !sink.onError(error)) return;
    }
    if (signal.aborted) return;
    sink.onState("reconnecting");
    await source.wait(retryDelay(attempt++, Math.random()), signal);
  }
}
