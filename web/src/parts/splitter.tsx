// The line between desktop and conversation, which pointer and arrow keys move.
import { signal } from "@preact/signals";
import { remember, remembered } from "./theme";

const narrowest = 320;
const widest = 760;
const usual = 384;

const stored = Number(remembered("chat-width"));

/** Width of the conversation in CSS pixels. */
export const chatWidth = signal(stored >= narrowest && stored <= widest ? stored : usual);

function resize(width: number): void {
  chatWidth.value = Math.round(Math.min(widest, Math.max(narrowest, width)));
  remember("chat-width", String(chatWidth.value));
}

export function Splitter() {
  return (
    <div
      class="splitter"
      role="separator"
      aria-orientation="vertical"
      aria-label="Width of the conversation"
      aria-valuenow={chatWidth.value}
      aria-valuemin={narrowest}
      aria-valuemax={widest}
      tabIndex={0}
      onPointerDown={(event) => event.currentTarget.setPointerCapture(event.pointerId)}
      onPointerMove={(event) => {
        if (event.currentTarget.hasPointerCapture(event.pointerId)) resize(window.innerWidth - event.clientX);
      }}
      onDblClick={() => resize(usual)}
      onKeyDown={(event) => {
        if (event.key === "ArrowLeft") resize(chatWidth.value + 24);
        if (event.key === "ArrowRight") resize(chatWidth.value - 24);
      }}
    />
  );
}
