/**
 * The policy host: the main thread's side of the workers. It spreads calls over them, in batches no longer than what a
 * worker gets done in a few milliseconds, watches that they come back, and replaces a worker that does not.
 */
import type { Logger } from 'pino';
import type { Clock } from '../clock.ts';
import { ConfigError, type ErrorPlace, toConfigError } from '../errors.ts';
import type { DefinitionKind, LogLevel } from '../kumo/host.ts';
import type { Plain } from '../objects/plain.ts';
import { busy, type CallResult, idleWork, type Loaded, type PendingCall, PolicyWorker } from './policy_worker.ts';
import { type Call, Cell, type FromWorker, NO_CALL, type Results, type Sources, Status } from './protocol.ts';

export type { CallResult } from './policy_worker.ts';

export interface PolicyHostOptions {
  policy: string;
  path: string;
  validating: boolean;
  timeoutMs: number;
  workers: number;
  /** What the JavaScript heap of a worker may hold, MiB; a worker that needs more is ended. */
  heapMb: number;
  clock: Clock;
  log: Logger;
  onDefine(kind: DefinitionKind, value: unknown, place: ErrorPlace): void;
  onValidationFailed(): void;
  onBump(scope: string, place: ErrorPlace): void;
  onGlobs(globs: string[]): void;
  evalGlobs(): Promise<string[]>;
  onLog(level: LogLevel, place: ErrorPlace, text: string): void;
  onPrint(text: Uint8Array): void;
  onExit(code: number): void;
}

export interface LoadedPolicy {
  /** Events that have handlers. */
  events: string[];
  /** The policy file and the modules that it loaded. */
  files: string[];
}

const MAX_BATCH = 500;
const WATCH_MS = 50;
/** A worker that shows no life for this long beyond the deadline of a call is replaced. */
const GRACE_MS = 1000;
/** After this long in one call, what waits behind it goes to a worker that has nothing to do. */
const STALL_MS = 100;

export class PolicyHost {
  private readonly options: PolicyHostOptions;
  private readonly clock: Clock;
  private readonly log: Logger;
  private readonly workers: PolicyWorker[] = [];
  /** The generations that every worker has, with the Lua texts that they run whatever happens to the files. */
  private readonly loaded = new Map<number, Sources>();
  /** The load of the policy that calls go to. */
  private current = 0;
  private readonly queue: PendingCall[] = [];
  private queueHead = 0;
  private nextRun = 1;
  private flushing = false;
  private watching = false;
  private stopped = false;
  /** Workers that were replaced because they hung or died. */
  restarts = 0;

  constructor(options: PolicyHostOptions) {
    this.options = options;
    this.clock = options.clock;
    this.log = options.log;
    for (let i = 0; i < options.workers; i++) this.workers.push(this.newWorker());
  }

  /** Loads the policy as it is on disk into every worker, beside what runs. Rejects with what is wrong with it. */
  async load(generation: number): Promise<LoadedPolicy> {
    if (this.stopped) throw stopping();
    // One worker finds out whether the policy loads at all; the rest follow only then, with the texts that it read.
    const first = this.workers[0]!;
    try {
      const { events, sources } = await this.loadInto(first, generation);
      this.loaded.set(generation, sources);
      const others = this.workers.filter((worker) => worker !== first);
      await Promise.all(others.map((worker) => this.loadInto(worker, generation, sources)));
      return { events, files: [...sources.keys()] };
    } catch (thrown) {
      this.retire(generation);
      throw thrown;
    }
  }

  /** From now on calls go to `generation`. What was loaded before is forgotten. */
  use(generation: number): void {
    const before = this.current;
    this.current = generation;
    if (before !== generation && this.loaded.has(before)) this.retire(before);
  }

  /** Forgets a generation; its calls that were sent end in it. */
  retire(generation: number): void {
    this.loaded.delete(generation);
    for (const worker of this.workers) worker.send({ type: 'retire', generation });
  }

  /** Calls a config event's handlers; `done` gets the result, in no particular order between calls. */
  call(event: string, args: Plain[], done: (result: CallResult) => void): void {
    this.enqueue({ event, args, done, retried: false });
  }

  /** Runs events in one context, in order, stopping at the first that fails. */
  run(generation: number, events: string[], args: Plain[] = []): Promise<void> {
    if (this.stopped) return Promise.reject(stopping());
    const worker = this.workers[0]!;
    const id = this.nextRun++;
    return new Promise((resolve, reject) => {
      worker.runs.set(id, { resolve, reject });
      worker.send({ type: 'run', id, generation, events, args });
      this.watch();
    });
  }

  /** Ends the workers at once; what waits for them fails. */
  async stop(): Promise<void> {
    this.stopped = true;
    const workers = this.workers.splice(0);
    const waiting = [
      ...this.queue.splice(this.queueHead),
      ...workers.flatMap((worker) => [...worker.outstanding.values()]),
    ];
    for (const call of waiting) this.fail(call, stopping());
    for (const { loads, runs } of workers) {
      for (const waiter of [...loads.values(), ...runs.values()]) waiter.reject(stopping());
    }
    await Promise.all(workers.map((worker) => worker.end()));
  }

  // --- Sending ---------------------------------------------------------------------------------------------------

  private enqueue(call: PendingCall): void {
    if (this.stopped) {
      this.fail(call, stopping());
      return;
    }
    this.queue.push(call);
    if (this.flushing) return;
    // One message carries what a turn of the event loop asks for.
    this.flushing = true;
    setImmediate(() => {
      this.flushing = false;
      this.dispatch();
    });
  }

  private dispatch(): void {
    let progress = true;
    while (progress && this.queueHead < this.queue.length) {
      progress = false;
      for (const worker of this.byLoad()) {
        const room = Math.min(MAX_BATCH, worker.window - worker.outstanding.size);
        if (room <= 0 || this.queueHead >= this.queue.length) continue;
        this.sendBatch(worker, room);
        progress = true;
      }
    }
    if (this.queueHead === this.queue.length) {
      this.queue.length = 0;
      this.queueHead = 0;
    }
    this.watch();
  }

  private byLoad(): PolicyWorker[] {
    return this.workers.filter((worker) => !worker.stalled).sort((a, b) => a.outstanding.size - b.outstanding.size);
  }

  /** Sends the next calls, at most `room`. */
  private sendBatch(worker: PolicyWorker, room: number): void {
    const generation = this.current;
    const calls: Call[] = [];
    // Small batches while several workers could share the queue.
    const share = Math.ceil((this.queue.length - this.queueHead) / this.workers.length);
    const limit = Math.min(room, Math.max(1, share));
    while (calls.length < limit && this.queueHead < this.queue.length) {
      const call = this.queue[this.queueHead]!;
      this.queue[this.queueHead++] = undefined as unknown as PendingCall;
      const seq = worker.nextSeq;
      worker.nextSeq = (seq + 1) | 0 || NO_CALL + 1;
      worker.outstanding.set(seq, call);
      calls.push({ seq, event: call.event, args: call.args });
    }
    if (worker.outstanding.size === calls.length) worker.aliveAt = this.clock.monotonic();
    try {
      worker.send({ type: 'calls', generation, calls });
    } catch (thrown) {
      // An argument of a kind that does not cross threads: then none of them has been sent.
      for (const { seq } of calls) {
        this.fail(worker.outstanding.get(seq)!, toConfigError(thrown));
        worker.outstanding.delete(seq);
      }
    }
  }

  // --- Receiving -------------------------------------------------------------------------------------------------

  private newWorker(): PolicyWorker {
    const { policy, path, validating, timeoutMs, heapMb } = this.options;
    const worker = new PolicyWorker({ policy, path, validating, timeoutMs }, heapMb, this.clock.monotonic());
    worker.worker.on('message', (message: FromWorker) => {
      try {
        this.receive(worker, message);
      } catch (thrown) {
        this.log.error({ err: thrown, message: message.type }, 'a message of a policy worker could not be handled');
      }
    });
    worker.worker.on('error', (error) => this.replace(worker, `it failed: ${error.message}`));
    worker.worker.on('exit', () => this.replace(worker, 'it ended'));
    return worker;
  }

  private receive(worker: PolicyWorker, message: FromWorker): void {
    const { options } = this;
    worker.aliveAt = this.clock.monotonic();
    worker.stalled = false;
    switch (message.type) {
      case 'results':
        if (message.forgetProvenances) worker.provenances.length = 0;
        worker.provenances.push(...message.newProvenances);
        this.receiveResults(worker, message.results);
        break;
      case 'loaded': {
        const waiter = worker.loads.get(message.generation);
        worker.loads.delete(message.generation);
        if (message.error === undefined) waiter?.resolve({ events: message.events, sources: message.sources });
        else waiter?.reject(ConfigError.fromReport(message.error));
        break;
      }
      case 'ran': {
        const waiter = worker.runs.get(message.id);
        worker.runs.delete(message.id);
        if (message.error === undefined) waiter?.resolve();
        else waiter?.reject(ConfigError.fromReport(message.error));
        break;
      }
      case 'define':
        options.onDefine(message.kind, message.value, message.place);
        break;
      case 'validation_failed':
        options.onValidationFailed();
        break;
      case 'bump':
        options.onBump(message.scope, message.place);
        break;
      case 'globs':
        options.onGlobs(message.globs);
        break;
      case 'ask':
        options.evalGlobs().then(
          (value) => worker.send({ type: 'answer', id: message.id, value }),
          (thrown) => worker.send({ type: 'answer', id: message.id, error: toConfigError(thrown).toJSON() }),
        );
        break;
      case 'log':
        options.onLog(message.level, message.place, message.text);
        break;
      case 'print':
        options.onPrint(message.text);
        break;
      case 'child':
        if (message.runs) worker.children.add(message.pid);
        else worker.children.delete(message.pid);
        break;
      case 'exit':
        options.onExit(message.code);
        break;
    }
  }

  private receiveResults(worker: PolicyWorker, results: Results): void {
    let busyUs = 0;
    for (const [i, seq] of results.seqs.entries()) {
      const call = worker.outstanding.get(seq);
      worker.outstanding.delete(seq);
      busyUs += results.busyUs[i]!;
      // It went to another worker, too.
      if (call === undefined) continue;
      this.settle(call, {
        status: results.statuses[i] as CallResult['status'],
        value: results.values[i]!,
        error: results.errors[i]!,
        provenance: worker.provenances[results.provenances[i]!] ?? null,
        durationUs: results.durationsUs[i]!,
        forConnection: results.forConnection[i] === 1,
      });
    }
    const averageUs = busyUs / results.seqs.length;
    worker.averageUs += (averageUs - worker.averageUs) / 8;
    if (this.queueHead < this.queue.length) this.dispatch();
  }

  private loadInto(worker: PolicyWorker, generation: number, sources?: Sources): Promise<Loaded> {
    return new Promise((resolve, reject) => {
      worker.loads.set(generation, { resolve, reject });
      worker.send({ type: 'load', generation, sources });
      this.watch();
    });
  }

  // --- Watching --------------------------------------------------------------------------------------------------

  private watch(): void {
    if (this.watching || this.stopped || !this.workers.some(busy)) return;
    this.watching = true;
    this.clock.after(WATCH_MS, () => {
      this.watching = false;
      if (this.stopped) return;
      const now = this.clock.monotonic();
      for (const worker of [...this.workers]) this.look(worker, now);
      this.dispatch();
    });
  }

  private look(worker: PolicyWorker, now: number): void {
    const heartbeat = Atomics.load(worker.cells, Cell.HEARTBEAT);
    if (heartbeat !== worker.heartbeat || !busy(worker)) {
      worker.heartbeat = heartbeat;
      worker.aliveAt = now;
      worker.stalled = false;
      return;
    }
    const silentMs = now - worker.aliveAt;
    if (silentMs > this.options.timeoutMs + GRACE_MS) {
      this.replace(worker, `it did not come back within ${Math.round(silentMs)} ms`);
    } else if (silentMs > STALL_MS) {
      worker.stalled = true;
      this.giveAway(worker);
    }
  }

  /**
   * Takes back what was sent along with a long call, or behind it, for the other workers. What the worker began in
   * earlier batches waits there for something else, and stays.
   */
  private giveAway(worker: PolicyWorker): void {
    const running = Atomics.load(worker.cells, Cell.STARTED);
    const batch = Atomics.load(worker.cells, Cell.BATCH);
    Atomics.store(worker.cells, Cell.SKIP_THROUGH, (worker.nextSeq - 1) | 0);
    for (const [seq, call] of worker.outstanding) {
      if (seq === running || ((seq - batch) | 0) < 0) continue;
      worker.outstanding.delete(seq);
      this.enqueue(call);
    }
  }

  /** Ends a worker and puts a fresh one in its place. The call that it was at fails; the others are tried once more. */
  private replace(worker: PolicyWorker, why: string): void {
    const index = this.workers.indexOf(worker);
    if (index === -1 || this.stopped) return;
    this.restarts++;
    const culprit = worker.running();
    const what = culprit === undefined ? idleWork(worker) : `${culprit.event}(${describeArgs(culprit.args)})`;
    this.log.error({ running: what }, `policy worker replaced: ${why}`);
    worker.end().catch((thrown) => this.log.error({ err: thrown }, 'a command of a policy could not be ended'));
    const fresh = this.newWorker();
    this.workers[index] = fresh;
    for (const [generation, sources] of this.loaded) {
      this.loadInto(fresh, generation, sources).catch((error: ConfigError) =>
        this.log.error({ err: error.toJSON() }, 'the policy does not load in the new worker'),
      );
    }
    const lost = new ConfigError('WORKER_LOST', `the policy worker was replaced while it ran ${what}: ${why}`);
    for (const waiter of worker.loads.values()) waiter.reject(lost);
    for (const waiter of worker.runs.values()) waiter.reject(lost);
    for (const call of worker.outstanding.values()) {
      if (call === culprit || call.retried) this.fail(call, lost);
      else {
        call.retried = true;
        this.enqueue(call);
      }
    }
    worker.outstanding.clear();
    this.watch();
  }

  /** Gives a call its one result. What the caller does with it must not keep the others from theirs. */
  private settle(call: PendingCall, result: CallResult): void {
    try {
      call.done(result);
    } catch (thrown) {
      this.log.error({ err: thrown, event: call.event }, 'the result of a handler call could not be taken');
    }
  }

  private fail(call: PendingCall, error: ConfigError): void {
    this.settle(call, {
      status: Status.ERROR,
      value: null,
      error: error.toJSON(),
      provenance: null,
      durationUs: 0,
      forConnection: false,
    });
  }
}

function stopping(): ConfigError {
  return new ConfigError('SHUTTING_DOWN', 'the daemon is stopping');
}

function describeArgs(args: Plain[]): string {
  return args.map((arg) => JSON.stringify(arg) ?? 'nil').join(', ');
}
