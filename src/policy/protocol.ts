/** The messages between the policy host (main thread) and its workers. Calls travel in batches, results in columns. */
import type { ErrorPlace, ErrorReport } from '../errors.ts';
import type { DefinitionKind, LogLevel } from '../kumo/host.ts';
import type { Plain } from '../objects/plain.ts';
import type { Provenance } from './record.ts';

/** What every worker is started with. */
export interface WorkerData {
  policy: string;
  /** `package.path`. */
  path: string;
  validating: boolean;
  timeoutMs: number;
  /** Int32 cells shared with the host; see Cell. */
  cells: SharedArrayBuffer;
}

/** Cells that both threads see without a message, so that the host knows what a blocked worker is at. */
export const Cell = {
  /** Number of the call that the worker is at, or was at last; NO_CALL while it loads or runs `init`. */
  STARTED: 0,
  /** The worker leaves out calls up to this number: they went to another worker. */
  SKIP_THROUGH: 1,
  /** Grows while the worker's event loop turns. */
  HEARTBEAT: 2,
  /** Number of the first call of the batch that the worker is at, or was at last. */
  BATCH: 3,
} as const;
export const NO_CALL = 0;
export const CELL_BYTES = 16;

/** Lua texts by file. */
export type Sources = ReadonlyMap<string, Uint8Array>;

export interface Call {
  seq: number;
  event: string;
  args: Plain[];
}

export type ToWorker =
  /** `sources` are the texts with which another worker has loaded this generation. */
  | { type: 'load'; generation: number; sources?: Sources }
  | { type: 'retire'; generation: number }
  | { type: 'calls'; generation: number; calls: Call[] }
  /** Runs events whose answers do not matter, all in one context of their own. */
  | { type: 'run'; id: number; generation: number; events: string[]; args: Plain[] }
  | { type: 'answer'; id: number; value?: unknown; error?: ErrorReport };

/** Statuses of a call, as in Results.statuses. */
export const Status = { VALUE: 0, NONE: 1, NIL: 2, ERROR: 3 } as const;

/** Results of calls, one item a call in each column. */
export interface Results {
  seqs: number[];
  statuses: number[];
  /** JSON text of the value, or null. */
  values: (string | null)[];
  errors: (ErrorReport | null)[];
  /** Numbers into the worker's table of provenances; -1 for an error. */
  provenances: number[];
  durationsUs: number[];
  /** The part of it in which the worker was at it and not waiting. */
  busyUs: number[];
  /** 1 where the answer is for one connection alone. */
  forConnection: number[];
}

export type FromWorker =
  | { type: 'loaded'; generation: number; events: string[]; sources: Sources; error?: ErrorReport }
  /** `newProvenances` extends the table that Results.provenances points into, or begins it anew. */
  | { type: 'results'; results: Results; newProvenances: Provenance[]; forgetProvenances: boolean }
  | { type: 'ran'; id: number; error?: ErrorReport }
  | { type: 'define'; kind: DefinitionKind; value: unknown; place: ErrorPlace }
  | { type: 'validation_failed' }
  | { type: 'bump'; scope: string; place: ErrorPlace }
  | { type: 'globs'; globs: string[] }
  | { type: 'ask'; id: number; what: 'eval_globs' }
  | { type: 'log'; level: LogLevel; place: ErrorPlace; text: string }
  | { type: 'print'; text: Uint8Array }
  /** A command of `os.execute` has begun or ended; the host ends those that outlive their worker. */
  | { type: 'child'; pid: number; runs: boolean }
  | { type: 'exit'; code: number };
