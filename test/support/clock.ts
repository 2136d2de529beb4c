import type { Clock } from '../../src/clock.ts';

interface Timer {
  due: number;
  fn: () => void;
}

/** A Clock that stands still until a test moves it. */
export class HandClock implements Clock {
  #now: number;
  #monotonic = 0;
  readonly #timers = new Set<Timer>();
  #awaiting: ((ms: number) => void)[] = [];

  /** @param now wall time in milliseconds since 1970 */
  constructor(now = Date.UTC(2025, 0, 1)) {
    this.#now = now;
  }

  now(): number {
    return this.#now;
  }

  monotonic(): number {
    return this.#monotonic;
  }

  after(ms: number, fn: () => void): () => void {
    const timer = { due: this.#monotonic + Math.max(0, ms), fn };
    this.#timers.add(timer);
    for (const resolve of this.#awaiting.splice(0)) resolve(ms);
    return () => this.#timers.delete(timer);
  }

  /** Number of timers that have neither fired nor been cancelled. */
  get pending(): number {
    return this.#timers.size;
  }

  /**
   * Moves time on by `ms` and fires what falls due, in order of time then of setting, each at its own moment; timers
   * that these set fire too if they fall due.
   */
  advance(ms: number): void {
    const end = this.#monotonic + ms;
    for (let timer = this.#earliest(end); timer !== undefined; timer = this.#earliest(end)) {
      this.#timers.delete(timer);
      this.#moveTo(Math.max(timer.due, this.#monotonic));
      timer.fn();
    }
    this.#moveTo(end);
  }

  /** Moves the wall time alone, as an administrator or NTP would. */
  jump(ms: number): void {
    this.#now += ms;
  }

  /** Resolves with the delay of the next timer that is set after this call: how a test waits for work to pause. */
  nextTimer(): Promise<number> {
    return new Promise((resolve) => this.#awaiting.push(resolve));
  }

  #earliest(end: number): Timer | undefined {
    let earliest: Timer | undefined;
    for (const timer of this.#timers) {
      if (timer.due <= end && (earliest === undefined || timer.due < earliest.due)) earliest = timer;
    }
    return earliest;
  }

  #moveTo(monotonic: number): void {
    this.#now += monotonic - this.#monotonic;
    this.#monotonic = monotonic;
  }
}
