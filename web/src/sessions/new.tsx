// The dialog that makes a session.
import { useEffect, useRef, useState } from "preact/hooks";
import { queueLine } from "../desktop/rest";
import { api, reason } from "../server/api";
import { choiceLabel, findProvider, firstProvider, lacksKey, scripted } from "./providers";
import { config, createSession, keyDialogFor, newSessionOpen, panel, sessions } from "../state";
import type { Network, NewSession, Workspace } from "../server/types";
import { size } from "../parts/format";
import { Dialog, FormError } from "../parts/ui";

/** Seconds in the line while no desk is free; who closes the dialog finds the session in the list. */
const mostWaiting = 600;

function wishOf(form: HTMLFormElement): NewSession {
  const data = new FormData(form);
  const field = (name: string) => String(data.get(name) ?? "").trim();
  return {
    ...(field("provider") && { provider: field("provider") }),
    network: field("network") === "none" ? "none" : "internet",
    ...(field("title") && { title: field("title") }),
    ...(field("model") && { model: field("model") }),
    ...(field("instructions") && { system_prompt_suffix: field("instructions") }),
    ...(field("image") && { image: field("image") }),
    ...(field("workspace") && { workspace: field("workspace"), home: data.has("home") }),
    wait_seconds: mostWaiting,
  };
}

export function NewSessionDialog() {
  // Until someone chooses, the answer of the server counts, which may come after the dialog.
  const [chosen, setChosen] = useState<string | undefined>();
  const provider = chosen ?? firstProvider(config.value);
  const [working, setWorking] = useState(false);
  const [error, setError] = useState("");
  const isOpen = useRef(true);
  const close = () => {
    isOpen.current = false;
    newSessionOpen.value = false;
  };
  const create = async (form: HTMLFormElement) => {
    setWorking(true);
    setError("");
    try {
      await createSession(wishOf(form), () => isOpen.current);
      if (!isOpen.current) return;
      close();
      if (panel.value === "sessions") panel.value = "chat";
    } catch (failure) {
      setError(reason(failure));
      setWorking(false);
    }
  };
  return (
    <Dialog title="New session" onClose={close} testid="new-session-dialog">
      <form
        onSubmit={(event) => {
          event.preventDefault();
          void create(event.currentTarget);
        }}
      >
        <label class="field">
          <span>Title</span>
          <input
            name="title"
            maxLength={200}
            placeholder="What is it about? (optional)"
            autocomplete="off"
            data-focus
          />
        </label>
        <ModelFields provider={provider} onProvider={setChosen} />
        <KeyHint provider={provider} />
        <NetworkField />
        <details class="more">
          <summary>Standing instructions</summary>
          <textarea
            name="instructions"
            rows={3}
            aria-label="Standing instructions"
            placeholder="Added to the system prompt, for example: answer in French."
          />
        </details>
        <ImageAndFiles />
        <FormError message={error} />
        {working && <PlaceInLine />}
        <footer>
          <button type="button" class="button" onClick={close}>
            {working ? "Close" : "Cancel"}
          </button>
          <button type="submit" class="button primary" data-testid="create-session" disabled={working}>
            {working ? "Starting the desk…" : "Create"}
          </button>
        </footer>
      </form>
    </Dialog>
  );
}

/** One's own newest session that waits for a desk. */
function PlaceInLine() {
  const position = sessions.value?.find(({ queue_position }) => queue_position)?.queue_position;
  return (
    <div role="status">
      {position && (
        <p class="hint" data-testid="place-in-line">
          Waiting for a free desk. {queueLine(position)}
        </p>
      )}
    </div>
  );
}

/** "12 MB of 2.1 GB". */
function fillOf({ bytes, quota_bytes }: Workspace): string {
  return quota_bytes === null ? size(bytes) : `${size(bytes)} of ${size(quota_bytes)}`;
}

/** Choices that few make: what the desk starts from, and files that outlive it. */
function ImageAndFiles() {
  const [images, setImages] = useState<readonly string[]>([]);
  const [workspaces, setWorkspaces] = useState<readonly Workspace[]>([]);
  const [workspace, setWorkspace] = useState("");
  useEffect(() => {
    // Without the lists the names can still be written, and the server judges them.
    api.images().then(setImages, () => {});
    api.workspaces().then(setWorkspaces, () => {});
  }, []);
  return (
    <details class="more" data-testid="image-and-files">
      <summary>Image and workspace</summary>
      <div class="field-pair">
        <label class="field">
          <span>Image</span>
          <select name="image">
            <option value="">the server's usual</option>
            {images.map((name) => (
              <option key={name} value={name}>
                {name}
              </option>
            ))}
          </select>
        </label>
        <label class="field">
          <span>Workspace</span>
          <input
            name="workspace"
            list="known-workspaces"
            maxLength={64}
            autocomplete="off"
            autocapitalize="off"
            spellcheck={false}
            placeholder="none"
            onInput={(event) => setWorkspace(event.currentTarget.value.trim())}
          />
          <datalist id="known-workspaces">
            {workspaces.map((known) => (
              <option key={known.name} value={known.name}>
                {fillOf(known)}
              </option>
            ))}
          </datalist>
        </label>
      </div>
      <p class="quiet">
        A workspace's files outlive the desk: the next session that names it has them again.
      </p>
      <label class="choice">
        <input type="checkbox" name="home" disabled={workspace === ""} />
        Keep the home directory in it, too
      </label>
    </details>
  );
}

function ModelFields({ provider, onProvider }: { provider: string; onProvider: (name: string) => void }) {
  const models = findProvider(config.value, provider)?.models ?? [];
  return (
    <div class="field-pair">
      <label class="field">
        <span>Provider</span>
        <select name="provider" value={provider} onChange={(event) => onProvider(event.currentTarget.value)}>
          {(config.value?.providers ?? []).map((offered) => (
            <option key={offered.name} value={offered.name}>
              {choiceLabel(offered)}
            </option>
          ))}
        </select>
      </label>
      <label class="field">
        <span>Model</span>
        <input
          name="model"
          list="known-models"
          autocomplete="off"
          disabled={models.length === 0}
          placeholder={
            provider === scripted
              ? "plays a script"
              : (findProvider(config.value, provider)?.default_model ?? "")
          }
        />
        <datalist id="known-models">
          {models.map((name) => (
            <option key={name} value={name} />
          ))}
        </datalist>
      </label>
    </div>
  );
}

/** Says that a session of that provider could not answer, before it is made. */
function KeyHint({ provider }: { provider: string }) {
  const title = findProvider(config.value, provider)?.title ?? provider;
  return (
    <div role="status">
      {lacksKey(config.value, provider) && (
        <p class="hint" data-testid="key-hint">
          There is no key for {title}: its sessions cannot answer until one is given.{" "}
          <button type="button" class="link" onClick={() => void (keyDialogFor.value = provider)}>
            Paste a key
          </button>
        </p>
      )}
    </div>
  );
}

function NetworkField() {
  const [chosen, setChosen] = useState<Network | undefined>();
  const network = chosen ?? config.value?.default_network ?? "internet";
  return (
    <fieldset class="field choices">
      <legend>Network of the desktop</legend>
      <label>
        <input
          type="radio"
          name="network"
          value="internet"
          checked={network === "internet"}
          onChange={() => setChosen("internet")}
        />
        <span>
          <strong>Internet</strong>
          <small>Public addresses only; never this host or its networks.</small>
        </span>
      </label>
      <label>
        <input
          type="radio"
          name="network"
          value="none"
          checked={network === "none"}
          onChange={() => setChosen("none")}
        />
        <span>
          <strong>None</strong>
          <small>Loopback only: nothing gets in or out.</small>
        </span>
      </label>
    </fieldset>
  );
}
