// What lies over the desktop while there is no picture of it, and why there is none.
import { useEffect, useState } from "preact/hooks";
import { queueLine } from "./rest";
import { pausedPicture } from "../server/api";
import { renewDesk, resumeDesk } from "../state";
import type { Session } from "../server/types";
import { Icon, Pulse } from "../parts/ui";
import type { Viewer } from "./viewer";

/** Nothing while the desk is ready and connected. */
export function Cover(props: {
  session: Session;
  viewer: Viewer | undefined;
  isLeaving: boolean;
  byLink: boolean;
  mayControl: boolean;
}) {
  const { session, viewer, byLink, mayControl } = props;
  const { state, reason } = session.desk;
  const mayRenew = mayControl && !byLink;
  if (props.isLeaving) {
    return (
      <div class="cover">
        <div class="cover-note" role="status">
          <Pulse />
          <p>Deleting</p>
        </div>
      </div>
    );
  }
  if (state === "failed" || state === "lost" || state === "stopped") {
    return (
      <DeskFailed
        key={session.id}
        session={session}
        title={failureTitle[state]}
        reason={reason ?? ""}
        mayRenew={mayRenew}
      />
    );
  }
  if (session.queue_position) return <DeskQueued position={session.queue_position} />;
  if (state === "paused")
    return (
      <DeskPaused key={session.id} session={session} isSeen={!byLink} mayResume={mayControl && !byLink} />
    );
  if (state === "starting")
    return <DeskStarting key={session.id} session={session} reason={reason ?? ""} mayRenew={mayRenew} />;
  if (session.desk.display === false) return <NoDisplay />;
  const connection = viewer?.state.value;
  if (connection === "connected") return null;
  return (
    <div class="cover">
      <div class="cover-note">
        <Pulse />
        <p>{connection === "waiting" ? "Connection lost" : "Connecting"}</p>
        {connection === "waiting" && (
          <button type="button" class="button small" onClick={() => viewer?.retryNow()}>
            Try now
          </button>
        )}
      </div>
    </div>
  );
}

/** Its programs stand still: there is the last picture, and a button that lets them go on. */
function DeskPaused(props: { session: Session; isSeen: boolean; mayResume: boolean }) {
  const { session, isSeen, mayResume } = props;
  const picture = useLastPicture(session.id, isSeen && session.desk.display !== false);
  return (
    <div class="cover" data-testid="desk-paused">
      {picture && <img class="last-picture" src={picture} alt="Last picture of this desktop" />}
      <div class="cover-note column">
        <span class="cover-line" role="status">
          <Icon name="pause" /> Paused
        </span>
        <span class="quiet">Its programs stand still where they were.</span>
        {mayResume && <Resume session={session.id} />}
      </div>
    </div>
  );
}

export function Resume({ session }: { session: string }) {
  const [working, setWorking] = useState(false);
  const resume = async () => {
    setWorking(true);
    await resumeDesk(session);
    setWorking(false);
  };
  return (
    <button
      type="button"
      class="button small primary"
      data-testid="resume"
      disabled={working}
      onClick={() => void resume()}
    >
      <Icon name="play" /> Resume
    </button>
  );
}

/** As the address of data, which the page's policy lets pictures have. */
function useLastPicture(session: string, isWanted: boolean): string | undefined {
  const [picture, setPicture] = useState<string | undefined>();
  useEffect(() => {
    if (!isWanted) return;
    const reader = new FileReader();
    let ended = false;
    reader.addEventListener("load", () => {
      if (!ended && typeof reader.result === "string") setPicture(reader.result);
    });
    void pausedPicture(session).then((blob) => blob && !ended && reader.readAsDataURL(blob));
    return () => {
      ended = true;
    };
  }, [session, isWanted]);
  return picture;
}

function DeskQueued({ position }: { position: number }) {
  return (
    <div class="cover" data-testid="desk-queued">
      <div class="cover-note column" role="status">
        <span class="cover-line">
          <Pulse />
          Waiting for a free desk
        </span>
        <span class="quiet">{queueLine(position)}</span>
      </div>
    </div>
  );
}

function NoDisplay() {
  return (
    <div class="cover" data-testid="no-display">
      <div class="cover-note column" role="status">
        <p>This desk has no display</p>
        <span class="quiet">Its image is made for terminal, files and programs without windows.</span>
      </div>
    </div>
  );
}

/** It goes on by itself. One that has a reason is there, but does not answer: a person may give it up. */
function DeskStarting(props: { session: Session; reason: string; mayRenew: boolean }) {
  const { session, reason, mayRenew } = props;
  return (
    <div class="cover" data-testid="desk-starting">
      <div class="cover-note column" role="status">
        <span class="cover-line">
          <Pulse />
          {reason ? "Waiting for the desk" : "Starting the desk"}
        </span>
        {reason && (
          <>
            <span class="quiet">{reason}</span>
            {mayRenew && <Renew session={session} label="Start a new desk, without its files" />}
          </>
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

function DeskFailed(props: { session: Session; title: string; reason: string; mayRenew: boolean }) {
  const { session, title, reason, mayRenew } = props;
  return (
    <div class="cover solid" data-testid="desk-failed" role="alert">
      <div class="card">
        <span class="card-icon">
          <Icon name="alert" />
        </span>
        <h2>{title}</h2>
        {reason && <p class="reason">{reason}</p>}
        {mayRenew && (
          <>
            <p class="quiet">
              The conversation is kept. A new desk starts from the same image, without the old one's files.
            </p>
            <Renew session={session} label="Start a new desk" primary />
          </>
        )}
      </div>
    </div>
  );
}

function Renew({ session, label, primary }: { session: Session; label: string; primary?: boolean }) {
  const [working, setWorking] = useState(false);
  const renew = async () => {
    setWorking(true);
    await renewDesk(session.id);
    setWorking(false);
  };
  return (
    <button
      type="button"
      class={primary ? "button primary" : "button small"}
      data-testid="renew-desk"
      disabled={working}
      onClick={() => void renew()}
    >
      {working ? "Starting…" : label}
    </button>
  );
}
