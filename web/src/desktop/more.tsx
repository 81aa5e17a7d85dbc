// What is done with a desk now and then, and what is good to know of it, below one button of the toolbar.
import { restLine } from "./rest";
import { mayControl, pauseDesk } from "../state";
import type { Session } from "../server/types";
import { uploadAll } from "./uploads";
import { Popover } from "../parts/popover";
import { Icon } from "../parts/ui";

interface MoreProps {
  session: Session;
  /** It can be paused and takes files. */
  isUsable: boolean;
  onFillScreen: () => void;
  onShare: () => void;
}

export function MoreMenu({ session, isUsable, onFillScreen, onShare }: MoreProps) {
  return (
    <Popover icon="more" label="More of this desk" testid="more">
      {(close) => (
        <div class="menu">
          <RestLine session={session} />
          {isUsable && mayControl.value && (
            <>
              <PauseItem session={session} close={close} />
              <UploadItem session={session.id} close={close} />
            </>
          )}
          {mayControl.value && (
            <button
              type="button"
              class="menu-item"
              data-testid="share"
              onClick={() => {
                close();
                onShare();
              }}
            >
              <Icon name="link" /> Share by a link…
            </button>
          )}
          {document.fullscreenEnabled && (
            <button
              type="button"
              class="menu-item"
              onClick={() => {
                close();
                onFillScreen();
              }}
            >
              <Icon name="expand" /> Full screen
            </button>
          )}
          <a class="menu-item" href={session.vnc_url} target="_blank" rel="noopener" onClick={close}>
            <Icon name="external" /> Only this desktop, in its own window
          </a>
        </div>
      )}
    </Popover>
  );
}

function RestLine({ session }: { session: Session }) {
  const network = session.desk.network === "none" ? "No network." : "";
  const words = [restLine(session, Date.now()), network].filter(Boolean).join(" ");
  if (!words) return null;
  return (
    <p class="quiet rest-line" data-testid="rest-line">
      {words}
    </p>
  );
}

/** The agent's turn comes first: who wants to pause then stops it. */
function PauseItem({ session, close }: { session: Session; close: () => void }) {
  return (
    <button
      type="button"
      class="menu-item"
      data-testid="pause"
      disabled={session.busy}
      title={session.busy ? "The agent is at work: stop it first" : undefined}
      onClick={() => {
        close();
        void pauseDesk(session.id);
      }}
    >
      <Icon name="pause" />
      <span>
        Pause
        <small>Its programs stand still until it is resumed.</small>
      </span>
    </button>
  );
}

/** Where the toolbar has no room for it. */
function UploadItem({ session, close }: { session: string; close: () => void }) {
  return (
    <label class="menu-item narrow-only">
      <Icon name="upload" /> Upload files to Downloads
      <input
        type="file"
        multiple
        class="off-screen"
        onChange={(event) => {
          void uploadAll(session, [...(event.currentTarget.files ?? [])]);
          close();
        }}
      />
    </label>
  );
}
