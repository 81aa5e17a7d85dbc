// What a desk takes of its machine: processor and memory, beside its state.
import { useEffect, useState } from "preact/hooks";
import { api } from "../server/api";
import type { DeskUsage } from "../server/types";
import { loadOf, loadText, type Load, type Measured } from "./loads";

/** Often enough to see what a click costs, too rarely to cost anything itself. */
const every = 4000;

export function LoadChip({ session }: { session: string }) {
  const load = useLoad(session);
  const text = load && loadText(load);
  if (!text) return null;
  return (
    <span
      class="chip wide-only load"
      data-testid="load"
      title="Processor (100 % is one core) and memory of this desk"
    >
      {text}
    </span>
  );
}

/** Measured while somebody looks at the page. */
function useLoad(session: string): Load | undefined {
  const [load, setLoad] = useState<Load | undefined>();
  useEffect(() => {
    let last: Measured | undefined;
    let ended = false;
    const measure = async () => {
      if (document.visibilityState === "hidden") return;
      const usage = await api.usage(session).catch(() => undefined);
      if (ended) return;
      const now = measured(usage?.desk);
      setLoad(now && loadOf(last, now));
      last = now;
    };
    const timer = setInterval(() => void measure(), every);
    void measure();
    return () => {
      ended = true;
      clearInterval(timer);
    };
  }, [session]);
  return load;
}

const measured = (desk: DeskUsage | undefined): Measured | undefined =>
  desk && { at: performance.now(), processor: desk.processor_seconds, memory: desk.memory_bytes };
