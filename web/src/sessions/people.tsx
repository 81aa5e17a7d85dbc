// Who may use this server, for admins: users' keys are given, listed and revoked.
import { useEffect, useState } from "preact/hooks";
import { keyLine } from "./keys";
import { api, reason } from "../server/api";
import { day, LastsField, type Choice } from "../parts/lasting";
import { Secret } from "../parts/secret";
import { attempt, config, login, peopleOpen } from "../state";
import type { Key, NewKey, Role } from "../server/types";
import { Dialog, FormError } from "../parts/ui";

const never = 0;
const choices: readonly Choice[] = [
  [day, "in a day"],
  [7 * day, "in a week"],
  [30 * day, "in 30 days"],
  [365 * day, "in a year"],
  [never, "never"],
];

const roles = {
  user: "User: has sessions",
  viewer: "Viewer: only looks",
  admin: "Admin: everything",
} satisfies Record<Role, string>;

function wishOf(form: HTMLFormElement): NewKey {
  const data = new FormData(form);
  const role = data.get("role");
  const name = String(data.get("name") ?? "").trim();
  const lasts = Number(data.get("lasts"));
  return {
    user: String(data.get("user") ?? "").trim(),
    role: role === "admin" || role === "viewer" ? role : "user",
    ...(name && { name }),
    ...(lasts !== never && { expires_seconds: lasts }),
  };
}

export function PeopleDialog() {
  const [keys, setKeys] = useState<readonly Key[] | undefined>();
  const [given, setGiven] = useState<(Key & { key: string }) | undefined>();
  const [working, setWorking] = useState(false);
  const [error, setError] = useState("");
  const isFirst = config.value?.needs_login === false;
  const read = () => api.keys().then(setKeys, (failure: unknown) => setError(reason(failure)));
  useEffect(() => void read(), []);
  const give = async (form: HTMLFormElement) => {
    setWorking(true);
    setError("");
    try {
      const key = await api.createKey(wishOf(form));
      setGiven(key);
      // From now on the server asks for a key: this page has that one.
      if (isFirst) await login(key.key);
      await read();
    } catch (failure) {
      setError(reason(failure));
    }
    setWorking(false);
  };
  const revoke = async (id: string) => {
    await attempt(() => api.revokeKey(id));
    if (given?.id === id) setGiven(undefined);
    await read();
  };
  return (
    <Dialog title="Users and keys" onClose={() => void (peopleOpen.value = false)} testid="people-dialog">
      {isFirst && <FirstKeyHint />}
      <form
        key={given?.id}
        onSubmit={(event) => {
          event.preventDefault();
          void give(event.currentTarget);
        }}
      >
        <div class="field-pair">
          <UserField isFirst={isFirst} />
          <label class="field">
            <span>Role</span>
            <select name="role">
              {Object.entries(roles).map(([role, words]) => (
                <option
                  key={role}
                  value={role}
                  disabled={isFirst && role !== "admin"}
                  selected={isFirst && role === "admin"}
                >
                  {words}
                </option>
              ))}
            </select>
          </label>
          <label class="field">
            <span>What it is for</span>
            <input name="name" maxLength={200} autocomplete="off" placeholder="(optional)" />
          </label>
          <LastsField choices={choices} value={isFirst ? never : 30 * day} />
        </div>
        <FormError message={error} />
        <footer>
          <button type="submit" class="button primary" data-testid="give-key" disabled={working}>
            {working ? "One moment…" : "Give a key"}
          </button>
        </footer>
      </form>
      {given && (
        <Secret key={given.id} label={`The key of ${given.user}`} value={given.key} testid="given-key" />
      )}
      {keys && keys.length > 0 && <Keys keys={keys} revoke={revoke} />}
    </Dialog>
  );
}

function FirstKeyHint() {
  return (
    <p class="hint" data-testid="first-key-hint">
      This server has no keys: it lets in everybody on its machine, as the user “local”. From the first key
      on, which is an admin's, it asks everybody for one. This page logs in with it.
    </p>
  );
}

function UserField({ isFirst }: { isFirst: boolean }) {
  return (
    <label class="field">
      <span>User</span>
      <input
        name="user"
        required
        maxLength={64}
        autocomplete="off"
        autocapitalize="off"
        spellcheck={false}
        placeholder="such as alice"
        defaultValue={isFirst ? (config.value?.user ?? "") : ""}
        data-focus
      />
    </label>
  );
}

function Keys(props: { keys: readonly Key[]; revoke: (id: string) => Promise<void> }) {
  return (
    <ul class="given" aria-label="Keys that were given">
      {props.keys.map((key) => {
        const line = keyLine(key, Date.now());
        return (
          <li key={key.id} class={line.hasEnded ? "ended" : ""} data-testid="key-row" data-user={key.user}>
            <span class="grow">
              {key.user} · {key.role}
              {key.name && ` · ${key.name}`}
              <small>{line.words}</small>
            </span>
            {!line.hasEnded && <Revoke revoke={() => props.revoke(key.id)} />}
          </li>
        );
      })}
    </ul>
  );
}

/** What is open because of a key is cut with it: asked twice. */
function Revoke({ revoke }: { revoke: () => Promise<void> }) {
  const [asked, setAsked] = useState(false);
  return (
    <button
      type="button"
      class={asked ? "button small danger" : "button small"}
      data-testid="revoke-key"
      onBlur={() => setAsked(false)}
      onClick={() => (asked ? void revoke() : setAsked(true))}
    >
      {asked ? "Revoke for good" : "Revoke"}
    </button>
  );
}
