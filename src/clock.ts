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

/** The text of seconds, up to the point; a date costs more than all the rest of an answer. */
const seconds = new Map<number, string>();
const MAX_SECONDS = 10_000;

/** RFC 3339 UTC with milliseconds, the form of every timestamp in logs and answers. */
export function timestamp(ms: number): string {
  const second = Math.floor(ms / 1000);
  let text = seconds.get(second);
  if (text === undefined) {
    if (seconds.size >= MAX_SECONDS) seconds.clear();
    text = new Date(second * 1000).toISOString().slice(0, -'000Z'.length);
    seconds.set(second, text);
  }
  return `${text}${String(Math.floor(ms - second * 1000)).padStart(3, '0')}Z`;
}
