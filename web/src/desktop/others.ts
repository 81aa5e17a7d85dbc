// Who else controls a desk, in a sentence. Pure.
import type { Session } from "../server/types";

/**
 * What whoever looks at a session's desk should know of others' hands on it; empty when nobody's are. The server counts
 * the connections that may control, of which this page's own is one while it is `inControl`.
 */
export function others(session: Pick<Session, "busy" | "viewers">, inControl: boolean): string {
  const count = Math.max(0, (session.viewers?.in_control ?? 0) - (inControl ? 1 : 0));
  const people = count === 0 ? "" : count === 1 ? "One other viewer" : `${count} other viewers`;
  const verb = count === 1 ? "is" : "are";
  if (!inControl) return people && `${people} ${verb} in control of this desk.`;
  if (session.busy && people)
    return `The agent goes on, and ${people.toLowerCase()} ${verb} in control, too: what all of you type and click mixes.`;
  if (session.busy)
    return "The agent goes on: what it and you type and click mixes. Stop it in the conversation.";
  return people && `${people} ${verb} in control, too: what you type and click mixes.`;
}
