// Whether anybody can see this page: a tab that is not in front, or a window that is minimised, is hidden.

export const isSeen = () => document.visibilityState !== "hidden";

/** Comes when the page is seen, at once if it is, or when `signal` aborts. */
export function untilSeen(signal: AbortSignal): Promise<void> {
  return until(() => isSeen() || signal.aborted, signal);
}

/** Comes when the page has been hidden for so many milliseconds without a break, or when `signal` aborts. */
export async function untilUnseenFor(time: number, signal: AbortSignal): Promise<void> {
  while (!signal.aborted) {
    await until(() => !isSeen() || signal.aborted, signal);
    const rest = new AbortController();
    const seen = untilSeen(AbortSignal.any([signal, rest.signal])).then(() => false);
    let timer = 0;
    const late = new Promise<boolean>((resolve) => {
      timer = window.setTimeout(() => resolve(true), time);
    });
    const isOver = await Promise.race([seen, late]);
    clearTimeout(timer);
    rest.abort();
    if (isOver) return;
  }
}

function until(isSo: () => boolean, signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    const look = () => {
      if (!isSo()) return;
      document.removeEventListener("visibilitychange", look);
      signal.removeEventListener("abort", look);
      resolve();
    };
    document.addEventListener("visibilitychange", look);
    signal.addEventListener("abort", look);
    look();
  });
}
