// A button with a small panel below it, which Escape and a click elsewhere close.
import type { ComponentChildren } from "preact";
import { useEffect, useRef, useState } from "preact/hooks";
import { IconButton, type IconName } from "./ui";

interface PopoverProps {
  icon: IconName;
  label: string;
  testid: string;
  children: (close: () => void) => ComponentChildren;
}

export function Popover({ icon, label, testid, children }: PopoverProps) {
  const [open, setOpen] = useState(false);
  const root = useRef<HTMLDivElement>(null);
  useEffect(() => {
    if (!open) return;
    const outside = (event: Event) => {
      if (event.target instanceof Node && !root.current?.contains(event.target)) setOpen(false);
    };
    // A click on the desktop is noVNC's own and does not bubble, hence the capture.
    window.addEventListener("pointerdown", outside, true);
    return () => window.removeEventListener("pointerdown", outside, true);
  }, [open]);
  return (
    <div
      class="popover-root"
      ref={root}
      onKeyDown={(event) => {
        if (event.key !== "Escape" || !open) return;
        setOpen(false);
        root.current?.querySelector("button")?.focus();
      }}
    >
      <IconButton
        icon={icon}
        label={label}
        testid={testid}
        class={open ? "active" : ""}
        aria-expanded={open}
        onClick={() => setOpen(!open)}
      />
      {open && (
        <div class="popover" role="dialog" aria-label={label} data-testid={`${testid}-panel`}>
          {children(() => setOpen(false))}
        </div>
      )}
    </div>
  );
}
