// The shared worker at /stream.js: one hub, and with it one stream, for all tabs of this browser.
import { Hub, type ToHub, type ToPage } from "./hub";
import { openStream } from "./several";

/** Tabs that come within this time (ms), as after the server's return, share one beginning. */
const together = 20;

const hub = new Hub(openStream, (action) => setTimeout(action, together));

(globalThis as unknown as { onconnect: (event: MessageEvent) => void }).onconnect = (event) => {
  const port = event.ports[0];
  if (!port) return;
  const tell = (message: ToPage) => port.postMessage(message);
  port.onmessage = (message: MessageEvent<ToHub>) => hub.take(tell, message.data);
};
