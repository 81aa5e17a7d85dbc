// Says who else types and clicks on the desk: being in control keeps nobody away, neither the agent nor other people.
import { others } from "./others";
import type { Session } from "../server/types";
import { Icon } from "../parts/ui";
import type { Viewer } from "./viewer";

export function ControlNote({ session, viewer }: { session: Session; viewer: Viewer | undefined }) {
  const isShown = viewer?.state.value === "connected";
  const words = isShown ? others(session, viewer.inControl.value) : "";
  return (
    <p class="control-note" role="status" data-testid="control-note" hidden={!words}>
      {words && (
        <>
          <Icon name="pointer" />
          <span>{words}</span>
        </>
      )}
    </p>
  );
}
