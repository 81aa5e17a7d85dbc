// The middle panel: the live desktop, what can be done with it, and what it says when it cannot be shown.
import type { ComponentChildren } from "preact";
import { useEffect, useRef, useState } from "preact/hooks";
import { ClipboardPanel, CopyHere } from "./clipboard";
import { ClipboardSync } from "./clipboard_sync";
import { Cover } from "./cover";
import { FilesPanel } from "./files";
import { LoadChip } from "./load";
import { Popover } from "../parts/popover";
import {
  forgetViewers,
  leaving,
  mayControl as roleMayControl,
  refreshSession,
  sidebar,
  toast,
  toggleSidebar,
} from "../state";
import { ControlNote } from "./control_note";
import { EndingNote } from "./ending_note";
import { MoreMenu } from "./more";
import { isUsable, restLine } from "./rest";
import { ShareDialog } from "./share";
import { TouchKeyboard } from "./touch_keyboard";
import type { Session } from "../server/types";
import { uploadAll, uploads } from "./uploads";
import { Icon, IconButton } from "../parts/ui";
import { Viewer } from "./viewer";

interface DesktopProps {
  session: Session;
  /** True on the page that shows nothing else. */
  alone?: boolean;
  /** False where the address forbids control. */
  mayControl?: boolean;
  /** True for who has only a link: it opens the screen, and neither files nor the clipboard's call. */
  byLink?: boolean;
}

export function Desktop({
  session,
  alone = false,
  mayControl: mayHere = true,
  byLink = false,
}: DesktopProps) {
  const mayControl = mayHere && roleMayControl.value;
  const stage = useRef<HTMLDivElement>(null);
  const host = useRef<HTMLDivElement>(null);
  const ghost = useRef<HTMLCanvasElement>(null);
  const [viewer, setViewer] = useState<Viewer | undefined>();
  const isLeaving = leaving.value.has(session.id);
  const ready = isUsable(session.desk) && !isLeaving;
  const hasDisplay = session.desk.display !== false;
  useEffect(() => {
    if (!stage.current || !host.current || !ghost.current) return;
    const made = new Viewer(host.current, ghost.current);
    const sync = new ClipboardSync(made, stage.current);
    setViewer(made);
    return () => {
      sync.close();
      made.close();
    };
  }, []);
  useEffect(() => {
    if (!viewer) return;
    viewer.onBreak = () => void refreshSession(session.id);
    viewer.onShown = () => void refreshSession(session.id);
    if (ready && hasDisplay) viewer.open(session.id);
    else viewer.close();
  }, [viewer, session.id, ready, hasDisplay]);
  return (
    <section class={alone ? "panel desktop alone" : "panel desktop"} id="panel-desktop" aria-label="Desktop">
      <Toolbar
        session={session}
        viewer={viewer}
        stage={stage}
        alone={alone}
        mayControl={mayControl}
        byLink={byLink}
      />
      <ControlNote session={session} viewer={viewer} />
      {!byLink && <EndingNote key={session.id} session={session} />}
      <DropZone session={session.id} enabled={ready && mayControl && !byLink}>
        <div class={viewer?.inControl.value ? "stage controlled" : "stage"} ref={stage}>
          <canvas class="ghost" ref={ghost} aria-hidden="true" />
          <div
            class="screen"
            ref={host}
            data-testid="desktop"
            onPointerDownCapture={() => mayControl && explainWatching(viewer)}
            role={viewer?.inControl.value ? "application" : "img"}
            aria-label={hasDisplay ? "Live desktop" : "No desktop"}
          />
          <Cover
            session={session}
            viewer={viewer}
            isLeaving={isLeaving}
            byLink={byLink}
            mayControl={mayControl}
          />
          <Uploads session={session.id} />
        </div>
      </DropZone>
    </section>
  );
}

/**
 * A click on a desktop that is only watched does nothing there: says so, and takes the keyboard away from the
 * message field, where what is typed next would land.
 */
function explainWatching(viewer: Viewer | undefined): void {
  if (viewer?.state.value !== "connected" || viewer.inControl.value) return;
  if (document.activeElement instanceof HTMLElement) document.activeElement.blur();
  toast("info", "You are watching. Take control to use this desk's keyboard and mouse.");
}

interface ToolbarProps {
  session: Session;
  viewer: Viewer | undefined;
  stage: { readonly current: HTMLElement | null };
  alone: boolean;
  mayControl: boolean;
  byLink: boolean;
}

function Toolbar({ session, viewer, stage, alone, mayControl, byLink }: ToolbarProps) {
  const ready = isUsable(session.desk);
  const [sharing, setSharing] = useState(false);
  const fillScreen = () => void stage.current?.requestFullscreen();
  const hasDisplay = session.desk.display !== false;
  return (
    <header class="toolbar">
      {!alone && (
        <IconButton
          icon="sidebar"
          label={sidebar.value ? "Hide the sessions" : "Show the sessions"}
          class="sidebar-toggle"
          onClick={toggleSidebar}
        />
      )}
      <StateChip session={session} viewer={viewer} />
      {session.desk.network === "none" && (
        <span class="chip wide-only network" title="Loopback only">
          No network
        </span>
      )}
      {ready && !byLink && !leaving.value.has(session.id) && (
        <LoadChip key={session.id} session={session.id} />
      )}
      <span class="grow" />
      {viewer && ready && (
        <>
          {hasDisplay && (
            <ScreenTools session={session.id} viewer={viewer} mayControl={mayControl} byLink={byLink} />
          )}
          {mayControl && !byLink && <UploadButton session={session.id} />}
          {!byLink && (
            <Popover icon="folder" label="Files on the desk" testid="files">
              {() => <FilesPanel key={session.id} session={session.id} mayWrite={mayControl} />}
            </Popover>
          )}
        </>
      )}
      {alone ? (
        <IconButton class="wide-only" icon="expand" label="Full screen" onClick={fillScreen} />
      ) : (
        <MoreMenu
          session={session}
          isUsable={ready}
          onFillScreen={fillScreen}
          onShare={() => setSharing(true)}
        />
      )}
      {sharing && <ShareDialog key={session.id} session={session.id} onClose={() => setSharing(false)} />}
    </header>
  );
}

/** What only a desk with a display has a use for. */
function ScreenTools(props: { session: string; viewer: Viewer; mayControl: boolean; byLink: boolean }) {
  const { session, viewer, mayControl, byLink } = props;
  return (
    <>
      {viewer.inControl.value && <TouchKeyboard viewer={viewer} />}
      <CopyHere viewer={viewer} />
      {mayControl && <ControlToggle session={session} viewer={viewer} />}
      {!byLink && (
        <Popover icon="clipboard" label="Clipboard" testid="clipboard">
          {(close) => (
            <ClipboardPanel
              key={session}
              session={session}
              viewer={viewer}
              mayControl={mayControl}
              close={close}
            />
          )}
        </Popover>
      )}
    </>
  );
}

function ControlToggle({ session, viewer }: { session: string; viewer: Viewer }) {
  const on = viewer.inControl.value;
  return (
    <button
      type="button"
      class={on ? "button small primary" : "button small"}
      data-testid="control-toggle"
      aria-pressed={on}
      title={
        on
          ? "Stop sending keys and pointer (Ctrl+F6 only leaves the desktop)"
          : "Use keyboard and mouse on the desk; the agent goes on all the same"
      }
      onClick={() => {
        forgetViewers(session);
        viewer.setControl(!on);
      }}
    >
      <Icon name={on ? "pointer" : "eye"} />
      {on ? "Release" : "Take control"}
    </button>
  );
}

/** The desk's and the connection's state as one word for people and one for tests and styles. */
function shownState(session: Session, viewer: Viewer | undefined): { key: string; label: string } {
  const { state } = session.desk;
  if (leaving.value.has(session.id)) return { key: "leaving", label: "Deleting" };
  if (session.queue_position) return { key: "starting", label: "In line" };
  if (state === "starting") return { key: "starting", label: "Starting" };
  if (!isUsable(session.desk)) return { key: state, label: state.charAt(0).toUpperCase() + state.slice(1) };
  if (session.desk.display === false)
    return state === "ready" ? { key: "ready", label: "No display" } : { key: "frozen", label: "Asleep" };
  const connection = viewer?.state.value;
  if (connection === "connected") {
    return viewer?.inControl.value
      ? { key: "control", label: "In control" }
      : { key: "viewing", label: "Viewing live" };
  }
  return connection === "waiting"
    ? { key: "waiting", label: "Reconnecting" }
    : { key: "connecting", label: "Connecting" };
}

function StateChip({ session, viewer }: { session: Session; viewer: Viewer | undefined }) {
  const state = shownState(session, viewer);
  return (
    <span
      class={`chip state ${state.key}`}
      data-testid="desktop-state"
      data-state={state.key}
      role="status"
      title={restLine(session, Date.now())}
    >
      <span class="dot" aria-hidden="true" />
      {state.label}
    </span>
  );
}

function UploadButton({ session }: { session: string }) {
  return (
    <label class="icon-button upload" title="Upload files to Downloads">
      <Icon name="upload" />
      <input
        type="file"
        multiple
        class="off-screen"
        data-testid="upload"
        aria-label="Upload files to Downloads"
        onChange={(event) => {
          const input = event.currentTarget;
          void uploadAll(session, [...(input.files ?? [])]);
          input.value = "";
        }}
      />
    </label>
  );
}

function Uploads({ session }: { session: string }) {
  const own = uploads.value.filter((entry) => entry.session === session);
  if (own.length === 0) return null;
  return (
    <ul class="uploads" aria-label="Uploads">
      {own.map((entry) => (
        <li key={entry.key}>
          <span>{entry.name}</span>
          <progress value={entry.progress} aria-label={`Upload of ${entry.name}`} />
        </li>
      ))}
    </ul>
  );
}

function DropZone(props: { session: string; enabled: boolean; children: ComponentChildren }) {
  const [over, setOver] = useState(false);
  const carriesFiles = (event: DragEvent) =>
    props.enabled && (event.dataTransfer?.types.includes("Files") ?? false);
  return (
    <div
      class={over ? "drop-zone over" : "drop-zone"}
      onDragOver={(event) => {
        if (!carriesFiles(event)) return;
        event.preventDefault();
        setOver(true);
      }}
      onDragLeave={(event) => {
        if (!(event.relatedTarget instanceof Node && event.currentTarget.contains(event.relatedTarget)))
          setOver(false);
      }}
      onDrop={(event) => {
        setOver(false);
        if (!carriesFiles(event)) return;
        event.preventDefault();
        void uploadAll(props.session, [...(event.dataTransfer?.files ?? [])]);
      }}
    >
      {props.children}
      {over && <div class="drop-hint">Drop to put them into Downloads</div>}
    </div>
  );
}
