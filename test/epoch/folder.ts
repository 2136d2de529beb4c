import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { TestContext } from 'node:test';
import type { EpochEntry } from '../../src/epoch/entry.ts';

/** A folder of the test's own, gone when the test ends. */
export function folderFor(t: TestContext): string {
  const folder = mkdtempSync(join(tmpdir(), 'kumo-configd-epoch-'));
  t.after(() => rmSync(folder, { recursive: true, force: true }));
  return folder;
}

export function entryOf(epoch: number, status: EpochEntry['status'] = 'accepted', scope = 'global'): EpochEntry {
  return {
    epoch,
    scope,
    cause: 'api',
    reason: `number ${epoch}, naïve “text” 🐧`,
    actor: null,
    started_at: '2025-01-01T00:00:00.000Z',
    status,
    hash: 'h',
    files: [],
    dependents: 0,
    errors: [],
    duration_ms: null,
  };
}
