// A stream of the events of several sessions, from the server: what a hub opens.
import { followUrl } from "../server/api";
import { isRecord } from "../parts/format";
import type { OpenStream } from "./hub";

/** The server sends something at least every 30 s: after this much silence (ms) the stream is taken for dead. */
const silenceLimit = 75_000;

/** Breaks are not left to EventSource, which gives no reason, stops on some, and would begin where it began. */
export const openStream: OpenStream = (places, events) => {
  const source = new EventSource(followUrl(places));
  let silence: ReturnType<typeof setTimeout>;
  const stop = () => {
    clearTimeout(silence);
    source.close();
  };
  const end = () => {
    stop();
    events.onEnd();
  };
  const heard = () => {
    clearTimeout(silence);
    silence = setTimeout(end, silenceLimit);
  };
  const on = (name: string, action: (data: Record<string, unknown>) => void) =>
    source.addEventListener(name, (message: MessageEvent<unknown>) => {
      heard();
      const data = decode(String(message.data));
      if (data) action(data);
    });
  source.addEventListener("error", end);
  source.addEventListener("open", () => {
    heard();
    events.onOpen();
  });
  on("keepalive", () => events.onQuiet());
  on("closed", ({ session_id }) => events.onClosed(String(session_id)));
  on("event", ({ session_id, seq, event, data }) => {
    if (typeof seq !== "number" || typeof event !== "string" || !isRecord(data)) return;
    events.onEvent(String(session_id), { seq, event, data });
  });
  heard();
  return stop;
};

function decode(text: string): Record<string, unknown> | undefined {
  try {
    const value: unknown = JSON.parse(text);
    return isRecord(value) ? value : undefined;
  } catch {
    return undefined;
  }
}
