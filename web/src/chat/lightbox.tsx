// One picture of the conversation, large, with its neighbours an arrow key away.
import { computed, signal } from "@preact/signals";
import { useEffect } from "preact/hooks";
import { summarise } from "./tools";
import { transcript } from "../state";
import { Dialog, IconButton } from "../parts/ui";

interface Picture {
  src: string;
  caption: string;
}

const shown = signal<string | undefined>(undefined);

const pictures = computed<Picture[]>(() =>
  transcript.value.items.flatMap((item) =>
    item.kind !== "turn"
      ? []
      : item.blocks.flatMap((block) => {
          if (block.kind !== "tool" || !block.result?.screenshot) return [];
          const { label, detail } = summarise(block.tool, block.input);
          return [{ src: block.result.screenshot, caption: detail ? `${label} ${detail}` : label }];
        }),
  ),
);

export function enlarge(src: string): void {
  shown.value = src;
}

export function Lightbox() {
  const src = shown.value;
  return src ? <Large src={src} /> : null;
}

function Large({ src }: { src: string }) {
  const all = pictures.value;
  const at = all.findIndex((picture) => picture.src === src);
  const close = () => void (shown.value = undefined);
  const go = (by: number) => {
    const next = all[at + by];
    if (next) shown.value = next.src;
  };
  useEffect(() => {
    const key = (event: KeyboardEvent) => {
      if (event.key === "ArrowLeft") go(-1);
      if (event.key === "ArrowRight") go(1);
    };
    window.addEventListener("keydown", key);
    return () => window.removeEventListener("keydown", key);
  });
  return (
    <Dialog title={all[at]?.caption ?? "Picture"} onClose={close} testid="lightbox" wide>
      <a class="large-picture" href={src} target="_blank" rel="noopener" title="Open the picture alone">
        <img src={src} alt={all[at]?.caption ?? "Picture"} />
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
