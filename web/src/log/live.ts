// The feed's source in a browser: history by fetch, live events by the stream that all tabs share. A tab that nobody
// sees follows nothing.
import { effect } from "@preact/signals";
import { api } from "../server/api";
import type { FeedSource } from "./feed";
import { followEvents, sharesHub } from "./line";
import { isSeen, untilSeen } from "../parts/seen";
import { waitToRetry } from "../server/retry";

/**
 * A source for one session. While `isNeeded` (which reads signals) it goes on in a tab that nobody sees, whose title
 * tells of the turn's end, if that costs no connection of its own.
 */
export function liveSource(id: string, isNeeded: () => boolean): FeedSource {
  // The signals are read first: an effect follows only what it has read.
  const mayRest = () => !(isNeeded() && sharesHub()) && !isSeen();
  return {
    history: async (after, signal) => (await api.events(id, after, signal)).events,
    wake: (signal) => (mayRest() ? untilSeen(signal) : Promise.resolve()),
    wait: waitToRetry,
    follow: async (after, signal, onOpen, onEvent) => {
      const rest = new AbortController();
      const leave = () => rest.abort();
      const look = () => void (mayRest() && leave());
      const stopLooking = effect(look);
      document.addEventListener("visibilitychange", look);
      window.addEventListener("pagehide", leave);
      await followEvents(id, after, AbortSignal.any([signal, rest.signal]), (message) => {
        if (message.kind === "open") onOpen();
        else onEvent(message.event);
      });
      stopLooking();
      document.removeEventListener("visibilitychange", look);
      window.removeEventListener("pagehide", leave);
      return rest.signal.aborted ? "rest" : "break";
    },
  };
}
