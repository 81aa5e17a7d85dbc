// The feed's source in a browser: history by fetch, live events by EventSource.
import { api, streamUrl } from "../server/api";
import { eventNames } from "./events";
import type { FeedSource } from "./feed";
import { isRecord } from "../parts/format";
import { waitToRetry } from "../server/retry";
import type { StoredEvent } from "../server/types";

/** The server sends something at least every 30 s: after this much silence (ms) the stream is taken for dead. */
const silenceLimit = 75_000;

/** A source for one session. Breaks are not left to EventSource, which gives no reason and stops on some. */
export function liveSource(id: string): FeedSource {
  return {
    history: async (after, signal) => (await api.events(id, after, signal)).events,
    follow: (after, signal, onOpen, onEvent) => follow(streamUrl(id, after), signal, onOpen, onEvent),
    wait: waitToRetry,
  };
}

function follow(
  url: string,
  signal: AbortSignal,
  onOpen: () => void,
  onEvent: (event: StoredEvent) => void,
): Promise<void> {
  return new Promise((resolve) => {
    const source = new EventSource(url);
    let silence = 0;
    const end = () => {
      clearTimeout(silence);
      source.close();
      signal.removeEventListener("abort", end);
      resolve();
    };
    const heard = () => {
      clearTimeout(silence);
      silence = window.setTimeout(end, silenceLimit);
    };
    // Our events include one named "error", which is also the name of EventSource's own for a broken stream:
    // only the server's carries data.
    const receive = (message: Event) => {
      if (!(message instanceof MessageEvent)) return end();
      heard();
      const event = decode(message.type, message.lastEventId, String(message.data));
      if (event) onEvent(event);
    };
    source.addEventListener("open", () => {
      heard();
      onOpen();
    });
    source.addEventListener("keepalive", heard);
    for (const name of eventNames) source.addEventListener(name, receive);
    signal.addEventListener("abort", end);
    heard();
    if (signal.aborted) end();
  });
}

function decode(name: string, id: string, text: string): StoredEvent | undefined {
  const seq = Number(id);
  if (!Number.isSafeInteger(seq) || seq <= 0) return undefined;
  try {
    const data: unknown = JSON.parse(text);
    return isRecord(data) ? { seq, event: name, data } : undefined;
  } catch {
    return undefined;
  }
}
