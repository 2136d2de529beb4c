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
  settle: () => void;
}

export interface Bump {
  entry: EpochEntry;
  /** The current epoch before. */
  previous: number;
  /** Resolves once the number is on disk. */
  recorded: Promise<void>;
  /**
   * Resolves with the entry once it is accepted or rejected and the verdict is on disk; when the daemon stops before,
   * with the entry still pending. Never rejects.
   */
  settled: Promise<EpochEntry>;
}

export class Epochs {
  /** Newest number that is neither pending nor rejected; 0 before the first. */
  current: number;
  /** Newest number per scope that was accepted. */
  readonly scopes = new Map<string, number>();
  private readonly options: EpochsOptions;
  private next: number;
  private waiting: Waiting[] = [];
  /** What the evaluation under way is for. */
  private batch: Waiting[] = [];
  private evaluating = false;
  private notBefore = Number.NEGATIVE_INFINITY;
  private cancel: (() => void) | undefined;
  private stopped = false;

  constructor(options: EpochsOptions) {
    this.options = options;
    const { ledger } = options;
    this.next = (ledger.last?.epoch ?? 0) + 1;
    this.current = ledger.lastAccepted?.epoch ?? 0;
    for (const [scope, { epoch }] of ledger.acceptedByScope()) this.scopes.set(scope, epoch);
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
    void ledger.write(entry);
  }

  /** Takes the next number. Once stopped, nothing is evaluated any more and the number stays pending. */
  bump(request: BumpRequest): Bump {
    const { clock, ledger, onUnheeded } = this.options;
    const previous = this.current;
    const entry = this.newEntry(request);
    if (!BUILT_IN_SCOPES.has(request.scope)) {
      entry.dependents = 0;
      // Nothing was loaded for it: what serves is still what the files were for the epoch before.
      entry.hash = this.entry?.hash ?? entry.hash;
      this.accept(entry, 0);
      const recorded = ledger.write(entry);
      onUnheeded(entry);
      return { entry, previous, recorded, settled: recorded.then(() => entry) };
    }
    const recorded = ledger.write(entry);
    const settled = this.stopped
      ? Promise.resolve(entry)
      : new Promise<EpochEntry>((resolve) =>
          this.waiting.push({ entry, startedAt: clock.monotonic(), settle: () => resolve(entry) }),
        );
    this.evaluateWhenDue();
    return { entry, previous, recorded, settled };
  }

  /** An evaluation under way has no consequence any more; whoever waits for a verdict is told that there is none. */
  stop(): void {
    this.stopped = true;
    this.cancel?.();
    for (const { settle } of [...this.batch.splice(0), ...this.waiting.splice(0)]) settle();
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
    else this.cancel = this.options.clock.after(wait, () => void this.evaluate());
  }

  private async evaluate(): Promise<void> {
    const { clock, evaluate, onAccepted, onRejected, ledger } = this.options;
    this.notBefore = clock.monotonic() + EVALUATION_GAP_MS;
    const batch = this.waiting;
    this.batch = batch;
    this.waiting = [];
    const entries = batch.map(({ entry }) => entry);
    // Each number of the batch stands for the same candidate; the newest names it.
    const newest = entries.at(-1)!;
    const candidate = newest.epoch;
    let error: ConfigError | undefined;
    try {
      await evaluate(candidate);
    } catch (thrown) {
      error = toConfigError(thrown);
    }
    if (this.stopped) return;
    this.batch = [];
    for (const { entry, startedAt, settle } of batch) {
      const durationMs = clock.monotonic() - startedAt;
      if (error === undefined) this.accept(entry, durationMs);
      else this.reject(entry, error, durationMs);
      void ledger.write(entry).then(settle);
    }
    if (error === undefined) {
      this.carryHash(newest);
      onAccepted(candidate, entries);
    } else onRejected(entries, error);
    this.evaluating = false;
    if (this.waiting.length > 0) this.evaluateWhenDue();
  }

  /** A number that nothing heeded may have come meanwhile: what serves under it now are the files of `candidate`. */
  private carryHash(candidate: EpochEntry): void {
    const { entry } = this;
    if (entry === undefined || entry.epoch <= candidate.epoch) return;
    entry.hash = candidate.hash;
    void this.options.ledger.write(entry);
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
