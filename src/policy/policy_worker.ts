/** One worker as the policy host sees it: what it was given, what it is at, and how it is ended. */
import { newPolicyWorker } from '../embedded.ts';
import type { ConfigError, ErrorReport } from '../errors.ts';
import type { Plain } from '../objects/plain.ts';
import { CELL_BYTES, Cell, type Sources, type Status, type ToWorker, type WorkerData } from './protocol.ts';
import type { Provenance } from './record.ts';

/** What a handler call came to. `value` is JSON text; null when no handler gave one or nil was an answer. */
export interface CallResult {
  status: (typeof Status)[keyof typeof Status];
  value: string | null;
  error: ErrorReport | null;
  provenance: Provenance | null;
  durationUs: number;
  /** The answer is for one connection: a handler looked at its metadata. */
  forConnection: boolean;
}

export interface PendingCall {
  event: string;
  args: Plain[];
  done: (result: CallResult) => void;
  /** Set once the call has been lost with a worker; it is tried once more. */
  retried: boolean;
}

/** A worker gets at most this much work at a time, by what its calls took so far. */
const WINDOW_MS = 20;
const MAX_WINDOW = 1000;
/** What a worker tells of a generation that it has loaded. */
export interface Loaded {
  events: string[];
  sources: Sources;
}

export class PolicyWorker {
  readonly outstanding = new Map<number, PendingCall>();
  readonly provenances: Provenance[] = [];
  readonly cells: Int32Array;
  /** Process groups that `os.execute` started and that run. */
  readonly children = new Set<number>();
  readonly runs = new Map<number, { resolve: () => void; reject: (error: ConfigError) => void }>();
  readonly loads = new Map<number, { resolve: (loaded: Loaded) => void; reject: (error: ConfigError) => void }>();
  readonly worker: ReturnType<typeof newPolicyWorker>;
  /** Moving average of the time for which a call keeps the worker busy. */
  averageUs = 20;
  nextSeq = 1;
  heartbeat = 0;
  aliveAt: number;
  /** It shows no life right now: nothing is sent to it until it does. */
  stalled = false;

  constructor(data: Omit<WorkerData, 'cells'>, heapMb: number, now: number) {
    const cells = new SharedArrayBuffer(CELL_BYTES);
    this.cells = new Int32Array(cells);
    this.aliveAt = now;
    this.worker = newPolicyWorker({
      workerData: { ...data, cells } satisfies WorkerData,
      resourceLimits: { maxOldGenerationSizeMb: heapMb },
    });
  }

  get window(): number {
    return Math.max(2, Math.min(MAX_WINDOW, Math.floor((WINDOW_MS * 1000) / this.averageUs)));
  }

  send(message: ToWorker): void {
    this.worker.postMessage(message);
  }

  /** Ends the thread, and the commands that it waited for. */
  async end(): Promise<void> {
    await this.worker.terminate();
    for (const pid of this.children) {
      try {
        process.kill(-pid, 'SIGKILL');
      } catch (thrown) {
        // It ended by itself, and the thread had no time to say so.
        if ((thrown as NodeJS.ErrnoException).code !== 'ESRCH') throw thrown;
      }
    }
    this.children.clear();
  }

  /** The call that the worker is at, if it is still without a result. */
  running(): PendingCall | undefined {
    return this.outstanding.get(Atomics.load(this.cells, Cell.STARTED));
  }
}

/** What a worker is at when it is at no call. */
export function idleWork(worker: PolicyWorker): string {
  if (worker.loads.size > 0) return 'the load of the policy';
  return worker.runs.size > 0 ? 'the events of the start' : 'no call';
}

export function busy(worker: PolicyWorker): boolean {
  return worker.outstanding.size > 0 || worker.loads.size > 0 || worker.runs.size > 0;
}
