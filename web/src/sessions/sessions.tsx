// The left panel: all sessions with their states, and what concerns the server as a whole.
import { useEffect, useRef, useState } from "preact/hooks";
import { ago, stateOf, titleOf } from "../parts/format";
import { findProvider, needsKey, scripted } from "./providers";
import {
  config,
  deleteSession,
  forgetKey,
  health,
  keyDialogOpen,
  keyMissing,
  newSessionOpen,
  panel,
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
        <h1>Carrel</h1>
        <button
          type="button"
          class="button primary small"
          data-testid="new-session"
          onClick={() => void (newSessionOpen.value = true)}
        >
          <Icon name="plus" /> New
        </button>
      </header>
      {list && list.length === 0 && (
        <p class="quiet pad">
          No sessions yet. A session is a desktop of its own and the conversation about it.
        </p>
      )}
      <ul class="session-list">
        {list?.map((session) => (
          <Row key={session.id} session={session} />
        ))}
      </ul>
      <Footer />
    </nav>
  );
}

function Row({ session }: { session: Session }) {
  const [editing, setEditing] = useState(false);
  const [deleting, setDeleting] = useState(false);
  const current = session.id === selectedId.value;
  const state = stateOf(session);
  const open = () => {
    select(session.id);
    if (panel.value === "sessions") panel.value = "chat";
  };
  return (
    <li
      class={current ? "session current" : "session"}
      data-testid="session-item"
      data-session-id={session.id}
      data-state={state.key}
    >
      {editing ? (
        <Rename session={session} onDone={() => setEditing(false)} />
      ) : (
        <>
          <button
            type="button"
            class="session-open"
            aria-current={current ? "true" : undefined}
            onClick={open}
          >
            <span class={`dot ${state.key}`} title={state.label} />
            <span class="session-words">
              <span class="session-title" data-testid="session-title" onDblClick={() => setEditing(true)}>
                {titleOf(session)}
              </span>
              <span class="session-meta">
                {state.label} · {session.provider === scripted ? scripted : session.model} ·{" "}
                {ago(session.updated_at, Date.now())}
              </span>
            </span>
          </button>
          <span class="row-actions">
            <IconButton
              icon="pencil"
              label="Rename"
              testid="rename-session"
              onClick={() => setEditing(true)}
            />
            <IconButton
              icon="trash"
              label="Delete"
              testid="delete-session"
              onClick={() => setDeleting(true)}
            />
          </span>
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
  const remove = async () => {
    setWorking(true);
    await deleteSession(session.id);
    onClose();
  };
  return (
    <Dialog title="Delete this session?" onClose={onClose} testid="delete-dialog">
      <p>
        The desktop of <strong>{titleOf(session)}</strong> is destroyed with every file on it. Its
        conversation stays archived on the server.
      </p>
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
  const key = health.value?.checks.api_key;
  const keyless = !needsKey(config.value, provider.value);
  return (
    <footer class="sessions-footer">
      {key && (
        <div class="key-line">
          <Icon name="key" />
          <span class="grow">
            {keyless
              ? `${findProvider(config.value, provider.value)?.title ?? ""}: no key needed`
              : keyMissing.value
                ? "No model key"
                : `Key for ${key.provider}`}
          </span>
          {!keyless && (
            <button type="button" class="link" onClick={() => void (keyDialogOpen.value = true)}>
              {keyMissing.value ? "Paste" : "Change"}
            </button>
          )}
          {!keyless && !keyMissing.value && (
            <button type="button" class="link" onClick={() => void forgetKey()}>
              Forget
            </button>
          )}
        </div>
      )}
      <div class="key-line">
        <span class="grow quiet">{config.value ? `Carrel ${config.value.version}` : ""}</span>
        <IconButton icon="theme" label={`Colours: ${theme.value}`} onClick={nextTheme} />
      </div>
    </footer>
  );
}
