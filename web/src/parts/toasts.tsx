// Short messages about what was done or went wrong; they leave by themselves.
import { dismiss, toasts } from "../state";
import { IconButton } from "./ui";

export function Toasts() {
  return (
    <div class="toasts" aria-live="polite">
      {toasts.value.map((entry) => (
        <div key={entry.id} class={`toast ${entry.tone}`} role={entry.tone === "error" ? "alert" : "status"}>
          <span>{entry.message}</span>
          <IconButton icon="close" label="Dismiss" onClick={() => dismiss(entry.id)} />
        </div>
      ))}
    </div>
  );
}
