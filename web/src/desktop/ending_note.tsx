// Says that the session ends soon, and keeps it where that can be done.
import { useState } from "preact/hooks";
import { moment } from "../parts/format";
import { endingReason } from "./rest";
import { mayControl, resumeDesk, transcript } from "../state";
import type { Session } from "../server/types";
import { Icon } from "../parts/ui";

/** After its time (ms) an end that did not come is taken for called off. */
const late = 60_000;

export function EndingNote({ session }: { session: Session }) {
  const [kept, setKept] = useState(0);
  const ending = transcript.value.ending;
  const now = Date.now();
  if (!ending || ending.at === kept || now > ending.at + late) return null;
  const keep = async () => {
    if (await resumeDesk(session.id)) setKept(ending.at);
  };
  return (
    <p class="control-note ending-note" role="alert" data-testid="ending-note">
      <Icon name="clock" />
      <span class="grow">
        This session ends at {moment(new Date(ending.at).toISOString(), now)}: {endingReason(ending.message)}.
      </span>
      {ending.canBeKept && mayControl.value && (
        <button type="button" class="button small" data-testid="keep" onClick={() => void keep()}>
          Keep it
        </button>
      )}
    </p>
  );
}
