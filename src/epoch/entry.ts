/** One entry of the ledger: what moved the epoch, and what came of it. */
import type { ErrorReport } from '../errors.ts';

export const CAUSES = ['start', 'files', 'api', 'lua', 'signal'] as const;
export type Cause = (typeof CAUSES)[number];

export interface EpochEntry {
  epoch: number;
  scope: string;
  cause: Cause;
  /** Said by whoever bumped it. */
  reason: string | null;
  /** Who bumped it: a peer's address, or the line of Lua. */
  actor: string | null;
  /** RFC 3339. */
  started_at: string;
  status: 'pending' | 'accepted' | 'rejected';
  /** Hash of the monitored files, names and contents. */
  hash: string;
  /** Monitored files that changed, with their hashes. */
  files: { path: string; before: string | null; after: string | null }[];
  /** Live objects that depended on its scope when it was bumped. */
  dependents: number;
  /** Why it was rejected. */
  errors: ErrorReport[];
  /** From the bump to the verdict; null while pending. */
  duration_ms: number | null;
}
