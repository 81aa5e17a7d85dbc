// The connection to one desk's screen: noVNC plus what it leaves to its user, which is coming back after a
// break, changing between watching and control, and a last picture to look at meanwhile.
import RFB from "@novnc/novnc";
import { signal } from "@preact/signals";
import { screenUrl } from "../server/api";
import { isSeen, untilSeen, untilUnseenFor } from "../parts/seen";
import { retryDelay, waitToRetry } from "../server/retry";

/** Keysyms of X11. */
const [controlLeft, altLeft, superLeft] = [0xffe3, 0xffe9, 0xffeb];

/** A page that nobody has seen for so long keeps no desk awake: a minute, in milliseconds. */
const restAfter = 60_000;

/** `connected`: there is a picture, and it is the desk's. */
export type ViewerState = "off" | "connecting" | "connected" | "waiting";

export class Viewer {
  readonly state = signal<ViewerState>("off");
  /** False: the server drops keys and pointer of this connection, whatever this page does. */
  readonly inControl = signal(false);
  /** The last text that was copied in the desk. */
  readonly clipboard = signal("");
  /** A text that a person copied in the desk and this computer's clipboard has not. */
  readonly offered = signal("");
  /** Told after every break, with the number of tries since the last success. */
  onBreak: (attempt: number) => void = () => {};
  /** Told when there is a picture, with every connection. */
  onShown: () => void = () => {};
  /** Told when text was copied in the desk. */
  onClipboard: (text: string) => void = () => {};

  private session = "";
  private rfb: RFB | undefined;
  private run: AbortController | undefined;
  private hurry: AbortController | undefined;

  /** `host` takes noVNC's canvas, `ghost` the last picture while there is no connection. */
  constructor(
    private readonly host: HTMLElement,
    private readonly ghost: HTMLCanvasElement,
  ) {}

  /** Shows this session's desk until `close` or the next `open`; one starts by watching. */
  open(session: string): void {
    this.close();
    if (session !== this.session) {
      this.inControl.value = false;
      this.clipboard.value = "";
      this.offered.value = "";
    }
    this.session = session;
    this.run = new AbortController();
    void this.keepConnected(session, this.run.signal);
  }

  close(): void {
    this.run?.abort();
    this.run = undefined;
    this.rfb?.disconnect();
    this.ghost.classList.remove("shown");
    this.state.value = "off";
  }

  /** Takes or gives up keyboard and mouse; the connection is made anew because the server decides by it. */
  setControl(on: boolean): void {
    if (on === this.inControl.value) return;
    this.inControl.value = on;
    if (this.state.value === "connected") this.state.value = "connecting";
    if (this.rfb) this.rfb.viewOnly = !on;
    this.rfb?.disconnect();
    this.retryNow();
  }

  retryNow(): void {
    this.hurry?.abort();
  }

  focus(): void {
    this.rfb?.focus({ preventScroll: true });
  }

  /** Offers text as the desk's clipboard; only in control. */
  paste(text: string): void {
    this.rfb?.clipboardPasteFrom(text);
  }

  /** Presses and releases one key, by its keysym. */
  press(keysym: number): void {
    this.rfb?.sendKey(keysym, null);
  }

  /** Presses Ctrl+V, whatever the person holds down here: Cmd is another key in the desk. */
  pressPaste(): void {
    for (const held of [altLeft, superLeft]) this.rfb?.sendKey(held, null, false);
    this.rfb?.sendKey(controlLeft, "ControlLeft", true);
    this.rfb?.sendKey("v".charCodeAt(0), "KeyV");
    this.rfb?.sendKey(controlLeft, "ControlLeft", false);
  }

  private async keepConnected(session: string, signal: AbortSignal): Promise<void> {
    let attempt = 0;
    while (!signal.aborted) {
      this.state.value = "connecting";
      await untilSeen(signal);
      if (signal.aborted) return;
      const control = this.inControl.value;
      const worked = await this.connectOnce(session, control, signal);
      if (signal.aborted) return;
      if (worked) attempt = 0;
      if (control !== this.inControl.value || !isSeen()) continue;
      this.state.value = "waiting";
      this.onBreak(attempt);
      this.hurry = new AbortController();
      await waitToRetry(retryDelay(attempt++, Math.random()), AbortSignal.any([signal, this.hurry.signal]));
    }
  }

  /** One connection from start to end; true if it ever showed the desk. */
  private connectOnce(session: string, control: boolean, signal: AbortSignal): Promise<boolean> {
    return new Promise((resolve) => {
      let worked = false;
      const over = new AbortController();
      let picture: HTMLCanvasElement | null = null;
      const rfb = new RFB(this.host, screenUrl(session, !control), { shared: true, wsProtocols: ["binary"] });
      rfb.viewOnly = !control;
      rfb.scaleViewport = true;
      rfb.background = "transparent";
      this.rfb = rfb;
      void untilUnseenFor(restAfter, over.signal).then(() => over.signal.aborted || rfb.disconnect());
      rfb.addEventListener("connect", () => {
        worked = true;
        const canvas = this.host.querySelector("canvas");
        if (control) this.focus();
        if (!canvas) return;
        whenPainted(canvas, over.signal, () => {
          picture = canvas;
          this.ghost.classList.remove("shown");
          if (signal.aborted || this.rfb !== rfb) return;
          this.state.value = "connected";
          this.onShown();
        });
      });
      rfb.addEventListener("clipboard", (event) => {
        this.clipboard.value = event.detail.text;
        this.onClipboard(event.detail.text);
      });
      rfb.addEventListener("disconnect", () => {
        over.abort();
        if (picture && !signal.aborted) this.keep(picture);
        if (this.rfb === rfb) this.rfb = undefined;
        resolve(worked);
      });
    });
  }

  private keep(picture: HTMLCanvasElement): void {
    if (picture.width === 0 || picture.height === 0) return;
    this.ghost.width = picture.width;
    this.ghost.height = picture.height;
    this.ghost.getContext("2d")?.drawImage(picture, 0, 0);
    this.ghost.classList.add("shown");
  }
}

/**
 * Tells when noVNC has put the first picture on its canvas, which until then is transparent: on a slow line the
 * connection is there long before. It says nothing of that itself.
 */
function whenPainted(canvas: HTMLCanvasElement, signal: AbortSignal, tell: () => void): void {
  const look = () => {
    if (signal.aborted) return;
    if (isPainted(canvas)) tell();
    else requestAnimationFrame(look);
  };
  look();
}

function isPainted(canvas: HTMLCanvasElement): boolean {
  const { width, height } = canvas;
  if (width === 0 || height === 0) return false;
  const middle = canvas.getContext("2d")?.getImageData(width >> 1, height >> 1, 1, 1).data;
  return middle?.[3] === 255;
}
