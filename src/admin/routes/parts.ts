/** What the routes are about. */
import type { Engine } from '../../engine.ts';
import type { Epochs } from '../../epoch/epochs.ts';
import type { Ledger } from '../../epoch/ledger.ts';
import type { LiveObjects } from '../../live/live.ts';

export interface AdminParts {
  engine: Engine;
  live: LiveObjects;
  epochs: Epochs;
  ledger: Ledger;
  /** Why the daemon is not ready; null when it is. */
  notReady(): string | null;
  /** What `pre_init` and `init` defined. */
  init(): unknown;
  /** Prometheus text. */
  metrics(): Promise<string>;
}
