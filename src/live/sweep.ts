/**
 * The refresh of everything that depends on the epoch, after it has moved: sources, then pools, then what uses them.
 * So many at a time that the workers stay busy, and in slices so short that a reader never waits for one.
 */
import type { KindName } from '../kinds/index.ts';
import type { LiveObject } from './object.ts';
import type { Store } from './store.ts';

/** What others stand on comes first; the phases do not overlap. */
const PHASES: readonly (readonly KindName[])[] = [
  ['egress_source'],
  ['egress_pool'],
  ['queue', 'egress_path', 'listener_domain'],
];
/** Refreshes under way at once. */
const MAX_RUNNING = 2000;
/** Objects looked at before the event loop gets its turn: most of them need no refresh and cost next to nothing. */
const SLICE = 200;

export class Sweep {
  private readonly stores: Record<KindName, Store>;
  private readonly refresh: (object: LiveObject, done: () => void) => void;
  private required = 0;
  private phase = PHASES.length;
  private walk: Iterator<LiveObject> | undefined;
  private running = 0;
  private scheduled = false;
  private waiters: (() => void)[] = [];

  constructor(stores: Record<KindName, Store>, refresh: (object: LiveObject, done: () => void) => void) {
    this.stores = stores;
    this.refresh = refresh;
  }

  /** Starts over for the epoch `required`, wherever an earlier sweep has got to. */
  start(required: number): void {
    this.required = required;
    this.phase = 0;
    this.walk = undefined;
    this.goOn();
  }

  /** Launches nothing any more; whoever waits is told. */
  stop(): void {
    this.phase = PHASES.length;
    this.walk = undefined;
    this.tell();
  }

  /** Resolves when a sweep has ended, with no newer one begun. */
  done(): Promise<void> {
    if (this.phase === PHASES.length && this.running === 0) return Promise.resolve();
    return new Promise((resolve) => this.waiters.push(resolve));
  }

  private goOn(): void {
    if (this.scheduled) return;
    this.scheduled = true;
    setImmediate(() => {
      this.scheduled = false;
      this.slice();
    });
  }

  private slice(): void {
    let looked = 0;
    while (this.phase < PHASES.length) {
      this.walk ??= this.objectsOf(PHASES[this.phase]!);
      while (this.running < MAX_RUNNING) {
        if (looked++ === SLICE) {
          this.goOn();
          return;
        }
        const { value: object, done } = this.walk.next();
        if (done === true) break;
        if (object.behind(this.required)) this.launch(object);
      }
      // The next phase begins when this one has ended; a refresh that ends brings us back here.
      if (this.running > 0) return;
      this.phase++;
      this.walk = undefined;
    }
    this.tell();
  }

  private tell(): void {
    for (const waiter of this.waiters.splice(0)) waiter();
  }

  private launch(object: LiveObject): void {
    this.running++;
    this.refresh(object, () => {
      this.running--;
      // Refill in gulps: a turn of the event loop for every single refresh would cost more than the refresh.
      if (this.running <= MAX_RUNNING / 2) this.goOn();
    });
  }

  private *objectsOf(kindNames: readonly KindName[]): Generator<LiveObject> {
    for (const kind of kindNames) yield* this.stores[kind].after(0);
  }
}
