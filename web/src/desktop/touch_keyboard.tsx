// Typing into a desk on a phone: a field that no one sees takes what the on-screen keyboard gives.
import { useRef } from "preact/hooks";
import { IconButton } from "../parts/ui";
import { sendText } from "./clipboard_sync";
import type { Viewer } from "./viewer";

const backSpace = 0xff08;
const enter = 0xff0d;

/** The keysym of a character: Latin-1 is itself, all else has the Unicode range of X11's keysyms. */
export function keysymOf(character: string): number {
  const codepoint = character.codePointAt(0) ?? 0;
  const latin = (codepoint >= 0x20 && codepoint <= 0x7e) || (codepoint >= 0xa0 && codepoint <= 0xff);
  return latin ? codepoint : 0x0100_0000 + codepoint;
}

export function TouchKeyboard({ viewer }: { viewer: Viewer }) {
  const field = useRef<HTMLTextAreaElement>(null);
  const forward = (event: InputEvent) => {
    if (event.inputType.startsWith("delete")) viewer.press(backSpace);
    else if (event.inputType === "insertLineBreak" || event.inputType === "insertParagraph")
      viewer.press(enter);
    else for (const character of event.data ?? "") viewer.press(keysymOf(character));
    // One character stays, so that there is always something for the keyboard's delete key to delete.
    if (field.current) field.current.value = " ";
  };
  return (
    <span class="touch-only">
      <IconButton icon="keyboard" label="On-screen keyboard" onClick={() => field.current?.focus()} />
      <textarea
        ref={field}
        class="off-screen"
        aria-label="Keys for the desktop"
        tabIndex={-1}
        autocapitalize="off"
        autocomplete="off"
        spellcheck={false}
        defaultValue=" "
        onPaste={(event) => {
          event.preventDefault();
          if (sendText(viewer, event.clipboardData?.getData("text/plain") ?? "")) viewer.pressPaste();
        }}
        onInput={(event) => forward(event as unknown as InputEvent)}
      />
    </span>
  );
}
