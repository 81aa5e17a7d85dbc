// One stream of events for all tabs of a browser, since a browser gives a server six connections and a stream holds
// one for good. The hub tells each of its followers, which are tabs, the events of the session that it follows. It
// lives in a shared worker (stream.ts), or where there are none in the page, whose only follower is the page itself.
import type { StoredEvent } from "../server/types";

/** What a page says to the hub. `turn` numbers what it follows, one after the other. */
export type ToHub =
  /** From now on, in place of what was followed before: this session's events after that number. */
  | { kind: "follow"; turn: number; session: string; after: number }
  | { kind: "leave" }
  /** The answer to `ask`. */
  | { kind: "here"; turn: number };

/** What the hub says to a page, for a turn: what still comes for an earlier one is of another session, or has gaps. */
export type ToPage =
  | { kind: "open"; turn: number }
  | { kind: "event"; turn: number; event: StoredEvent }
  /** Nothing more comes, unless it follows again. */
  | { kind: "end"; turn: number }
  /** A tab that was killed says no goodbye: one that does not answer is forgotten. */
  | { kind: "ask" };

export type Tell = (message: ToPage) => void;

/** What a stream tells; nothing more after `onEnd`, or once it was ended. */
export interface StreamEvents {
  onOpen(): void;
  onEvent(session: string, event: StoredEvent): void;
  /** The session has no more events. */
  onClosed(session: string): void;
  /** Nothing happens, and the stream lives. */
  onQuiet(): void;
  onEnd(): void;
}

/** Begins a stream of the events after these numbers, by session; answers how to end it. */
export type OpenStream = (places: ReadonlyMap<string, number>, events: StreamEvents) => () => void;

interface Place {
  turn: number;
  session: string;
  /** The last event that this follower has. */
  after: number;
  /** The stream began with this place: until then it would skip what lies between. */
  isStreamed: boolean;
  isOpen: boolean;
  unanswered: number;
}

/** The server takes so many sessions in one stream. */
const mostSessions = 64;
/** Unanswered questions after which a tab is taken for dead; one comes with each quiet time of the stream. */
const mostUnanswered = 4;

export class Hub {
  private readonly places = new Map<Tell, Place>();
  private stop: (() => void) | undefined;
  private isAwaited = false;

  /** `soon` does something a moment later, so that tabs that come together share one beginning. */
  constructor(
    private readonly openStream: OpenStream,
    private readonly soon: (action: () => void) => void,
  ) {}

  take(tell: Tell, message: ToHub): void {
    const place = this.places.get(tell);
    if (message.kind === "here") {
      if (place) place.unanswered = 0;
      else tell({ kind: "end", turn: message.turn });
      return;
    }
    this.places.delete(tell);
    if (message.kind === "follow") {
      const { turn, session, after } = message;
      this.places.set(tell, { turn, session, after, isStreamed: false, isOpen: false, unanswered: 0 });
      this.beginAgain();
    } else if (place && !this.followers(place.session).length) {
      this.beginAgain();
    }
  }

  private followers(session: string): [Tell, Place][] {
    return [...this.places].filter(([, place]) => place.session === session);
  }

  private beginAgain(): void {
    if (this.isAwaited) return;
    this.isAwaited = true;
    this.soon(() => {
      this.isAwaited = false;
      this.begin();
    });
  }

  /** A new stream in place of the old one, from where each follower is: it may bring again what others have. */
  private begin(): void {
    this.stop?.();
    this.stop = undefined;
    const wanted = new Map<string, number>();
    for (const [tell, place] of [...this.places].reverse()) {
      const { session, after } = place;
      if (wanted.size >= mostSessions && !wanted.has(session)) {
        this.end(tell, place);
        continue;
      }
      wanted.set(session, Math.min(after, wanted.get(session) ?? after));
      place.isStreamed = true;
    }
    if (wanted.size > 0) this.stop = this.openStream(wanted, this.listener);
  }

  private readonly listener: StreamEvents = {
    onOpen: () => {
      for (const [tell, place] of this.places) {
        if (!place.isStreamed || place.isOpen) continue;
        place.isOpen = true;
        tell({ kind: "open", turn: place.turn });
      }
    },
    onEvent: (session, event) => {
      for (const [tell, place] of this.followers(session)) {
        if (!place.isStreamed || event.seq <= place.after) continue;
        place.after = event.seq;
        tell({ kind: "event", turn: place.turn, event });
      }
    },
    onClosed: (session) => {
      for (const [tell, place] of this.followers(session)) if (place.isStreamed) this.end(tell, place);
    },
    onQuiet: () => {
      for (const [tell, place] of [...this.places]) {
        if (place.unanswered++ >= mostUnanswered) this.take(tell, { kind: "leave" });
        else tell({ kind: "ask" });
      }
    },
    onEnd: () => {
      this.stop = undefined;
      for (const [tell, place] of [...this.places]) if (place.isStreamed) this.end(tell, place);
    },
  };

  private end(tell: Tell, { turn }: Place): void {
    this.places.delete(tell);
    tell({ kind: "end", turn });
  }
}
