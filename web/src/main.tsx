// The page at /: three panels, or one at a time where there is no room for three.
import { effect } from "@preact/signals";
import { render } from "preact";
import { KeyBanner, KeyDialog, LoginPage } from "./sessions/access";
import { ChatPanel } from "./chat/chat";
import { Desktop } from "./desktop/desktop";
import { titleOf } from "./parts/format";
import { Lightbox } from "./chat/lightbox";
import { NewSessionDialog } from "./sessions/new";
import { PeopleDialog } from "./sessions/people";
import { SessionsPanel } from "./sessions/sessions";
import { chatWidth, Splitter } from "./parts/splitter";
import {
  access,
  busy,
  config,
  keyDialogFor,
  mayControl,
  newSessionOpen,
  panel,
  peopleOpen,
  reachable,
  selected,
  sessions,
  sidebar,
  start,
  type Panel,
} from "./state";
import { Toasts } from "./parts/toasts";
import { Icon, Pulse, type IconName } from "./parts/ui";

const panels: readonly { name: Panel; label: string; icon: IconName }[] = [
  { name: "sessions", label: "Sessions", icon: "list" },
  { name: "desktop", label: "Desktop", icon: "screen" },
  { name: "chat", label: "Conversation", icon: "chat" },
];

function App() {
  // Who gives the server its first key is asked for it at once, and must have seen it.
  if (access.value === "login" && !peopleOpen.value) return <LoginPage />;
  const session = selected.value;
  return (
    <>
      <h1 class="visually-hidden">{session ? `${titleOf(session)} · Carrel` : "Carrel"}</h1>
      {!reachable.value && (
        <p class="offline" role="alert">
          The server does not answer. Desks go on without it; this page comes back by itself.
        </p>
      )}
      <div
        class="layout"
        data-panel={panel.value}
        data-sidebar={sidebar.value ? "shown" : "hidden"}
        style={{ "--chat-width": `${chatWidth.value}px` }}
      >
        <SessionsPanel />
        <Work />
      </div>
      <Tabs />
      {newSessionOpen.value && <NewSessionDialog />}
      {peopleOpen.value && <PeopleDialog />}
      {keyDialogFor.value && <KeyDialog vendor={keyDialogFor.value} />}
      <Lightbox />
      <Toasts />
    </>
  );
}

function Work() {
  const session = selected.value;
  if (!session) return <Welcome loading={sessions.value === undefined} />;
  return (
    <main class="work">
      <Desktop session={session} />
      <Splitter />
      <ChatPanel session={session} />
    </main>
  );
}

function Welcome({ loading }: { loading: boolean }) {
  if (loading) {
    return (
      <main class="welcome">
        <Pulse />
      </main>
    );
  }
  return (
    <main class="welcome">
      <div>
        <img src="/favicon.svg" alt="" width="56" height="56" />
        <h2>A desk for every agent</h2>
        <p class="quiet">
          Each session is an isolated Linux desktop with a browser, a shell and files.{" "}
          {mayControl.value
            ? "You watch what the agent does there, and step in whenever you like."
            : `You may look at those of ${config.value?.user ?? "their user"}: there are none now.`}
        </p>
        {mayControl.value && (
          <button type="button" class="button primary" onClick={() => void (newSessionOpen.value = true)}>
            <Icon name="plus" /> New session
          </button>
        )}
        <KeyBanner />
      </div>
    </main>
  );
}

function Tabs() {
  return (
    <nav class="tabs" aria-label="Panels">
      {panels.map(({ name, label, icon }) => (
        <button
          key={name}
          type="button"
          aria-current={panel.value === name ? "page" : undefined}
          data-testid={`tab-${name}`}
          onClick={() => void (panel.value = name)}
        >
          <Icon name={icon} />
          {label}
        </button>
      ))}
    </nav>
  );
}

/** Ctrl+F6 goes to the next panel, also out of a desktop that takes all other keys. */
function nextPanel(event: KeyboardEvent): void {
  if (event.key !== "F6" || !event.ctrlKey) return;
  event.preventDefault();
  event.stopPropagation();
  const at = panels.findIndex(({ name }) => document.activeElement?.closest(`#panel-${name}`));
  const next = panels[(at + 1) % panels.length];
  if (!next) return;
  panel.value = next.name;
  const stops = {
    sessions: ".session-open, .button",
    desktop: ".toolbar button",
    chat: ".composer textarea",
  };
  requestAnimationFrame(() =>
    document.querySelector<HTMLElement>(`#panel-${next.name} :is(${stops[next.name]})`)?.focus(),
  );
}

effect(() => {
  const session = selected.value;
  document.title = session ? `${busy.value ? "● " : ""}${titleOf(session)} · Carrel` : "Carrel";
});
window.addEventListener("keydown", nextPanel, true);
const root = document.getElementById("app");
if (root) render(<App />, root);
start();
