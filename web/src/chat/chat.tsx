// The right panel: the conversation, which follows its end until someone scrolls up.
import { useEffect, useLayoutEffect, useRef, useState } from "preact/hooks";
import { KeyBanner } from "../sessions/access";
import { Composer } from "./composer";
import { setDraft } from "./drafts";
import type { Item, Notice, UserMessage } from "../log/transcript";
import { titleOf } from "../parts/format";
import { memo } from "./memo";
import { scripted, suggested } from "../sessions/providers";
import { Resume } from "../desktop/cover";
import { feedState, mayControl, transcript, wishToWrite } from "../state";
import { TurnView } from "./turn";
import type { Session } from "../server/types";
import { Icon, Pulse } from "../parts/ui";

export function ChatPanel({ session }: { session: Session }) {
  const state = feedState.value;
  return (
    <section class="panel chat" id="panel-chat" aria-label="Conversation">
      <header class="chat-head">
        <div class="grow">
          <h2>{titleOf(session)}</h2>
          <p class="quiet">{session.provider === scripted ? "Scripted model" : session.model}</p>
        </div>
        {state === "reconnecting" && (
          <span class="chip state waiting" role="status">
            <span class="dot" /> Reconnecting
          </span>
        )}
      </header>
      <KeyBanner />
      {session.desk.state === "paused" && <PausedBanner session={session.id} />}
      <Log key={session.id} session={session} />
      {mayControl.value ? (
        <Composer key={`composer-${session.id}`} session={session} />
      ) : (
        <p class="quiet pad" data-testid="only-looks">
          Your key only looks: whoever has one of the role user writes here.
        </p>
      )}
    </section>
  );
}

function PausedBanner({ session }: { session: string }) {
  return (
    <aside class="banner" data-testid="paused-banner">
      <Icon name="pause" />
      <p class="grow">The desk is paused: the agent can work again when it is resumed.</p>
      {mayControl.value && <Resume session={session} />}
    </aside>
  );
}

/** Within this many pixels of the end, the reader is taken to be at the end. */
const nearEnd = 48;

/** Pixels between what is seen and the end. */
function toGo(box: HTMLElement): number {
  return box.scrollHeight - box.scrollTop - box.clientHeight;
}

function Log({ session }: { session: Session }) {
  const log = useRef<HTMLDivElement>(null);
  const content = useRef<HTMLDivElement>(null);
  const following = useRef(true);
  const [behind, setBehind] = useState(false);
  const { items } = transcript.value;
  const lastTop = useRef(0);
  const toEnd = () => {
    const box = log.current;
    if (!box) return;
    box.scrollTop = box.scrollHeight;
    lastTop.current = box.scrollTop;
  };
  const follow = () => {
    const box = log.current;
    // The scroll event comes later than the scrolling: who has moved up since must not be pulled back.
    if (box && box.scrollTop < lastTop.current - 4 && toGo(box) > 1) following.current = false;
    if (following.current) toEnd();
    return following.current;
  };
  useLayoutEffect(() => {
    // What one writes oneself is always shown.
    if (items.at(-1)?.kind === "user") {
      following.current = true;
      lastTop.current = 0;
    }
    if (!follow()) setBehind(true);
  }, [items]);
  useEffect(() => {
    // Pictures that arrive and panels that change size move the end as well.
    const watch = new ResizeObserver(() => void follow());
    if (log.current) watch.observe(log.current);
    if (content.current) watch.observe(content.current);
    return () => watch.disconnect();
  }, []);
  const scrolled = () => {
    const box = log.current;
    if (!box) return;
    following.current = toGo(box) < nearEnd;
    if (following.current) setBehind(false);
  };
  return (
    <div class="log-frame">
      <div
        class="log"
        ref={log}
        role="log"
        tabIndex={0}
        aria-label="Messages"
        data-testid="conversation"
        onScroll={scrolled}
      >
        <div class="log-content" ref={content}>
          {items.length === 0 && <Opening session={session} />}
          {items.map((item) => (
            <ItemView key={item.key} item={item} aspect={`${session.desk.width} / ${session.desk.height}`} />
          ))}
        </div>
      </div>
      {behind && (
        <button
          type="button"
          class="button small jump"
          onClick={() => {
            following.current = true;
            setBehind(false);
            toEnd();
          }}
        >
          <Icon name="down" /> Newest
        </button>
      )}
    </div>
  );
}

const ItemView = memo(function ItemView({ item, aspect }: { item: Item; aspect: string }) {
  if (item.kind === "user") return <UserView message={item} />;
  if (item.kind === "notice") return <NoticeView notice={item} />;
  return <TurnView turn={item} aspect={aspect} />;
});

function UserView({ message }: { message: UserMessage }) {
  const time = new Date(message.timestamp);
  return (
    <div
      class="user-message"
      data-testid="user-message"
      title={Number.isNaN(time.getTime()) ? "" : time.toLocaleString()}
    >
      <span class="visually-hidden">You: </span>
      {message.content}
    </div>
  );
}

function NoticeView({ notice }: { notice: Notice }) {
  return (
    <p class={`notice ${notice.tone}`} data-testid="notice">
      {notice.message}
    </p>
  );
}

const ideas = [
  "Open Wikipedia, find today's featured article and summarise it in three sentences.",
  "Write a small Python script that draws a Mandelbrot set, run it, and show me the picture.",
];

/** What an empty conversation says, which is how to begin. */
function Opening({ session }: { session: Session }) {
  if (feedState.value === "loading") {
    return (
      <div class="opening">
        <Pulse />
      </div>
    );
  }
  const isScripted = session.provider === scripted;
  if (!mayControl.value) {
    return (
      <div class="opening">
        <p class="opening-title">Nothing has been said yet</p>
      </div>
    );
  }
  return (
    <div class="opening">
      <p class="opening-title">
        {isScripted ? "A scripted model sits at this desk" : "What should be done on this desk?"}
      </p>
      <p class="quiet">
        {isScripted
          ? "It needs no key. Its tour shows a browser, a terminal, typing and a file, all for real: send “tour”."
          : "You see every step live, and can take the mouse at any time."}
      </p>
      <div class="ideas">
        {(isScripted ? [suggested] : ideas).map((idea) => (
          <button
            key={idea}
            type="button"
            class="idea"
            onClick={() => {
              setDraft(session.id, idea);
              wishToWrite.value++;
            }}
          >
            {idea}
          </button>
        ))}
      </div>
    </div>
  );
}
