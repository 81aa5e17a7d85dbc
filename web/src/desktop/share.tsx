// Links to a desktop for somebody without a key: made, copied once, listed, revoked.
import { useEffect, useState } from "preact/hooks";
import { api, reason } from "../server/api";
import { moment } from "../parts/format";
import { day, hour, LastsField, minute, type Choice } from "../parts/lasting";
import { Secret } from "../parts/secret";
import { attempt } from "../state";
import type { Link, LinkMode } from "../server/types";
import { Dialog, FormError } from "../parts/ui";

const choices: readonly Choice[] = [
  [10 * minute, "in 10 minutes"],
  [hour, "in an hour"],
  [day, "in a day"],
  [7 * day, "in a week"],
  [30 * day, "in 30 days"],
];

/** What whoever has the link may do. */
const choicesOfMode = {
  view: "look",
  control: "look and act",
} satisfies Record<LinkMode, string>;

const modes = {
  view: "Only looks",
  control: "Uses keyboard and mouse",
} satisfies Record<LinkMode, string>;

export function ShareDialog({ session, onClose }: { session: string; onClose: () => void }) {
  const [links, setLinks] = useState<readonly Link[] | undefined>();
  const [made, setMade] = useState<{ id: string; address: string } | undefined>();
  const [working, setWorking] = useState(false);
  const [error, setError] = useState("");
  const read = () => api.links(session).then(setLinks, (failure: unknown) => setError(reason(failure)));
  useEffect(() => void read(), [session]);
  const make = async (form: HTMLFormElement) => {
    const data = new FormData(form);
    const mode = data.get("mode") === "control" ? "control" : "view";
    setWorking(true);
    setError("");
    try {
      const { id, url } = await api.createLink(session, mode, Number(data.get("lasts")));
      setMade({ id, address: new URL(url, location.origin).href });
      await read();
    } catch (failure) {
      setError(reason(failure));
    }
    setWorking(false);
  };
  const revoke = async (id: string) => {
    await attempt(() => api.revokeLink(session, id), session);
    if (made?.id === id) setMade(undefined);
    await read();
  };
  return (
    <Dialog title="Share this desktop" onClose={onClose} testid="share-dialog">
      <p class="quiet">
        Whoever has the link sees this desktop without a key: not the conversation, no files, no other
        session.
      </p>
      <form
        onSubmit={(event) => {
          event.preventDefault();
          void make(event.currentTarget);
        }}
      >
        <div class="field-pair">
          <label class="field">
            <span>Whoever has it may</span>
            <select name="mode" data-focus>
              {Object.entries(choicesOfMode).map(([mode, words]) => (
                <option key={mode} value={mode}>
                  {words}
                </option>
              ))}
            </select>
          </label>
          <LastsField choices={choices} value={hour} />
        </div>
        <FormError message={error} />
        <footer>
          <button type="submit" class="button primary" data-testid="create-link" disabled={working}>
            {working ? "One moment…" : "Make a link"}
          </button>
        </footer>
      </form>
      {made && <Secret key={made.id} label="The link" value={made.address} testid="link-address" />}
      {links && links.length > 0 && <Links links={links} revoke={revoke} />}
    </Dialog>
  );
}

function Links(props: { links: readonly Link[]; revoke: (id: string) => Promise<void> }) {
  return (
    <ul class="given" aria-label="Links that open this desktop">
      {props.links.map(({ id, mode, expires_at }) => (
        <li key={id} data-testid="link-row">
          <span class="grow">
            {modes[mode]}
            <small>until {moment(expires_at, Date.now())}</small>
          </span>
          <button
            type="button"
            class="button small"
            data-testid="revoke-link"
            onClick={() => void props.revoke(id)}
          >
            Revoke
          </button>
        </li>
      ))}
    </ul>
  );
}
