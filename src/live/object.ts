import { type Clock, timestamp } from '../clock.ts';
import { type ErrorReport, publicReport } from '../errors.ts';
import type { Ask, Kind } from '../kinds/index.ts';
import type { Provenance } from '../policy/record.ts';
import type { Value } from './value.ts';

export const STATES = ['fresh', 'stale', 'refreshing', 'quarantined'] as const;
export type State = (typeof STATES)[number];

/** One live object. A million of these may exist, so it holds references to shared parts and little else. */
export class LiveObject {
  readonly kind: Kind;
  readonly name: string;
  /** Place in the order of creation, for paging. */
  readonly seq: number;
  /** The call that made it, when the name alone does not say (a path's domain). */
  readonly ask: Ask | undefined;
  value: Value;
  provenance: Provenance | null;
  /** The newest epoch when the value was made. */
  epoch: number;
  /** The epoch that had to be caught up with when the value was made. */
  required: number;
  durationUs: number;
  /** Wall time, milliseconds. */
  loadedAt: number;
  lastUsedAt: number;
  /** Monotonic time of the last use. */
  idleSince: number;
  /** Monotonic time of the next refresh by age, or of the next try after a failure; Infinity for none. */
  dueAt = Infinity;
  /** Monotonic time at which the schedule looks at this object again. */
  wakeAt = Infinity;
  refreshing = false;
  removed = false;
  /** Failed refreshes in a row, and what the last one said. */
  failures = 0;
  error: ErrorReport | null = null;
  /** Live objects that stand on this one; it does not idle out while there are any. */
  users = 0;

  constructor(kind: Kind, name: string, seq: number, ask: Ask | undefined, made: Made, clock: Clock) {
    this.kind = kind;
    this.name = name;
    this.seq = seq;
    this.ask = ask;
    this.value = made.value;
    this.provenance = made.provenance;
    this.epoch = made.epoch;
    this.required = made.required;
    this.durationUs = made.durationUs;
    this.loadedAt = clock.now();
    this.lastUsedAt = this.loadedAt;
    this.idleSince = clock.monotonic();
  }

  /** Takes a new value in place of the one before, and with it leaves quarantine. */
  take(made: Made, now: number): void {
    this.value = made.value;
    this.provenance = made.provenance;
    this.epoch = made.epoch;
    this.required = made.required;
    this.durationUs = made.durationUs;
    this.loadedAt = now;
    this.error = null;
    this.failures = 0;
  }

  /** Due for the epoch: it depends on epochs, and its value is from before `required` was. */
  behind(required: number): boolean {
    return this.value.timing.onEpoch && this.required < required;
  }

  state(required: number): State {
    if (this.refreshing) return 'refreshing';
    if (this.error !== null) return 'quarantined';
    return this.behind(required) ? 'stale' : 'fresh';
  }

  /**
   * The object as the API shows it, as JSON text; the value is spliced in without parsing it. What has caught up with
   * `required` is right for every epoch since, up to `newest`.
   */
  toText(required: number, newest: number): string {
    const epoch = this.value.timing.onEpoch && !this.behind(required) ? newest : this.epoch;
    const { strategy, refreshInterval } = this.value.timing;
    const provenance =
      this.provenance === null ? 'null' : JSON.stringify({ ...this.provenance, duration_us: this.durationUs });
    return (
      `{"kind":"${this.kind.name}","name":${JSON.stringify(this.name)},"value":${this.value.publicText},` +
      `"epoch":${epoch},"state":"${this.state(required)}","strategy":"${strategy}",` +
      `"refresh_interval":"${refreshInterval}","loaded_at":"${timestamp(this.loadedAt)}",` +
      `"last_used_at":"${timestamp(this.lastUsedAt)}","provenance":${provenance},` +
      `"last_error":${this.error === null ? 'null' : JSON.stringify(publicReport(this.error))}}`
    );
  }
}

/** What an evaluation came to. */
export interface Made {
  value: Value;
  provenance: Provenance | null;
  epoch: number;
  required: number;
  durationUs: number;
  forConnection: boolean;
}
