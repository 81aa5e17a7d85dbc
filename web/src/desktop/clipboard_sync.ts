// Copy and paste across the border, while in control: this computer's clipboard goes to the desk only when a person
// pastes there, and the desk's comes here only when a person has copied there. Neither side looks at, or changes, the
// other's by itself: a desk is not trusted, and what lies on this computer's clipboard may be a password.
import { effect } from "@preact/signals";
import { toast } from "../state";
import { isCopy, isPaste } from "./clipboard_keys";
import type { Viewer } from "./viewer";

/** What a person does with the desk counts for what it copies within this time (ms). */
const moment = 1500;

export class ClipboardSync {
  /** When a person last used the desk; and when they pressed the keys that copy, until a text has come of it. */
  private touchedAt = -Infinity;
  private copiedAt = -Infinity;
  /** What a person copied in the desk is newer than this computer's clipboard, as far as the page can know. */
  private isDeskNewer = false;
  /** The text that the desk's clipboard has for sure. */
  private deskText: string | undefined;
  /** A key that pastes, which goes to the desk behind the text. */
  private held: KeyboardEvent | undefined;
  private readonly replayed = new WeakSet<Event>();
  private readonly stop = new AbortController();

  constructor(
    private readonly viewer: Viewer,
    private readonly stage: HTMLElement,
  ) {
    viewer.onClipboard = (text) => void this.take(text);
    const options = { capture: true, signal: this.stop.signal };
    stage.addEventListener("keydown", (event) => this.pressed(event), options);
    stage.addEventListener("keyup", (event) => this.released(event), options);
    stage.addEventListener("pointerdown", () => this.touch(), options);
    stage.addEventListener("pointerup", () => this.touch(), options);
    document.addEventListener("paste", (event) => this.paste(event), options);
    // Whoever leaves, or copies elsewhere on the page, may come back with something newer.
    for (const leaving of ["copy", "cut"]) document.addEventListener(leaving, () => this.leave(), options);
    window.addEventListener("blur", () => this.leave(), { signal: this.stop.signal });
    const stopWatching = effect(() => {
      if (viewer.state.value !== "connected") this.forget();
    });
    this.stop.signal.addEventListener("abort", stopWatching);
  }

  close(): void {
    this.stop.abort();
    this.viewer.onClipboard = () => {};
  }

  private touch(): void {
    this.touchedAt = performance.now();
  }

  /** The next connection may lead to another desk. */
  private forget(): void {
    this.leave();
    this.deskText = undefined;
    this.copiedAt = -Infinity;
  }

  private leave(): void {
    this.held = undefined;
    this.isDeskNewer = false;
  }

  private pressed(event: KeyboardEvent): void {
    if (!this.viewer.inControl.value || this.replayed.has(event)) return;
    this.touch();
    if (isCopy(event)) this.copiedAt = this.touchedAt;
    if (!isPaste(event) || this.isDeskNewer || (event.repeat && !this.held)) return;
    // The browser gives the clipboard without a question to who pastes: by its own event, which comes if nobody
    // takes the key.
    event.stopPropagation();
    if (!event.repeat) this.held = event;
  }

  private released(event: KeyboardEvent): void {
    // There was nothing to paste: then the desk's own is meant.
    if (this.held?.code === event.code) this.pressHeld();
  }

  private paste(event: ClipboardEvent): void {
    if (!this.viewer.inControl.value || !this.stage.contains(document.activeElement)) return;
    event.preventDefault();
    const text = event.clipboardData?.getData("text/plain") ?? "";
    if (text && text !== this.deskText && !sendText(this.viewer, text)) return void (this.held = undefined);
    if (text) this.deskText = text;
    if (this.held && !this.held.metaKey) this.pressHeld();
    else this.viewer.pressPaste();
    this.held = undefined;
  }

  private pressHeld(): void {
    const key = this.held;
    this.held = undefined;
    if (!key?.target) return;
    const again = new KeyboardEvent("keydown", {
      ...{ key: key.key, code: key.code, location: key.location, bubbles: true, cancelable: true },
      ...{ ctrlKey: key.ctrlKey, shiftKey: key.shiftKey, metaKey: key.metaKey },
      modifierCapsLock: key.getModifierState("CapsLock"),
      modifierNumLock: key.getModifierState("NumLock"),
    });
    this.replayed.add(again);
    key.target.dispatchEvent(again);
  }

  /** A text was copied in the desk, by whomever. */
  private async take(text: string): Promise<void> {
    this.deskText = text;
    if (!this.viewer.inControl.value || performance.now() - this.touchedAt > moment) return;
    this.isDeskNewer = true;
    const isAsked = performance.now() - this.copiedAt <= moment;
    this.copiedAt = -Infinity;
    // What came of a menu, say, is only offered.
    this.viewer.offered.value = text;
    if (!isAsked || !document.hasFocus()) return;
    if (await writeHere(text)) this.viewer.offered.value = "";
    else tellRefusal();
  }
}

/** Bytes of UTF-8 that a desk's clipboard takes from a viewer. */
const mostBytes = 1 << 20;

/** Makes a text the desk's clipboard; false with a word to the person when it is too long for one. */
export function sendText(viewer: Viewer, text: string): boolean {
  if (new TextEncoder().encode(text).length > mostBytes) {
    toast(
      "error",
      "This text is too long for the desk's clipboard, which takes 1 MiB. Upload it as a file instead.",
    );
    return false;
  }
  viewer.paste(text);
  return true;
}

let isRefusalTold = false;

function tellRefusal(): void {
  if (isRefusalTold) return;
  isRefusalTold = true;
  toast(
    "error",
    "The browser does not let this page write this computer's clipboard by itself. Use “Copy here” above the desktop.",
  );
}

/** Puts a text on this computer's clipboard; false where the browser refuses. */
export async function writeHere(text: string): Promise<boolean> {
  try {
    await navigator.clipboard.writeText(text);
    return true;
  } catch {
    return copyByCommand(text);
  }
}

/** The old way, which is the only one on a page that came by plain HTTP from another computer. */
function copyByCommand(text: string): boolean {
  const before = document.activeElement;
  const field = document.createElement("textarea");
  field.className = "off-screen";
  field.value = text;
  document.body.append(field);
  field.select();
  const isDone = document.execCommand("copy");
  field.remove();
  if (before instanceof HTMLElement) before.focus({ preventScroll: true });
  return isDone;
}
