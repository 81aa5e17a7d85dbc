// The clipboard between this computer and the desk: by itself where the browser permits it, by hand elsewhere.
import { useEffect, useState } from "preact/hooks";
import { toast } from "../state";
import type { Viewer } from "./viewer";

/** While in control: copies what the desk copies, and offers what was copied here whenever the desktop gets the focus. */
export function syncClipboard(viewer: Viewer, stage: HTMLElement): () => void {
  let last = "";
  viewer.onClipboard = (text) => {
    last = text;
    // A desk is not trusted: while it is only watched, it may not put words into this computer's clipboard.
    if (viewer.inControl.value && document.hasFocus())
      void navigator.clipboard?.writeText(text).catch(() => {});
  };
  const offer = async () => {
    if (!viewer.inControl.value || !(await mayRead())) return;
    const text = await navigator.clipboard.readText().catch(() => "");
    if (text && text !== last) {
      last = text;
      viewer.paste(text);
    }
  };
  const focused = () => void offer();
  stage.addEventListener("focusin", focused);
  window.addEventListener("focus", focused);
  return () => {
    stage.removeEventListener("focusin", focused);
    window.removeEventListener("focus", focused);
  };
}

/** Only where it was granted before: asking is left to the button, where a person expects the question. */
async function mayRead(): Promise<boolean> {
  try {
    const permission = await navigator.permissions.query({ name: "clipboard-read" as PermissionName });
    return permission.state === "granted" && document.hasFocus();
  } catch {
    return false;
  }
}

export function ClipboardPanel({ viewer, close }: { viewer: Viewer; close: () => void }) {
  const [text, setText] = useState(viewer.clipboard.value);
  const fromDesk = viewer.clipboard.value;
  useEffect(() => setText(fromDesk), [fromDesk]);
  const usable = viewer.inControl.value && viewer.state.value === "connected";
  const send = (value: string) => {
    viewer.paste(value);
    toast("info", "The desk's clipboard is set.");
    close();
  };
  const read = async () => {
    try {
      send(await navigator.clipboard.readText());
    } catch {
      toast("error", "The browser does not let this page read the clipboard. Paste into the field instead.");
    }
  };
  const copy = async () => {
    try {
      await navigator.clipboard.writeText(text);
      toast("info", "Copied to this computer.");
      close();
    } catch {
      toast("error", "The browser does not let this page write the clipboard. Copy from the field instead.");
    }
  };
  return (
    <div class="clipboard">
      <h3>Clipboard</h3>
      <p class="quiet">
        {usable
          ? "What is copied on the desk appears here, and on this computer where the browser permits it."
          : "Take control to exchange the clipboard with the desk."}
      </p>
      <textarea
        rows={4}
        aria-label="Clipboard text"
        data-testid="clipboard-text"
        spellcheck={false}
        value={text}
        onInput={(event) => setText(event.currentTarget.value)}
      />
      <footer>
        <button type="button" class="button small" disabled={!usable} onClick={() => void read()}>
          Paste mine
        </button>
        <span class="grow" />
        <button type="button" class="button small" disabled={!text} onClick={() => void copy()}>
          Copy
        </button>
        <button
          type="button"
          class="button small primary"
          data-testid="clipboard-send"
          disabled={!usable || !text}
          onClick={() => send(text)}
        >
          Send to desk
        </button>
      </footer>
    </div>
  );
}
