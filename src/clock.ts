/**
 * Time as the daemon sees it. Every part that waits or measures takes a Clock, so that tests move time by hand
 * (`test/support/clock.ts`) and never sleep.
 */
export interface Clock {
  /** Wall time in milliseconds since 1970, for what people read. It may jump. */
  now(): number;
  /** Milliseconds that only ever grow, for intervals and deadlines. */
  monotonic(): number;
  /** Calls `fn` once after `ms` milliseconds and returns how to cancel that. Never keeps the process alive. */
  after(ms: number, fn: () => void): () => void;
}

export const systemClock: Clock = {
  now: () => Date.now(),
  monotonic: () => performance.now(),
  after(ms, fn) {
    // setTimeout fires at once for delays that do not fit 31 bits; nothing here may wait longer than that anyway.
    const timer = setTimeout(fn, Math.min(ms, 0x7fffffff));
    timer.unref();
    return () => clearTimeout(timer);
  },
};

/** RFC 3339 UTC with milliseconds, the form of every timestamp in logs and answers. */
export function timestamp(ms: number): string {
  return new Date(ms).toISOString();
}
