// How long to wait before trying again, and a wait that the network's return cuts short.

/** Milliseconds before try number `attempt` (from 0): half a second doubling to ten, spread by `random` in [0,1). */
export function retryDelay(attempt: number, random: number): number {
  const whole = Math.min(10_000, 500 * 2 ** Math.min(attempt, 10));
  return Math.round(whole * (0.75 + random * 0.5));
}

/** Resolves after `delay` ms, when the browser is online again, or when `signal` aborts. */
export function waitToRetry(delay: number, signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    const done = () => {
      clearTimeout(timer);
      window.removeEventListener("online", done);
      signal.removeEventListener("abort", done);
      resolve();
    };
    const timer = setTimeout(done, delay);
    window.addEventListener("online", done);
    signal.addEventListener("abort", done);
    if (signal.aborted) done();
  });
}
