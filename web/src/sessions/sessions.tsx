// The left panel: all sessions with their states, and what concerns the server as a whole.
import { useEffect, useRef, useState } from "preact/hooks";
import { ago, stateOf, titleOf } from "../parts/format";
import { restLine } from "../desktop/rest";
import { providerOfKey, scripted } from "./providers";
import {
  config,
  deleteSession,
  forgetKey,
  isAdmin,
  keyDialogFor,
  logout,
  newSessionOpen,
  mayControl,
  panel,
  peopleOpen,
  provider,
  renameSession,
  select,
  selectedId,
  sessions,
} from "../state";
import { nextTheme, theme } from "../parts/theme";
import type { Session } from "../server/types";
import { Dialog, Icon, IconButton } from "../parts/ui";

export function SessionsPanel() {
  const list = sessions.value;
  return (
    <nav class="panel sessions" id="panel-sessions" aria-label="Sessions">
      <header class="brand">
        <img src="/favicon.svg" alt="" width="26" height="26" />
        <p class="name">Carrel</p>
        {mayControl.value && (
          <button
            type="button"
            class="button primary small"
            data-testid="new-session"
            onClick={() => void (newSessionOpen.value = true)}
          >
            <Icon name="plus" /> New
          </button>
        )}
      </header>
      {list && list.length === 0 && (
        <p class="quiet pad">
          No sessions yet. A session is a desktop of its own and the conversation about it.
        </p>
      )}
      <List sessions={list ?? []} />
      <Footer />
    </nav>
  );
}

/** One stop for the Tab key: the arrow keys lead to the other sessions, and to what can be done with each. */
function List({ sessions: list }: { sessions: readonly Session[] }) {
  const [visited, setVisited] = useState<string | undefined>();
  const ids = list.map(({ id }) => id);
  const stop = [visited, selectedId.value].find((id) => id !== undefined && ids.includes(id)) ?? ids[0];
  return (
    <ul class="session-list" onKeyDown={moveInList}>
      {list.map((session) => (
        <Row
          key={session.id}
          session={session}
          isStop={session.id === stop}
          onVisit={() => setVisited(session.id)}
        />
      ))}
    </ul>
  );
}

function moveInList(event: KeyboardEvent & { readonly currentTarget: HTMLElement }): void {
  const { target, currentTarget, key, ctrlKey, altKey, metaKey, shiftKey } = event;
  if (!(target instanceof HTMLButtonElement) || ctrlKey || altKey || metaKey || shiftKey) return;
  const row = target.closest(".session");
  const opens = [...currentTarget.querySelectorAll<HTMLElement>(".session-open")];
  const inRow = [...(row?.querySelectorAll<HTMLElement>("button") ?? [])];
  const at = opens.findIndex((open) => row?.contains(open));
  const column = inRow.indexOf(target);
  const next = {
    ArrowDown: opens[at + 1],
    ArrowUp: opens[at - 1],
    Home: opens[0],
    End: opens.at(-1),
    ArrowRight: inRow[column + 1],
    ArrowLeft: inRow[column - 1],
  }[key];
  if (!next) return;
  event.preventDefault();
  next.focus();
}

interface RowProps {
  session: Session;
  /** The Tab key stops at it. */
  isStop: boolean;
  /** It has the focus, or something in it. */
  onVisit: () => void;
}

function Row({ session, isStop, onVisit }: RowProps) {
  const row = useRef<HTMLLIElement>(null);
  const [editing, setEditing] = useState(false);
  const [deleting, setDeleting] = useState(false);
  const current = session.id === selectedId.value;
  const state = stateOf(session);
  const open = () => {
    select(session.id);
    if (panel.value === "sessions") panel.value = "chat";
  };
  const edited = () => {
    setEditing(false);
    // The field goes, and with it the focus, unless it is elsewhere already.
    requestAnimationFrame(() => {
      if (document.activeElement === document.body)
        row.current?.querySelector<HTMLElement>(".session-open")?.focus();
    });
  };
  const shortcut = (event: KeyboardEvent) => {
    if (!mayControl.value) return;
    if (event.key === "F2") setEditing(true);
    else if (event.key === "Delete") setDeleting(true);
    else return;
    event.preventDefault();
  };
  return (
    <li
      ref={row}
      onFocusCapture={onVisit}
      class={current ? "session current" : "session"}
      data-testid="session-item"
      data-session-id={session.id}
      data-state={state.key}
    >
      {editing ? (
        <Rename session={session} onDone={edited} />
      ) : (
        <>
          <button
            type="button"
            class="session-open"
            aria-current={current ? "true" : undefined}
            aria-keyshortcuts={mayControl.value ? "F2 Delete" : undefined}
            tabIndex={isStop ? 0 : -1}
            onClick={open}
            onKeyDown={shortcut}
          >
            <span class={`dot ${state.key}`} title={restLine(session, Date.now()) || state.label} />
            <span class="session-words">
              <span
                class="session-title"
                data-testid="session-title"
                onDblClick={() => mayControl.value && setEditing(true)}
              >
                {titleOf(session)}
              </span>
              <span class="session-meta">
                {state.label} · {session.provider === scripted ? scripted : session.model} ·{" "}
                {ago(session.updated_at, Date.now())}
              </span>
            </span>
          </button>
          {mayControl.value && (
            <span class="row-actions">
              <IconButton
                icon="pencil"
                label="Rename"
                testid="rename-session"
                tabIndex={-1}
                onClick={() => setEditing(true)}
              />
              <IconButton
                icon="trash"
                label="Delete"
                testid="delete-session"
                tabIndex={-1}
                onClick={() => setDeleting(true)}
              />
            </span>
          )}
        </>
      )}
      {deleting && <ConfirmDelete session={session} onClose={() => setDeleting(false)} />}
    </li>
  );
}

function Rename({ session, onDone }: { session: Session; onDone: () => void }) {
  const input = useRef<HTMLInputElement>(null);
  const done = useRef(false);
  useEffect(() => input.current?.select(), []);
  const finish = (save: boolean) => {
    if (done.current) return;
    done.current = true;
    const title = input.current?.value.trim() ?? "";
    if (save && title && title !== session.title) void renameSession(session.id, title);
    onDone();
  };
  return (
    <input
      ref={input}
      class="rename"
      data-testid="rename-input"
      aria-label="New title"
      maxLength={200}
      defaultValue={titleOf(session)}
      onBlur={() => finish(true)}
      onKeyDown={(event) => {
        if (event.key === "Enter" && !event.isComposing) finish(true);
        if (event.key === "Escape") finish(false);
      }}
    />
  );
}

function ConfirmDelete({ session, onClose }: { session: Session; onClose: () => void }) {
  const [working, setWorking] = useState(false);
  const [purge, setPurge] = useState(false);
  const remove = async () => {
    setWorking(true);
    await deleteSession(session.id, purge);
    onClose();
  };
  return (
    <Dialog title="Delete this session?" onClose={onClose} testid="delete-dialog">
      <p>
        The desktop of <strong>{titleOf(session)}</strong> is destroyed with every file on it.{" "}
        {purge
          ? "So is its conversation, with all pictures."
          : "Its conversation is kept on the server, but this page shows it no more."}
      </p>
      <label class="choice">
        <input
          type="checkbox"
          data-testid="purge"
          checked={purge}
          onChange={(event) => setPurge(event.currentTarget.checked)}
        />
        Delete the conversation, too
      </label>
      <footer>
        <button type="button" class="button" onClick={onClose}>
          Keep it
        </button>
        <button
          type="button"
          class="button danger"
          data-testid="confirm-delete"
          disabled={working}
          onClick={() => void remove()}
        >
          {working ? "Deleting…" : "Delete"}
        </button>
      </footer>
    </Dialog>
  );
}

function Footer() {
  const { version, user, role, needs_login } = config.value ?? {};
  return (
    <footer class="sessions-footer">
      <KeyLine />
      <div class="key-line">
        <span class="grow quiet" title={needs_login ? `You are ${user} (${role}). Carrel ${version}` : ""}>
          {version && (needs_login ? `${user} · ${version}` : `Carrel ${version}`)}
        </span>
        {isAdmin.value && (
          <IconButton
            icon="people"
            label="Users and keys"
            testid="people"
            onClick={() => void (peopleOpen.value = true)}
          />
        )}
        {needs_login && (
          <button type="button" class="link" data-testid="log-out" onClick={() => void logout()}>
            Log out
          </button>
        )}
        <IconButton icon="theme" label={`Colours: ${theme.value}`} onClick={nextTheme} />
      </div>
    </footer>
  );
}

/** The key that concerns who looks at this session; one can be given also while no session needs it. */
function KeyLine() {
  const vendor = providerOfKey(config.value, provider.value);
  if (!vendor || !mayControl.value) return null;
  return (
    <div class="key-line" data-testid="key-line">
      <Icon name="key" />
      <span class="grow">{vendor.has_key ? `Key for ${vendor.title}` : `No key for ${vendor.title}`}</span>
      <button type="button" class="link" onClick={() => void (keyDialogFor.value = vendor.name)}>
        {vendor.has_key ? "Change" : "Paste"}
      </button>
      {vendor.has_key && (
        <button type="button" class="link" onClick={() => void forgetKey(vendor.name)}>
          Forget
        </button>
      )}
    </div>
  );
}
