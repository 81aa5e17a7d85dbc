// Who may ask, and with which key the model is asked: the login page, the key dialog and the banner.
import { useEffect, useRef, useState } from "preact/hooks";
import { reason } from "../server/api";
import { findProvider, scripted } from "./providers";
import {
  attempt,
  config,
  createSession,
  keyDialogFor,
  keyMissing,
  login,
  mayControl,
  provider,
  saveKey,
  toast,
} from "../state";
import { Dialog, FormError, Icon } from "../parts/ui";

/** A form with one secret field; the secret leaves the page only through `action`. */
function SecretForm(props: {
  label: string;
  submit: string;
  placeholder: string;
  action: (secret: string) => Promise<void>;
}) {
  const [error, setError] = useState("");
  const [working, setWorking] = useState(false);
  const run = async (form: HTMLFormElement) => {
    const secret = String(new FormData(form).get("secret") ?? "").trim();
    if (!secret) return setError("Nothing was entered.");
    setWorking(true);
    setError("");
    try {
      await props.action(secret);
    } catch (failure) {
      setError(reason(failure));
    }
    setWorking(false);
  };
  return (
    <form
      onSubmit={(event) => {
        event.preventDefault();
        void run(event.currentTarget);
      }}
    >
      <label class="field">
        <span>{props.label}</span>
        <input
          name="secret"
          type="password"
          autocomplete="off"
          spellcheck={false}
          placeholder={props.placeholder}
          data-focus
        />
      </label>
      <FormError message={error} />
      <footer>
        <button type="submit" class="button primary" disabled={working}>
          {working ? "One moment…" : props.submit}
        </button>
      </footer>
    </form>
  );
}

export function LoginPage() {
  const page = useRef<HTMLElement>(null);
  useEffect(() => page.current?.querySelector("input")?.focus(), []);
  return (
    <main class="login" data-testid="login" ref={page}>
      <div class="login-card">
        <img src="/favicon.svg" alt="" width="44" height="44" />
        <h1>Carrel</h1>
        <p class="quiet">This server asks for a key. Whoever runs it can give you one.</p>
        <SecretForm label="Key" submit="Log in" placeholder="" action={login} />
      </div>
    </main>
  );
}

export function KeyDialog({ vendor }: { vendor: string }) {
  const close = () => void (keyDialogFor.value = undefined);
  const save = async (key: string) => {
    await saveKey(vendor, key);
    toast("info", "The key is set until the server stops.");
    close();
  };
  return (
    <Dialog
      title={`Key for ${findProvider(config.value, vendor)?.title ?? vendor}`}
      onClose={close}
      testid="key-dialog"
    >
      <p class="quiet">
        The server keeps it in memory only: it is never written to disk, never logged, and never enters a
        desktop.
      </p>
      <SecretForm
        label="Model key"
        submit="Use this key"
        placeholder={findProvider(config.value, vendor)?.key_hint ?? ""}
        action={save}
      />
    </Dialog>
  );
}

/** Says plainly that no model can answer, and what to do instead. */
export function KeyBanner() {
  if (!keyMissing.value || !mayControl.value) return null;
  const variable = findProvider(config.value, provider.value)?.key_variable;
  const tour = () => attempt(() => createSession({ provider: scripted, title: "Tour of a desk" }));
  return (
    <aside class="banner" data-testid="key-banner">
      <Icon name="key" />
      <div>
        <p>
          <strong>No model key.</strong> Paste one, start the server with <code>{variable}</code>, or try the
          built-in scripted model: its tour acts on a real desk.
        </p>
        <div class="banner-actions">
          <button
            type="button"
            class="button small"
            onClick={() => void (keyDialogFor.value = provider.value)}
          >
            Paste a key
          </button>
          <button type="button" class="button small" data-testid="use-scripted" onClick={() => void tour()}>
            Use the scripted model
          </button>
        </div>
      </div>
    </aside>
  );
}
