/**
 * The ledger of epochs: append-only lines of JSON in the state directory, one when a number is given out and one with
 * the verdict. What a crash cut off at the end is left out when it is read again. Without a state directory it lives
 * in memory alone.
 */
import {
  appendFileSync,
  closeSync,
  fsync,
  fsyncSync,
  openSync,
  readFileSync,
  renameSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { ConfigError } from '../errors.ts';
import type { EpochEntry } from './entry.ts';
import { BUILT_IN_SCOPES } from './scopes.ts';

/** Entries that stay at hand; older ones are dropped, but for the newest accepted one, also of each built-in scope. */
const KEEP = 10_000;
/** Lines in the file, and entries in memory, beyond which the ledger is cut back to what it keeps. */
const MAX_LINES = 5 * KEEP;
const FILE = 'ledger.jsonl';

export class Ledger {
  /** Lines at the end of the file that could not be read: what a crash left behind. */
  readonly torn: number = 0;
  private entries: EpochEntry[] = [];
  private file: string | undefined;
  private readonly onProblem: (error: Error) => void;
  private fd: number | undefined;
  private lines = 0;
  /** The last write failed, and may have left half a line. */
  private broken = false;
  /** Who waits for the sync under way, and who for the next. */
  private syncing: (() => void)[] | undefined;
  private waiting: (() => void)[] = [];

  /**
   * Reads what `stateDir` holds; null keeps the ledger in memory. Throws STATE_DIR_UNUSABLE. `onProblem` hears of
   * entries that could not be written later on: the daemon goes on without.
   */
  constructor(stateDir: string | null, onProblem: (error: Error) => void = (error) => process.emitWarning(error)) {
    this.onProblem = onProblem;
    if (stateDir === null) return;
    this.file = join(stateDir, FILE);
    try {
      const { entries, torn } = parse(readIfThere(this.file));
      this.torn = torn;
      this.entries = entries;
      for (const entry of this.entries) abandon(entry);
      this.cutBack();
    } catch (thrown) {
      throw new ConfigError('STATE_DIR_UNUSABLE', `ledger ${this.file}: ${(thrown as Error).message}`);
    }
  }

  /** The newest entry of any status. */
  get last(): EpochEntry | undefined {
    return this.entries.at(-1);
  }

  get lastAccepted(): EpochEntry | undefined {
    return this.entries.findLast((entry) => entry.status === 'accepted');
  }

  get lastRejected(): EpochEntry | undefined {
    return this.entries.findLast((entry) => entry.status === 'rejected');
  }

  /**
   * Adds an entry, or writes down that one that is here has changed. When this returns it outlives the process; once
   * the promise resolves, also the machine. Never rejects.
   */
  write(entry: EpochEntry): Promise<void> {
    if (entry.epoch > (this.last?.epoch ?? 0)) this.entries.push(entry);
    if (this.fd !== undefined) this.attempt(() => this.append(entry));
    if (this.entries.length > MAX_LINES || this.lines > MAX_LINES) this.attempt(() => this.cutBack());
    return this.synced();
  }

  find(epoch: number): EpochEntry | undefined {
    const entry = this.entries[this.indexOf(epoch)];
    return entry?.epoch === epoch ? entry : undefined;
  }

  /** At most `limit` entries older than `before`, newest first. */
  page(limit: number, before = Number.POSITIVE_INFINITY): EpochEntry[] {
    const end = this.indexOf(before);
    return this.entries.slice(Math.max(0, end - limit), end).reverse();
  }

  /** The newest accepted entry of each scope, newest first. */
  acceptedByScope(): Map<string, EpochEntry> {
    const newest = new Map<string, EpochEntry>();
    for (const entry of this.page(Number.MAX_SAFE_INTEGER)) {
      if (entry.status === 'accepted' && !newest.has(entry.scope)) newest.set(entry.scope, entry);
    }
    return newest;
  }

  /** Brings everything to disk; what is written from now on stays in memory. */
  close(): void {
    const { fd } = this;
    if (fd === undefined) return;
    this.fd = undefined;
    this.file = undefined;
    this.attempt(() => fsyncSync(fd));
    // A sync under way still has the file in hand.
    if (this.syncing === undefined) closeSync(fd);
    else this.syncing.push(() => closeSync(fd));
    for (const done of this.waiting.splice(0)) done();
  }

  private append(entry: EpochEntry): void {
    // Half a line that a failed write left must not swallow this one.
    appendFileSync(this.fd!, this.broken ? `\n${line(entry)}` : line(entry));
    this.broken = false;
    this.lines++;
  }

  /** Drops old entries, and writes the file anew without what is torn or superseded. */
  private cutBack(): void {
    const { lastAccepted } = this;
    const accepted = [...this.acceptedByScope().values()];
    const kept = new Set(accepted.filter((entry) => entry === lastAccepted || BUILT_IN_SCOPES.has(entry.scope)));
    const recent = this.entries.length - KEEP;
    this.entries = this.entries.filter((entry, i) => i >= recent || kept.has(entry));
    this.lines = this.entries.length;
    if (this.file === undefined) return;
    const fresh = `${this.file}.new`;
    try {
      writeFileSync(fresh, this.entries.map(line).join(''), { mode: 0o600, flush: true });
      renameSync(fresh, this.file);
    } catch (thrown) {
      rmSync(fresh, { force: true });
      throw thrown;
    }
    const { fd } = this;
    this.fd = openSync(this.file, 'a', 0o600);
    if (fd === undefined) return;
    if (this.syncing === undefined) closeSync(fd);
    else this.syncing.push(() => closeSync(fd));
  }

  private attempt(act: () => void): void {
    try {
      act();
    } catch (thrown) {
      this.broken = true;
      this.onProblem(thrown as Error);
    }
  }

  /** Resolves once what was written until now is on disk. One sync at a time serves all who came before it began. */
  private synced(): Promise<void> {
    if (this.fd === undefined) return Promise.resolve();
    return new Promise((resolve) => {
      this.waiting.push(resolve);
      if (this.syncing === undefined) this.sync();
    });
  }

  private sync(): void {
    const { fd } = this;
    if (fd === undefined || this.waiting.length === 0) return;
    const served = this.waiting.splice(0);
    this.syncing = served;
    fsync(fd, (error) => {
      if (error !== null) this.onProblem(error);
      this.syncing = undefined;
      for (const done of served) done();
      this.sync();
    });
  }

  /** Index of the first entry with this number or a higher one. */
  private indexOf(epoch: number): number {
    let low = 0;
    let high = this.entries.length;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if (this.entries[middle]!.epoch < epoch) low = middle + 1;
      else high = middle;
    }
    return low;
  }
}

const line = (entry: EpochEntry): string => `${JSON.stringify(entry)}\n`;

function readIfThere(file: string): string {
  try {
    return readFileSync(file, 'utf8');
  } catch (thrown) {
    if ((thrown as NodeJS.ErrnoException).code === 'ENOENT') return '';
    throw thrown;
  }
}

/** Entries in order, the last word on each; lines that are no entries are counted and left out. */
function parse(text: string): { entries: EpochEntry[]; torn: number } {
  const byEpoch = new Map<number, EpochEntry>();
  let torn = 0;
  for (const textLine of text.split('\n')) {
    if (textLine === '') continue;
    const entry = entryIn(textLine);
    if (entry === undefined) torn++;
    else byEpoch.set(entry.epoch, entry);
  }
  return { entries: [...byEpoch.values()].sort((a, b) => a.epoch - b.epoch), torn };
}

function entryIn(textLine: string): EpochEntry | undefined {
  try {
    const entry = JSON.parse(textLine) as EpochEntry | null;
    return Number.isSafeInteger(entry?.epoch) ? entry! : undefined;
  } catch {
    return undefined;
  }
}

/** What was pending when the daemon ended has no verdict any more. */
function abandon(entry: EpochEntry): void {
  if (entry.status !== 'pending') return;
  entry.status = 'rejected';
  entry.errors = [{ code: 'EPOCH_REJECTED', message: 'the daemon stopped before this epoch was evaluated' }];
}
