/** A policy worker: the thread in which Lua runs. Holds the contexts of the epochs that are in use. */
import { spawn } from 'node:child_process';
import { constants as osConstants } from 'node:os';
import { parentPort, workerData } from 'node:worker_threads';
import { helperSource } from '../embedded.ts';
import { ConfigError, type ErrorReport, toConfigError } from '../errors.ts';
import { Chunks } from '../lua/chunks.ts';
import { compileGlobs } from '../monitor/globs.ts';
import { Batch, ProvenanceTable } from './batch.ts';
import { type Answer, Context, type ContextHost } from './context.ts';
import { exists, readFile, readPolicy } from './files.ts';
import { ContextPool } from './pool.ts';
import { type Call, Cell, type FromWorker, NO_CALL, type Sources, type ToWorker, type WorkerData } from './protocol.ts';

const data = workerData as WorkerData;
const port = parentPort!;
const cells = new Int32Array(data.cells);
/** Calls that wait at once in one epoch; more than that queue up. */
const MAX_CONTEXTS = 64;
const HEARTBEAT_MS = 20;

const post = (message: FromWorker): void => port.postMessage(message);

// --- What the Lua side asks of this thread -----------------------------------------------------------------------

const questions = new Map<number, { resolve: (value: unknown) => void; reject: (error: unknown) => void }>();
let nextQuestion = 1;

function ask<T>(what: 'eval_globs'): Promise<T> {
  const id = nextQuestion++;
  post({ type: 'ask', id, what });
  return new Promise<T>((resolve, reject) =>
    questions.set(id, { resolve: resolve as (value: unknown) => void, reject }),
  );
}

function execute(command: string): Promise<{ code: number } | { signal: number }> {
  return new Promise((resolve, reject) => {
    // What the daemon's standard input is, is not for a policy to read. A process group of its own can be ended whole.
    const child = spawn('/bin/sh', ['-c', command], { stdio: ['ignore', 'inherit', 'inherit'], detached: true });
    child.once('error', reject);
    const { pid } = child;
    if (pid === undefined) return;
    post({ type: 'child', pid, runs: true });
    // The call that waits for it has failed by then.
    const timer = setTimeout(() => process.kill(-pid, 'SIGKILL'), data.timeoutMs);
    child.once('exit', (code, signal) => {
      clearTimeout(timer);
      post({ type: 'child', pid, runs: false });
      resolve(code === null ? { signal: osConstants.signals[signal!] } : { code });
    });
  });
}

function exit(code: number): never {
  post({ type: 'exit', code });
  throw new ConfigError('POLICY_FAILED', 'os.exit is not available to a policy');
}

function contextHost(chunks: Chunks): ContextHost {
  return {
    policy: data.policy,
    validating: data.validating,
    timeoutMs: data.timeoutMs,
    path: data.path,
    chunks,
    helper: helperSource,
    exists,
    readFile,
    print: (text) => post({ type: 'print', text }),
    printError: (text) => void process.stderr.write(text),
    execute,
    exit,
    define: (kind, value, place) => post({ type: 'define', kind, value, place }),
    validationFailed: () => post({ type: 'validation_failed' }),
    bump: (scope, place) => post({ type: 'bump', scope, place }),
    setGlobs: (globs) => {
      compileGlobs(globs);
      post({ type: 'globs', globs });
    },
    evalGlobs: () => ask('eval_globs'),
    log: (level, place, text) => post({ type: 'log', level, place, text }),
    goesOn: (number) => Atomics.store(cells, Cell.STARTED, number),
  };
}

// --- Contexts ----------------------------------------------------------------------------------------------------

/** One load of the policy: its texts, and the contexts that run them. */
class Generation {
  readonly chunks: Chunks;
  readonly pool: ContextPool<Context>;

  constructor(sources?: Sources) {
    this.chunks = new Chunks((file) => (file === data.policy ? readPolicy(file) : readFile(file)), sources);
    const host = contextHost(this.chunks);
    this.pool = new ContextPool(() => Context.load(host), MAX_CONTEXTS);
  }
}

const generations = new Map<number, Generation>();

function generation(number: number): Generation {
  const found = generations.get(number);
  if (found === undefined) throw new ConfigError('INTERNAL', `generation ${number} is not loaded`);
  return found;
}

// --- Calls -------------------------------------------------------------------------------------------------------

const provenances = new ProvenanceTable();

function reportOf(thrown: unknown): ErrorReport {
  return toConfigError(thrown).toJSON();
}

function runCalls(number: number, calls: Call[]): void {
  const batch = new Batch(provenances, post);
  if (calls.length > 0) Atomics.store(cells, Cell.BATCH, calls[0]!.seq);
  for (const call of calls) {
    Atomics.store(cells, Cell.STARTED, call.seq);
    // Numbers wrap around; their difference tells the order.
    if (((call.seq - Atomics.load(cells, Cell.SKIP_THROUGH)) | 0) <= 0) continue;
    const startedAt = performance.now();
    try {
      const { pool } = generation(number);
      const context = pool.acquire();
      if (context instanceof Promise) void callLater(pool, context, call, startedAt);
      else callNow(pool, context, call, startedAt, batch);
    } catch (thrown) {
      batch.failed(call.seq, reportOf(thrown), performance.now() - startedAt);
    }
  }
  batch.send();
}

function callNow(pool: ContextPool<Context>, context: Context, call: Call, startedAt: number, batch: Batch): void {
  try {
    const answer = context.call(call.event, call.args, call.seq);
    if (answer instanceof Promise) {
      void callLater(pool, context, call, startedAt, answer);
      return;
    }
    batch.answered(call.seq, answer, performance.now() - startedAt);
  } catch (thrown) {
    batch.failed(call.seq, reportOf(thrown), performance.now() - startedAt);
  }
  pool.release(context);
}

/** A call that has to wait, for a context or for what its handler waits for; its result travels alone. */
async function callLater(
  pool: ContextPool<Context>,
  coming: Context | Promise<Context>,
  call: Call,
  startedAt: number,
  running?: Promise<Answer>,
): Promise<void> {
  const batch = new Batch(provenances, post);
  let busyMs = performance.now() - startedAt;
  let context: Context | undefined;
  try {
    context = await coming;
    let answer = running;
    if (answer === undefined) {
      const resumedAt = performance.now();
      Atomics.store(cells, Cell.STARTED, call.seq);
      answer = Promise.resolve(context.call(call.event, call.args, call.seq));
      busyMs += performance.now() - resumedAt;
    }
    batch.answered(call.seq, await answer, performance.now() - startedAt, busyMs);
  } catch (thrown) {
    batch.failed(call.seq, reportOf(thrown), performance.now() - startedAt, busyMs);
  }
  if (context !== undefined) pool.release(context);
  batch.send();
}

// --- Messages ----------------------------------------------------------------------------------------------------

async function load(number: number, sources?: Sources): Promise<void> {
  Atomics.store(cells, Cell.STARTED, NO_CALL);
  const fresh = new Generation(sources);
  // Also when it fails below: the host forgets a candidate that does not load, but a generation that serves in other
  // workers stays, and each call to it here tries again.
  generations.set(number, fresh);
  try {
    const context = await fresh.pool.acquire();
    fresh.pool.release(context);
    post({ type: 'loaded', generation: number, events: context.events(), sources: copied(fresh.chunks.sources()) });
  } catch (thrown) {
    post({ type: 'loaded', generation: number, events: [], sources: new Map(), error: reportOf(thrown) });
  }
}

/** Without the memory around them: a small file's bytes lie in a buffer that Node shares out. */
function copied(sources: Sources): Sources {
  return new Map([...sources].map(([file, text]) => [file, Uint8Array.from(text)]));
}

async function run(message: Extract<ToWorker, { type: 'run' }>): Promise<void> {
  try {
    const { pool } = generation(message.generation);
    const context = await pool.acquire();
    Atomics.store(cells, Cell.STARTED, NO_CALL);
    try {
      for (const event of message.events) await context.run(event, message.args);
    } finally {
      pool.release(context);
    }
    post({ type: 'ran', id: message.id });
  } catch (thrown) {
    post({ type: 'ran', id: message.id, error: reportOf(thrown) });
  }
}

port.on('message', (message: ToWorker) => {
  switch (message.type) {
    case 'load':
      void load(message.generation, message.sources);
      break;
    case 'retire':
      generations.delete(message.generation);
      break;
    case 'calls':
      runCalls(message.generation, message.calls);
      break;
    case 'run':
      void run(message);
      break;
    case 'answer': {
      const question = questions.get(message.id);
      questions.delete(message.id);
      if (message.error !== undefined) question?.reject(ConfigError.fromReport(message.error));
      else question?.resolve(message.value);
      break;
    }
  }
});

setInterval(() => Atomics.add(cells, Cell.HEARTBEAT, 1), HEARTBEAT_MS);
