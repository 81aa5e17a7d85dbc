// Where a person writes to the agent.
import { useEffect, useRef, useState } from "preact/hooks";
import { api } from "../server/api";
import { draftOf, isSending, setDraft } from "./drafts";
import { scripted, suggested } from "../sessions/providers";
import { attempt, busy, send as sendMessage, wishToWrite } from "../state";
import type { Session } from "../server/types";
import { Icon } from "../parts/ui";

/** The contract's limit, in characters. */
const longest = 10_000;

export function Composer({ session }: { session: Session }) {
  const form = useRef<HTMLFormElement>(null);
  const input = useRef<HTMLTextAreaElement>(null);
  const sending = isSending(session.id);
  const text = draftOf(session.id);
  const working = busy.value;
  const wish = wishToWrite.value;
  useEffect(() => fit(input.current), [text]);
  useEffect(() => {
    if (wish === 0 || !matchMedia("(hover: hover)").matches) return;
    input.current?.focus();
    // Who types what was suggested has it once.
    if (draftOf(session.id) === suggested) input.current?.select();
  }, [wish]);
  const isPaused = session.desk.state === "paused";
  const usable = !isPaused && text.trim() !== "" && text.length <= longest && !working && !sending;
  const send = async () => {
    if (!usable) return;
    await sendMessage(session);
    // Who has gone elsewhere meanwhile, such as to the desktop, keeps typing there.
    if (document.activeElement === document.body || form.current?.contains(document.activeElement))
      input.current?.focus();
  };
  return (
    <form
      ref={form}
      class="composer"
      onSubmit={(event) => {
        event.preventDefault();
        void send();
      }}
    >
      <textarea
        ref={input}
        rows={1}
        data-testid="message-input"
        aria-label="Message to the agent"
        placeholder={placeholder(session, working)}
        value={text}
        onInput={(event) => setDraft(session.id, event.currentTarget.value)}
        onKeyDown={(event) => {
          if (event.key !== "Enter" || event.shiftKey || event.isComposing) return;
          event.preventDefault();
          void send();
        }}
      />
      {text.length > longest - 1000 && (
        <span class={text.length > longest ? "counter over" : "counter"}>
          {text.length} / {longest}
        </span>
      )}
      {working && <Cancel session={session.id} />}
      <button
        type="submit"
        class="round primary"
        data-testid="send"
        aria-label="Send"
        title="Send (Enter)"
        disabled={!usable}
      >
        <Icon name="send" />
      </button>
    </form>
  );
}

function placeholder(session: Session, working: boolean): string {
  if (session.desk.state === "paused") return "The desk is paused";
  if (working) return "The agent is working…";
  return session.provider === scripted
    ? "Write tour, or a JSON list of turns"
    : "Ask the agent to do something";
}

function Cancel({ session }: { session: string }) {
  const [asked, setAsked] = useState(false);
  const cancel = async () => {
    setAsked(true);
    await attempt(() => api.cancel(session));
    setAsked(false);
  };
  return (
    <button
      type="button"
      class="round stop"
      data-testid="cancel"
      aria-label="Stop the agent"
      title="Stop the agent"
      disabled={asked}
      onClick={() => void cancel()}
    >
      <Icon name="stop" />
    </button>
  );
}

/** Grows with its text, up to what the style sheet allows. */
function fit(field: HTMLTextAreaElement | null): void {
  if (!field) return;
  field.style.height = "auto";
  field.style.height = `${field.scrollHeight}px`;
}
