/**
 * The ledger of epochs: append-only lines of JSON in the state directory, one when a number is given out and one with
 * the verdict. What a crash cut off at the end is left out when it is read again. Without a state directory it lives
 * in memory alone.
 */
import { closeSync, fsyncSync, openSync, readFileSync, renameSync, writeFileSync, writeSync } from 'node:fs';
import { join } from 'node:path';
import type { EpochEntry } from './entry.ts';

/** Entries that stay at hand; older ones are dropped at the next start. */
const KEEP = 10_000;
/** An entry changes while it is among this many newest ones. */
const MAX_PENDING = 1000;
const FILE = 'ledger.jsonl';

export class Ledger {
  private readonly entries: EpochEntry[] = [];
  private fd: number | undefined;
  /** Lines at the end of the file that could not be read: what a crash left behind. */
  readonly torn: number;

  /** Reads what `stateDir` holds; null keeps the ledger in memory. Throws when the file cannot be read or written. */
  constructor(stateDir: string | null) {
    if (stateDir === null) {
      this.torn = 0;
      return;
    }
    const file = join(stateDir, FILE);
    const { entries, torn } = parse(readIfThere(file));
    this.torn = torn;
    this.entries = entries.slice(-KEEP);
    for (const entry of this.entries) abandon(entry);
    // Written anew at each start: it drops what is torn, superseded or too old, so that it never grows for good.
    const fresh = `${file}.new`;
    writeFileSync(fresh, this.entries.map(line).join(''), { mode: 0o600, flush: true });
    renameSync(fresh, file);
    this.fd = openSync(file, 'a', 0o600);
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

  /** Adds an entry, or writes down that one that is here has changed. On disk when this returns. */
  write(entry: EpochEntry): void {
    if (!this.entries.includes(entry, -MAX_PENDING)) this.entries.push(entry);
    if (this.fd === undefined) return;
    writeSync(this.fd, line(entry));
    fsyncSync(this.fd);
  }

  find(epoch: number): EpochEntry | undefined {
    return this.entries.find((entry) => entry.epoch === epoch);
  }

  /** At most `limit` entries older than `before`, newest first. */
  page(limit: number, before = Number.POSITIVE_INFINITY): EpochEntry[] {
    return this.entries
      .filter((entry) => entry.epoch < before)
      .slice(-limit)
      .reverse();
  }

  close(): void {
    if (this.fd !== undefined) closeSync(this.fd);
    this.fd = undefined;
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

/** Entries in order, the last word on each; lines that are no JSON are counted and left out. */
function parse(text: string): { entries: EpochEntry[]; torn: number } {
  const byEpoch = new Map<number, EpochEntry>();
  let torn = 0;
  for (const textLine of text.split('\n')) {
    if (textLine === '') continue;
    try {
      const entry = JSON.parse(textLine) as EpochEntry;
      byEpoch.set(entry.epoch, entry);
    } catch {
      torn++;
    }
  }
  return { entries: [...byEpoch.values()].sort((a, b) => a.epoch - b.epoch), torn };
}

/** What was pending when the daemon ended has no verdict any more. */
function abandon(entry: EpochEntry): void {
  if (entry.status !== 'pending') return;
  entry.status = 'rejected';
  entry.errors = [{ code: 'EPOCH_REJECTED', message: 'the daemon stopped before this epoch was evaluated' }];
}
