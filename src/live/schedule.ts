/**
 * When objects are looked at again: buckets of one second, so that a million deadlines cost one timer. A bucket may
 * hold objects that have moved on; whoever takes them out compares `wakeAt`.
 */
import type { Clock } from '../clock.ts';
import type { LiveObject } from './object.ts';

const BUCKET_MS = 1000;
/** Objects taken from a bucket before the event loop gets its turn. */
const SLICE = 2000;

export class Schedule {
  private readonly clock: Clock;
  private readonly wake: (object: LiveObject) => void;
  private readonly buckets = new Map<number, LiveObject[]>();
  private cancel: (() => void) | undefined;
  private next: number;

  constructor(clock: Clock, wake: (object: LiveObject) => void) {
    this.clock = clock;
    this.wake = wake;
    this.next = Math.floor(clock.monotonic() / BUCKET_MS);
  }

  start(): void {
    this.cancel = this.clock.after(BUCKET_MS, () => {
      void this.turn().finally(() => {
        if (this.cancel !== undefined) this.start();
      });
    });
  }

  stop(): void {
    this.cancel?.();
    this.cancel = undefined;
    this.buckets.clear();
  }

  /**
   * Wakes `object` at the monotonic time `at`, up to a second late. An earlier appointment stands: whoever is woken by
   * it looks again and makes another. So an object is in few buckets, however often it is refreshed.
   */
  at(object: LiveObject, at: number): void {
    if (at >= object.wakeAt) return;
    object.wakeAt = at;
    const bucket = Math.max(this.next, Math.ceil(at / BUCKET_MS));
    const objects = this.buckets.get(bucket);
    if (objects === undefined) this.buckets.set(bucket, [object]);
    else objects.push(object);
  }

  /** Wakes everything that is due now. */
  async turn(): Promise<void> {
    const now = this.clock.monotonic();
    const last = Math.floor(now / BUCKET_MS);
    while (this.next <= last) {
      const objects = this.buckets.get(this.next) ?? [];
      this.buckets.delete(this.next);
      this.next++;
      for (const [i, object] of objects.entries()) {
        if (i % SLICE === SLICE - 1) await new Promise((resolve) => setImmediate(resolve));
        if (object.removed || object.wakeAt > now) continue;
        object.wakeAt = Infinity;
        this.wake(object);
      }
    }
  }
}
