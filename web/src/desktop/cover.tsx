// What lies over the desktop while there is no picture of it, and why there is none.
import { useState } from "preact/hooks";
import { renewDesk } from "../state";
import type { Session } from "../server/types";
import { Icon, Pulse } from "../parts/ui";
import type { Viewer } from "./viewer";

/** Nothing while the desk is ready and connected. */
export function Cover({ session, viewer }: { session: Session; viewer: Viewer | undefined }) {
  const { state, reason } = session.desk;
  if (state === "failed" || state === "lost" || state === "stopped") {
    return <DeskFailed session={session} title={failureTitle[state]} reason={reason ?? ""} />;
  }
  const connection = viewer?.state.value;
  if (connection === "connected") return null;
  return (
    <div class="cover">
      <div class="cover-note">
        <Pulse />
        <p>
          {state === "starting"
            ? "Starting the desk"
            : connection === "waiting"
              ? "Connection lost"
              : "Connecting"}
        </p>
        {connection === "waiting" && (
          <button type="button" class="button small" onClick={() => viewer?.retryNow()}>
            Try now
          </button>
        )}
      </div>
    </div>
  );
}

const failureTitle = {
  failed: "This desk failed",
  lost: "This desk was lost",
  stopped: "This desk has stopped",
};

function DeskFailed({ session, title, reason }: { session: Session; title: string; reason: string }) {
  const [working, setWorking] = useState(false);
  const renew = async () => {
    setWorking(true);
    await renewDesk(session.id);
    setWorking(false);
  };
  return (
    <div class="cover solid" data-testid="desk-failed" role="alert">
      <div class="card">
        <span class="card-icon">
          <Icon name="alert" />
        </span>
        <h2>{title}</h2>
        {reason && <p class="reason">{reason}</p>}
        <p class="quiet">
          The conversation is kept. A new desk starts from the same image, without the old one's files.
        </p>
        <button
          type="button"
          class="button primary"
          data-testid="renew-desk"
          disabled={working}
          onClick={() => void renew()}
        >
          {working ? "Starting…" : "Start a new desk"}
        </button>
      </div>
    </div>
  );
}
