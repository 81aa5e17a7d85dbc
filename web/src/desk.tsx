// The page at /desk/{session}: one desktop and nothing else. With ?view_only=1 it only shows. Who came by a link
// has ?shared=view or ?shared=control: nothing is offered that the link does not open.
import { render } from "preact";
import { LoginPage } from "./sessions/access";
import { whenUnauthorized } from "./server/api";
import { Desktop } from "./desktop/desktop";
import { titleOf } from "./parts/format";
import { access, refreshSession, sessions } from "./state";
import { Toasts } from "./parts/toasts";
import { Pulse } from "./parts/ui";

const id = decodeURIComponent(location.pathname.split("/")[2] ?? "");
const query = new URLSearchParams(location.search);
const shared = query.get("shared");
const viewOnly = query.get("view_only") === "1" || shared === "view";

/** Between two looks at the session (ms), while the page is visible. */
const lookInterval = 4000;

function EndedLink() {
  return (
    <main class="welcome" data-testid="link-ended">
      <p>This link has expired or was revoked. Ask whoever gave it to you for a new one.</p>
    </main>
  );
}

function DeskPage() {
  if (access.value === "login") return shared ? <EndedLink /> : <LoginPage />;
  const session = sessions.value?.find((entry) => entry.id === id);
  if (!session) {
    return (
      <main class="welcome">
        {sessions.value === undefined ? (
          <Pulse />
        ) : (
          <p>There is no session with this id, or it was deleted.</p>
        )}
      </main>
    );
  }
  document.title = `${titleOf(session)} · Carrel`;
  return (
    <>
      <h1 class="visually-hidden">{titleOf(session)} · Carrel</h1>
      <Desktop session={session} alone mayControl={!viewOnly} byLink={shared !== null} />
      <Toasts />
    </>
  );
}

function look(): void {
  const isGone = sessions.value?.every((session) => session.id !== id);
  if (document.visibilityState === "visible" && access.value !== "login" && !isGone) void refreshSession(id);
}

/** Ctrl+F6 leads out of the desktop, which takes all other keys while it is under control. */
function leave(event: KeyboardEvent): void {
  if (event.key !== "F6" || !event.ctrlKey) return;
  event.preventDefault();
  event.stopPropagation();
  document.querySelector<HTMLElement>(".toolbar button")?.focus();
}

window.addEventListener("keydown", leave, true);
whenUnauthorized(() => void (access.value = "login"));
document.addEventListener("visibilitychange", look);
setInterval(look, lookInterval);
look();
const root = document.getElementById("desk");
if (root) render(<DeskPage />, root);
