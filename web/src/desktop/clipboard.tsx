// The clipboard between this computer and the desk by hand: what clipboard_sync.ts does not do by itself, or may not.
import { useEffect, useState } from "preact/hooks";
import { api } from "../server/api";
import { toast } from "../state";
import { Icon } from "../parts/ui";
import { sendText, writeHere } from "./clipboard_sync";
import type { Viewer } from "./viewer";

/** Characters that the field shows of a clipboard, which may have millions. */
const longestShown = 1 << 20;

const refused =
  "The browser does not let this page write the clipboard. Copy from the field under Clipboard.";

/** Shown when something was copied in the desk that this computer's clipboard does not have. */
export function CopyHere({ viewer }: { viewer: Viewer }) {
  if (!viewer.offered.value || !viewer.inControl.value) return null;
  const copy = async () => {
    if (!(await writeHere(viewer.offered.value))) return toast("error", refused);
    viewer.offered.value = "";
    viewer.focus();
  };
  return (
    <button
      type="button"
      class="button small copy-here"
      data-testid="copy-here"
      title="Puts what was copied in the desk on this computer's clipboard"
      onClick={() => void copy()}
    >
      <Icon name="clipboard" />
      Copy here
    </button>
  );
}

interface PanelProps {
  session: string;
  viewer: Viewer;
  /** False where the address forbids control: then the text can be taken, and nothing given. */
  mayControl: boolean;
  close: () => void;
}

/** What was copied before this page came, and by whom ever: a viewer hears only of what is copied later. */
function useDeskText(session: string, viewer: Viewer): void {
  useEffect(() => {
    const before = viewer.clipboard.value;
    api.clipboard(session).then(
      (text) => {
        const isNews = text !== "" && viewer.clipboard.value === before;
        if (isNews && text.length <= longestShown) viewer.clipboard.value = text;
      },
      () => {
        // What the viewer has heard is shown then.
      },
    );
  }, [session, viewer]);
}

export function ClipboardPanel({ session, viewer, mayControl, close }: PanelProps) {
  useDeskText(session, viewer);
  // What somebody writes here, or has selected to write over, is not changed by what the desk copies meanwhile.
  const [written, setWritten] = useState<string | undefined>();
  const [held, setHeld] = useState<string | undefined>();
  const text = written ?? held ?? viewer.clipboard.value;
  const usable = viewer.inControl.value && viewer.state.value === "connected";
  const send = (value: string) => {
    if (!sendText(viewer, value)) return;
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
    if (!(await writeHere(text))) return toast("error", refused);
    if (text === viewer.offered.value) viewer.offered.value = "";
    toast("info", "Copied to this computer.");
    close();
  };
  return (
    <div class="clipboard">
      <h3>Clipboard</h3>
      <p class="quiet">{explanation(mayControl, usable)}</p>
      <textarea
        rows={4}
        aria-label="Clipboard text"
        data-testid="clipboard-text"
        spellcheck={false}
        readOnly={!mayControl}
        value={text}
        onFocus={(event) => setHeld(event.currentTarget.value)}
        onBlur={() => setHeld(undefined)}
        onInput={(event) => setWritten(event.currentTarget.value)}
      />
      <footer>
        {mayControl && (
          <button type="button" class="button small" disabled={!usable} onClick={() => void read()}>
            Paste mine
          </button>
        )}
        <span class="grow" />
        <button type="button" class="button small" disabled={!text} onClick={() => void copy()}>
          Copy
        </button>
        {mayControl && (
          <button
            type="button"
            class="button small primary"
            data-testid="clipboard-send"
            disabled={!usable || !text}
            onClick={() => send(text)}
          >
            Send to desk
          </button>
        )}
      </footer>
    </div>
  );
}

function explanation(mayControl: boolean, usable: boolean): string {
  if (!mayControl) return "What was copied in the desk.";
  return usable
    ? "Copy and paste with the usual keys work across. Nothing crosses by itself: what the desk copies otherwise appears here."
    : "Take control to exchange the clipboard with the desk.";
}
