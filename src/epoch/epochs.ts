/**
 * The configuration epoch. Every bump takes the next number at once; whether it is accepted shows when the policy has
 * been loaded anew. One evaluation runs at a time and covers all bumps that waited for it.
 */
import { type Clock, timestamp } from '../clock.ts';
import { type ConfigError, toConfigError } from '../errors.ts';
import type { Cause, EpochEntry } from './entry.ts';
import type { Ledger } from './ledger.ts';
import { BUILT_IN_SCOPES } from './scopes.ts';

export interface BumpRequest {
  scope: string;
  cause: Cause;
  reason?: string | undefined;
  actor?: string | undefined;
  files?: EpochEntry['files'];
}

export interface EpochsOptions {
  clock: Clock;
  ledger: Ledger;
  /** Hash of the monitored files as they were last seen. */
  hash: () => string;
  /** Live objects that depend on a scope. */
  dependents: () => number;
  /** Loads the policy as the candidate for `epoch`; rejects with what is wrong with it. */
  evaluate: (epoch: number) => Promise<void>;
  /** The candidate for `epoch` serves from now on. `entries` are what it covers. */
  onAccepted: (epoch: number, entries: EpochEntry[]) => void;
  onRejected: (entries: EpochEntry[], error: ConfigError) => void;
  /** An epoch that nothing depends on. */
  onUnheeded: (entry: EpochEntry) => void;
}

/** After one evaluation the next starts no sooner than this: a burst of bumps must not load the policy each time. */
const EVALUATION_GAP_MS = 1000;

interface Waiting {
  entry: EpochEntry;
  startedAt: number;
  settle: (entry: EpochEntry) => void;
}

export class Epochs {
  /** Newest number that is neither pending nor rejected; 0 before the first. */
  current: number;
  /** Newest number per scope that was accepted. */
  readonly scopes = new Map<string, number>();
  private readonly options: EpochsOptions;
  private next: number;
  private waiting: Waiting[] = [];
  private evaluating = false;
  private notBefore = Number.NEGATIVE_INFINITY;
  private stopped = false;

  constructor(options: EpochsOptions) {
    this.options = options;
    const { ledger } = options;
    this.next = (ledger.last?.epoch ?? 0) + 1;
    this.current = ledger.lastAccepted?.epoch ?? 0;
    for (const entry of ledger.page(Number.MAX_SAFE_INTEGER)) {
      if (entry.status === 'accepted' && !this.scopes.has(entry.scope)) this.scopes.set(entry.scope, entry.epoch);
    }
  }

  /** The entry of the current epoch. */
  get entry(): EpochEntry | undefined {
    return this.options.ledger.find(this.current);
  }

  get lastRejected(): EpochEntry | undefined {
    return this.options.ledger.lastRejected;
  }

  /** True while a candidate waits for its verdict. */
  get pending(): boolean {
    return this.evaluating || this.waiting.length > 0;
  }

  /**
   * The policy has been loaded at start. Takes a number only when the files differ from those of the last accepted
   * epoch.
   */
  start(): void {
    const { ledger, hash } = this.options;
    if (ledger.lastAccepted?.hash === hash()) return;
    const entry = this.newEntry({ scope: 'files', cause: 'start' });
    this.accept(entry, 0);
    ledger.write(entry);
  }

  /** Takes the next number. `settled` resolves with the entry once it is accepted or rejected, and never rejects. */
  bump(request: BumpRequest): { entry: EpochEntry; previous: number; settled: Promise<EpochEntry> } {
    const previous = this.current;
    const entry = this.newEntry(request);
    if (!BUILT_IN_SCOPES.has(request.scope)) {
      entry.dependents = 0;
      this.accept(entry, 0);
      this.options.ledger.write(entry);
      this.options.onUnheeded(entry);
      return { entry, previous, settled: Promise.resolve(entry) };
    }
    this.options.ledger.write(entry);
    const settled = new Promise<EpochEntry>((settle) =>
      this.waiting.push({ entry, startedAt: this.options.clock.monotonic(), settle }),
    );
    this.evaluateWhenDue();
    return { entry, previous, settled };
  }

  stop(): void {
    this.stopped = true;
  }

  private newEntry(request: BumpRequest): EpochEntry {
    const { clock, dependents, hash } = this.options;
    return {
      epoch: this.next++,
      scope: request.scope,
      cause: request.cause,
      reason: request.reason ?? null,
      actor: request.actor ?? null,
      started_at: timestamp(clock.now()),
      status: 'pending',
      hash: hash(),
      files: request.files ?? [],
      dependents: dependents(),
      errors: [],
      duration_ms: null,
    };
  }

  private evaluateWhenDue(): void {
    if (this.evaluating || this.stopped) return;
    this.evaluating = true;
    const wait = this.notBefore - this.options.clock.monotonic();
    if (wait <= 0) void this.evaluate();
    else this.options.clock.after(wait, () => void this.evaluate());
  }

  private async evaluate(): Promise<void> {
    const { clock, evaluate, onAccepted, onRejected, ledger } = this.options;
    this.notBefore = clock.monotonic() + EVALUATION_GAP_MS;
    const batch = this.waiting;
    this.waiting = [];
    const entries = batch.map(({ entry }) => entry);
    // Each number of the batch stands for the same candidate; the newest names it.
    const candidate = entries.at(-1)!.epoch;
    let error: ConfigError | undefined;
    try {
      await evaluate(candidate);
    } catch (thrown) {
      error = toConfigError(thrown);
    }
    if (this.stopped) return;
    for (const { entry, startedAt } of batch) {
      const durationMs = clock.monotonic() - startedAt;
      if (error === undefined) this.accept(entry, durationMs);
      else this.reject(entry, error, durationMs);
      ledger.write(entry);
    }
    if (error === undefined) onAccepted(candidate, entries);
    else onRejected(entries, error);
    for (const { entry, settle } of batch) settle(entry);
    this.evaluating = false;
    if (this.waiting.length > 0) this.evaluateWhenDue();
  }

  private accept(entry: EpochEntry, durationMs: number): void {
    entry.status = 'accepted';
    entry.duration_ms = Math.round(durationMs);
    this.current = Math.max(this.current, entry.epoch);
    this.scopes.set(entry.scope, entry.epoch);
  }

  private reject(entry: EpochEntry, error: ConfigError, durationMs: number): void {
    entry.status = 'rejected';
    entry.duration_ms = Math.round(durationMs);
    entry.errors = [error.toJSON()];
  }
}
