// Small parts that every panel uses: icons, buttons with only an icon, dialogs.
import type { ComponentChildren, JSX } from "preact";
import { useEffect, useId, useRef } from "preact/hooks";

/** Strokes on a 20×20 grid. */
const shapes = {
  plus: "M10 4.5v11M4.5 10h11",
  close: "M5.5 5.5l9 9M14.5 5.5l-9 9",
  pencil: "M12.2 4.8l3 3L7 16H4v-3zM10.7 6.3l3 3",
  trash: "M4 6h12M8 6V4.2h4V6M5.6 6l.7 10h7.4l.7-10M8.6 9v4.2M11.4 9v4.2",
  pointer: "M5 3.8l10 5.4-4.4 1.3-2 4.3z",
  keyboard: "M3 5.5h14v9H3zM6 8.5h.01M9 8.5h.01M12 8.5h.01M14.5 8.5h.01M6.5 11.7h7",
  camera: "M3.5 6.5h3L8 4.6h4l1.5 1.9h3v9h-13zM10 8.4a2.6 2.6 0 110 5.2 2.6 2.6 0 010-5.2",
  terminal: "M3.5 4.5h13v11h-13zM6 8l2.2 2L6 12M10 12.4h3.4",
  file: "M5.5 3.5h6l3 3v10h-9zM11.5 3.5v3h3",
  folder: "M3.5 5.5h4.6l1.6 1.8h6.8v8.2h-13z",
  globe: "M10 3.5a6.5 6.5 0 110 13 6.5 6.5 0 010-13M3.7 10h12.6M10 3.5c4 4 4 9 0 13M10 3.5c-4 4-4 9 0 13",
  clock: "M10 3.5a6.5 6.5 0 110 13 6.5 6.5 0 010-13M10 6.4V10l2.6 1.7",
  tool: "M12.7 3.8a3.6 3.6 0 00-4 4.9L3.9 13.5l2.6 2.6 4.8-4.8a3.6 3.6 0 004.9-4l-2.4 2.4-2.3-.6-.6-2.3z",
  send: "M10 15.5v-11M5.2 9.2L10 4.5l4.8 4.7",
  stop: "M6 6h8v8H6z",
  upload: "M10 12.5V4M6.4 7.4L10 3.8l3.6 3.6M4 12.5v3.7h12v-3.7",
  download: "M10 3.8v8.6M6.4 8.9L10 12.5l3.6-3.6M4 12.5v3.7h12v-3.7",
  clipboard: "M7.4 4.5H5v12h10v-12h-2.4M7.4 3.4h5.2v2.4H7.4z",
  expand: "M7.5 3.8H3.8v3.7M12.5 3.8h3.7v3.7M7.5 16.2H3.8v-3.7M12.5 16.2h3.7v-3.7",
  external: "M8 4.5H4.2v11.3h11.3V12M11.3 4.2h4.5v4.5M15.6 4.4L9.4 10.6",
  eye: "M2.8 10c3.6-6 10.8-6 14.4 0-3.6 6-10.8 6-14.4 0M10 7.8a2.2 2.2 0 110 4.4 2.2 2.2 0 010-4.4",
  key: "M12.8 3.8a3.6 3.6 0 11-2.4 6.3l-6 6v-2.9h2.2v-2.1l1.9-1.9a3.6 3.6 0 014.3-5.4M13.4 6.6h.01",
  chevron: "M7.5 5l5 5-5 5",
  back: "M12.5 5l-5 5 5 5",
  down: "M5 7.5l5 5 5-5",
  sidebar: "M3.5 4.5h13v11h-13zM8 4.5v11",
  theme: "M10 3.5a6.5 6.5 0 110 13 6.5 6.5 0 010-13M10 3.5v13",
  alert: "M10 3.8l7 12.2H3zM10 8.6v3.2M10 13.8h.01",
  chat: "M3.5 4.5h13v9h-7l-3.4 3v-3H3.5z",
  screen: "M3 4.5h14v9.5H3zM7.5 16.5h5M10 14v2.5",
  list: "M4 5.8h12M4 10h12M4 14.2h12",
  check: "M4.5 10.5l3.7 3.7 7.3-8",
  more: "M5 10h.01M10 10h.01M15 10h.01",
  pause: "M7.5 5v10M12.5 5v10",
  play: "M7 4.8l8 5.2-8 5.2z",
  link: "M8.6 11.4a2.8 2.8 0 004 0l2.6-2.6a2.8 2.8 0 00-4-4l-1 1M11.4 8.6a2.8 2.8 0 00-4 0l-2.6 2.6a2.8 2.8 0 004 4l1-1",
  people:
    "M8 4.2a2.6 2.6 0 110 5.2 2.6 2.6 0 010-5.2M3.2 16c.2-5.2 9.4-5.2 9.6 0M13 4.6a2.5 2.5 0 010 4.6M14.4 11.9c1.5.6 2.3 2 2.4 4.1",
  refresh: "M15.8 8.2A6.2 6.2 0 104.9 13.4M16 4.4v4h-4",
} as const;

export type IconName = keyof typeof shapes;

export function Icon({ name }: { name: IconName }) {
  return (
    <svg class="icon" viewBox="0 0 20 20" aria-hidden="true">
      <path d={shapes[name]} />
    </svg>
  );
}

type ButtonProps = JSX.IntrinsicElements["button"] & { icon: IconName; label: string; testid?: string };

/** A button with an icon only; the label is its name and its tooltip. */
export function IconButton({ icon, label, testid, class: extra, ...rest }: ButtonProps) {
  return (
    <button
      type="button"
      class={`icon-button ${extra ?? ""}`}
      title={label}
      aria-label={label}
      data-testid={testid}
      {...rest}
    >
      <Icon name={icon} />
    </button>
  );
}

interface DialogProps {
  title: string;
  onClose: () => void;
  children: ComponentChildren;
  testid?: string;
  wide?: boolean;
}

/**
 * A modal dialog that is open as long as it is rendered; Escape and a click beside it close it. The element
 * with data-focus gets the focus.
 */
export function Dialog({ title, onClose, children, testid, wide }: DialogProps) {
  const dialog = useRef<HTMLDialogElement>(null);
  const heading = useId();
  useEffect(() => {
    const before = document.activeElement;
    dialog.current?.showModal();
    dialog.current?.querySelector<HTMLElement>("[data-focus]")?.focus();
    return () => {
      if (before instanceof HTMLElement) before.focus();
    };
  }, []);
  return (
    <dialog
      ref={dialog}
      class={wide ? "dialog wide" : "dialog"}
      aria-labelledby={heading}
      data-testid={testid}
      onCancel={(event) => {
        event.preventDefault();
        onClose();
      }}
      onMouseDown={(event) => {
        if (event.target === event.currentTarget) onClose();
      }}
    >
      <div class="dialog-body">
        <header>
          <h2 id={heading}>{title}</h2>
          <IconButton icon="close" label="Close" onClick={onClose} />
        </header>
        {children}
      </div>
    </dialog>
  );
}

/** A form's error, spoken when it appears. */
export function FormError({ message }: { message: string }) {
  return message ? (
    <p class="form-error" role="alert">
      {message}
    </p>
  ) : null;
}

/** Three dots that say something is going on; still where motion is not wanted. */
export function Pulse() {
  return (
    <span class="pulse" aria-hidden="true">
      <i />
      <i />
      <i />
    </span>
  );
}
