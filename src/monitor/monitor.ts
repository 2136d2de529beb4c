import type { Clock } from '../clock.ts';
import { FileSet, type Snapshot } from './fileset.ts';
import type { MonitorFs } from './fs.ts';
import { compileGlobs } from './globs.ts';

/** Scans that a poll may take to see the same twice, when polls follow each other faster than that. */
const SETTLE_TRIES = 4;

/** A settled difference between two snapshots. */
export interface Change {
  hash: string;
  previousHash: string;
  /** Sorted by path. A content hash each; null where the file did not exist. */
  files: { path: string; before: string | null; after: string | null }[];
  snapshot: Snapshot;
}

/** A file that cannot be read or, with path null, a poll that failed. */
export interface MonitorProblem {
  path: string | null;
  error: string;
}

/** As pino has it. */
export interface MonitorLog {
  info(fields: object, message: string): void;
  warn(fields: object, message: string): void;
  error(fields: object, message: string): void;
}

export interface MonitorOptions {
  globs: readonly string[];
  /** From the end of one poll to the next. */
  intervalMs: number;
  /** Between the two scans that must agree. */
  settleMs: number;
  clock: Clock;
  log: MonitorLog;
  fs?: MonitorFs;
  onChange(change: Change): void;
  /** Once when a file becomes unreadable (or fails in another way), and for every poll that fails. */
  onProblem?(problem: MonitorProblem): void;
  /** After every poll, `start` included: how long it took with settling, files seen, files read. */
  onPoll?(poll: { durationMs: number; files: number; read: number }): void;
  /** The bytes of every file whose content is new, settled or not; called before the change that contains it. */
  onContent?(path: string, hash: string, bytes: Uint8Array): void;
}

/**
 * Polls the files that match the globs and reports each change of their names or contents once it has settled: two
 * scans `settleMs` apart must agree, so a deploy that is being written is never reported half-way.
 */
export class Monitor {
  /** Of the last poll, with its settling; null before the first. */
  lastPollMs: number | null = null;
  readonly #options: MonitorOptions;
  readonly #files: FileSet;
  readonly #unreadable = new Map<string, string>();
  #current: Snapshot | undefined;
  #polling: Promise<Change | null> | undefined;
  #cancelNext: (() => void) | undefined;
  #endWait: (() => void) | undefined;
  #stopped = false;

  /** @throws ConfigError GLOB_INVALID */
  constructor(options: MonitorOptions) {
    this.#options = options;
    const { clock, fs, onContent } = options;
    this.#files = new FileSet({ globs: compileGlobs(options.globs), clock, fs, onContent });
  }

  /** The last settled state. Only after `start`. */
  get current(): Snapshot {
    if (this.#current === undefined) throw new Error('the monitor has not been started');
    return this.#current;
  }

  /**
   * Takes the state against which the first poll is held, in place of any that was taken before. Rejects if it cannot
   * be taken; see FileSet.scan.
   */
  async baseline(): Promise<Snapshot> {
    await this.#timed(async () => this.#settle(await this.#scan()));
    return this.current;
  }

  /** Begins to poll, after taking the baseline unless that has been done. */
  async start(): Promise<Snapshot> {
    if (this.#current === undefined) await this.baseline();
    this.#schedule();
    return this.current;
  }

  /**
   * Looks at the files now; resolves with the change that was reported, or null if there was none, it did not settle
   * or the poll failed (which goes to onProblem). Never rejects. A call during a poll joins that one.
   */
  poll(): Promise<Change | null> {
    this.#polling ??= this.#poll().finally(() => {
      this.#polling = undefined;
    });
    return this.#polling;
  }

  /**
   * Replaces the globs for the next scan.
   *
   * @throws ConfigError GLOB_INVALID, and the globs stay as they were
   */
  setGlobs(patterns: readonly string[]): void {
    this.#files.globs = compileGlobs(patterns);
  }

  /** What the globs match now; see Globs.list. */
  evalGlobs(): Promise<string[]> {
    return this.#files.globs.list(this.#options.fs);
  }

  /** Ends polling. Nothing is reported any more, even if a poll is under way. */
  stop(): void {
    this.#stopped = true;
    this.#cancelNext?.();
    this.#endWait?.();
  }

  #schedule(): void {
    if (this.#stopped) return;
    this.#cancelNext = this.#options.clock.after(this.#options.intervalMs, () => {
      this.poll().then(() => this.#schedule());
    });
  }

  async #poll(): Promise<Change | null> {
    try {
      return await this.#timed(() => this.#look());
    } catch (thrown) {
      const error = thrown instanceof Error ? thrown.message : String(thrown);
      this.#options.log.error({ err: thrown }, 'the monitored files could not be polled');
      this.#options.onProblem?.({ path: null, error });
      return null;
    }
  }

  async #look(): Promise<Change | null> {
    const { clock, intervalMs, settleMs, log, onChange } = this.#options;
    // With an interval shorter than the settling, every change would be given up on.
    const deadline = clock.monotonic() + Math.max(intervalMs, SETTLE_TRIES * settleMs);
    let seen = await this.#scan();
    while (seen.hash !== this.current.hash) {
      if (clock.monotonic() + settleMs > deadline) {
        log.warn({ hash: seen.hash }, 'the monitored files keep changing; the next poll looks again');
        return null;
      }
      await this.#wait(settleMs);
      if (this.#stopped) return null;
      const again = await this.#scan();
      if (again.hash === seen.hash) {
        if (this.#stopped) return null;
        const change = difference(this.current, again);
        this.#settle(again);
        onChange(change);
        return change;
      }
      seen = again;
    }
    return null;
  }

  #settle(snapshot: Snapshot): void {
    if (snapshot.files.size === 0 && this.#current?.files.size !== 0) {
      this.#options.log.warn({ globs: this.#files.globs.patterns }, 'the globs match no files');
    }
    this.#current = snapshot;
  }

  async #scan(): Promise<Snapshot> {
    const snapshot = await this.#files.scan();
    this.#report(snapshot);
    return snapshot;
  }

  /** Tells of problems when they begin and when they end, not at every scan in between. */
  #report({ problems }: Snapshot): void {
    const { log, onProblem } = this.#options;
    const open = new Map(problems.map(({ path, error }) => [path, error]));
    for (const path of this.#unreadable.keys()) {
      if (open.has(path)) continue;
      this.#unreadable.delete(path);
      log.info({ path }, 'a monitored file is no longer unreadable');
    }
    for (const [path, error] of open) {
      if (this.#unreadable.get(path) === error) continue;
      this.#unreadable.set(path, error);
      log.error({ path, error }, 'a monitored file cannot be read');
      onProblem?.({ path, error });
    }
  }

  async #timed<T>(work: () => Promise<T>): Promise<T> {
    const { clock, onPoll } = this.#options;
    const began = clock.monotonic();
    const readBefore = this.#files.reads;
    try {
      return await work();
    } finally {
      this.lastPollMs = clock.monotonic() - began;
      const files = this.#current?.files.size ?? 0;
      onPoll?.({ durationMs: this.lastPollMs, files, read: this.#files.reads - readBefore });
    }
  }

  #wait(ms: number): Promise<void> {
    return new Promise((resolve) => {
      const cancel = this.#options.clock.after(ms, resolve);
      this.#endWait = () => {
        cancel();
        resolve();
      };
    });
  }
}

function difference(before: Snapshot, after: Snapshot): Change {
  const files: Change['files'] = [];
  for (const path of new Set([...before.files.keys(), ...after.files.keys()])) {
    const was = before.files.get(path)?.hash ?? null;
    const is = after.files.get(path)?.hash ?? null;
    if (was !== is) files.push({ path, before: was, after: is });
  }
  files.sort((a, b) => (a.path < b.path ? -1 : 1));
  return { hash: after.hash, previousHash: before.hash, files, snapshot: after };
}
