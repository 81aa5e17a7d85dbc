// One picture of the conversation, large, with its neighbours an arrow key away.
import { computed, effect, signal } from "@preact/signals";
import { useEffect } from "preact/hooks";
import { summarise } from "./tools";
import { selectedId, transcript } from "../state";
import { Dialog, IconButton } from "../parts/ui";

interface Picture {
  /** Of the event that brought it: two of them may well show the same. */
  seq: number;
  src: string;
  caption: string;
}

const shown = signal<number | undefined>(undefined);

const pictures = computed<Picture[]>(() =>
  transcript.value.items.flatMap((item) =>
    item.kind !== "turn"
      ? []
      : item.blocks.flatMap((block) => {
          if (block.kind !== "tool" || !block.result?.screenshot) return [];
          const { screenshot, seq } = block.result;
          const { label, detail } = summarise(block.tool, block.input);
          return [{ seq, src: screenshot, caption: detail ? `${label} ${detail}` : label }];
        }),
  ),
);

/** Another session, which another tab may lead to, has other pictures. */
effect(() => {
  if (selectedId.value !== undefined) shown.value = undefined;
});

/** Shows the picture of the event with this number. */
export function enlarge(seq: number): void {
  shown.value = seq;
}

/** From the picture that is shown now, which keys may have changed faster than it is drawn. */
function go(by: number): void {
  const all = pictures.value;
  const next = all[all.findIndex((picture) => picture.seq === shown.value) + by];
  if (next) shown.value = next.seq;
}

export function Lightbox() {
  const all = pictures.value;
  const at = all.findIndex((picture) => picture.seq === shown.value);
  const picture = all[at];
  return picture ? <Large picture={picture} at={at} all={all} /> : null;
}

function Large({ picture, at, all }: { picture: Picture; at: number; all: readonly Picture[] }) {
  const close = () => void (shown.value = undefined);
  useEffect(() => {
    const key = (event: KeyboardEvent) => {
      if (event.key === "ArrowLeft") go(-1);
      if (event.key === "ArrowRight") go(1);
    };
    window.addEventListener("keydown", key);
    return () => window.removeEventListener("keydown", key);
  }, []);
  return (
    <Dialog title={picture.caption} onClose={close} testid="lightbox" wide>
      <a
        class="large-picture"
        href={picture.src}
        target="_blank"
        rel="noopener"
        title="Open the picture alone"
      >
        <img src={picture.src} alt={picture.caption} />
      </a>
      <footer class="lightbox-footer">
        <IconButton icon="back" label="Previous picture" disabled={at <= 0} onClick={() => go(-1)} />
        <span class="quiet">
          {at + 1} of {all.length}
        </span>
        <IconButton
          icon="chevron"
          label="Next picture"
          disabled={at >= all.length - 1}
          onClick={() => go(1)}
        />
      </footer>
    </Dialog>
  );
}
