/** A policy worker: the thread in which Lua runs. Holds the contexts of the epochs that are in use. */
import { spawn } from 'node:child_process';
import { accessSync, constants, readFileSync, statSync } from 'node:fs';
import { constants as osConstants } from 'node:os';
import { parentPort, workerData } from 'node:worker_threads';
import { helperSource } from '../embedded.ts';
import { ConfigError, type ErrorReport, toConfigError } from '../errors.ts';
import { Chunks } from '../lua/chunks.ts';
import { compileGlobs } from '../monitor/globs.ts';
import { type Answer, Context, type ContextHost } from './context.ts';
import { type Call, Cell, type FromWorker, type Results, Status, type ToWorker, type WorkerData } from './protocol.ts';
import type { Provenance } from './record.ts';

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

/** A policy's file. Only regular files: reading a FIFO or a device could block this thread for good. */
function readFile(file: string): Uint8Array {
  try {
    if (!statSync(file).isFile()) throw new Error('not a regular file');
    return readFileSync(file);
  } catch (thrown) {
    const { code, message } = thrown as NodeJS.ErrnoException;
    const reason = code === 'ENOENT' ? 'No such file or directory (os error 2)' : message;
    throw new ConfigError('POLICY_FAILED', `reading file ${file}: ${reason}`, { cause: thrown });
  }
}

function exists(file: string): boolean {
  try {
    accessSync(file, constants.R_OK);
    return statSync(file).isFile();
  } catch {
    // Not there, or not ours to read: for `require` the same as in Lua, the next template is tried.
    return false;
  }
}

function execute(command: string): Promise<{ code: number } | { signal: number }> {
  return new Promise((resolve, reject) => {
    const child = spawn('/bin/sh', ['-c', command], { stdio: 'inherit' });
    child.once('error', reject);
    child.once('exit', (code, signal) => resolve(code === null ? { signal: osConstants.signals[signal!] } : { code }));
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
  };
}

// --- Contexts ----------------------------------------------------------------------------------------------------

/** All contexts of one load of the policy. */
class Generation {
  private readonly chunks = new Chunks((file) => readPolicy(file));
  private readonly host = contextHost(this.chunks);
  private readonly free: Context[] = [];
  private readonly waiting: ((context: Context | Promise<Context>) => void)[] = [];
  private count = 0;

  async load(): Promise<{ events: string[]; files: string[] }> {
    const context = await Context.load(this.host);
    this.count++;
    this.free.push(context);
    return { events: context.events(), files: this.chunks.files() };
  }

  acquire(): Context | Promise<Context> {
    const context = this.free.pop();
    if (context !== undefined) return context;
    if (this.count < MAX_CONTEXTS) return this.build();
    return new Promise((resolve) => this.waiting.push(resolve));
  }

  release(context: Context): void {
    const next = this.waiting.shift();
    if (context.usable) {
      if (next === undefined) this.free.push(context);
      else next(context);
      return;
    }
    this.count--;
    if (next !== undefined) next(this.build());
  }

  private async build(): Promise<Context> {
    this.count++;
    try {
      return await Context.load(this.host);
    } catch (thrown) {
      this.count--;
      throw thrown;
    }
  }
}

function readPolicy(file: string): Uint8Array {
  if (file === data.policy && !exists(file)) {
    throw new ConfigError('POLICY_NOT_FOUND', `reading policy file "${file}": No such file or directory (os error 2)`, {
      place: { file },
    });
  }
  return readFile(file);
}

const generations = new Map<number, Generation>();

function generation(number: number): Generation {
  const found = generations.get(number);
  if (found === undefined) throw new ConfigError('INTERNAL', `generation ${number} is not loaded`);
  return found;
}

// --- Calls -------------------------------------------------------------------------------------------------------

const provenanceNumbers = new Map<string, number>();
const provenanceNumber = new WeakMap<Provenance, number>();
let newProvenances: Provenance[] = [];

/** The number of a provenance in the table that host and worker build up together. */
function numberOf(provenance: Provenance): number {
  let number = provenanceNumber.get(provenance);
  if (number !== undefined) return number;
  const text = JSON.stringify(provenance);
  number = provenanceNumbers.get(text);
  if (number === undefined) {
    number = provenanceNumbers.size;
    provenanceNumbers.set(text, number);
    newProvenances.push(provenance);
  }
  provenanceNumber.set(provenance, number);
  return number;
}

class Batch {
  private results: Results = newResults();

  answered(call: Call, answer: Answer, startedAt: number): void {
    const { results } = this;
    results.seqs.push(call.seq);
    results.statuses.push(
      answer.status === 'value' ? Status.VALUE : answer.status === 'nil' ? Status.NIL : Status.NONE,
    );
    results.values.push(answer.status === 'value' ? JSON.stringify(answer.value.value) : null);
    results.errors.push(null);
    results.provenances.push(numberOf(answer.provenance));
    results.forConnection.push(answer.forConnection ? 1 : 0);
    results.durationsUs.push(Math.round((performance.now() - startedAt) * 1000));
  }

  failed(call: Call, error: ErrorReport, startedAt: number): void {
    const { results } = this;
    results.seqs.push(call.seq);
    results.statuses.push(Status.ERROR);
    results.values.push(null);
    results.errors.push(error);
    results.provenances.push(-1);
    results.forConnection.push(0);
    results.durationsUs.push(Math.round((performance.now() - startedAt) * 1000));
  }

  send(): void {
    if (this.results.seqs.length === 0) return;
    post({ type: 'results', results: this.results, newProvenances });
    newProvenances = [];
    this.results = newResults();
  }
}

function newResults(): Results {
  return { seqs: [], statuses: [], values: [], errors: [], provenances: [], durationsUs: [], forConnection: [] };
}

function reportOf(thrown: unknown): ErrorReport {
  return toConfigError(thrown).toJSON();
}

function runCalls(number: number, calls: Call[]): void {
  const batch = new Batch();
  for (const call of calls) {
    Atomics.store(cells, Cell.STARTED, call.seq);
    // Numbers wrap around; their difference tells the order.
    if (((call.seq - Atomics.load(cells, Cell.SKIP_THROUGH)) | 0) <= 0) continue;
    const startedAt = performance.now();
    try {
      const owner = generation(number);
      const context = owner.acquire();
      if (context instanceof Promise) void callLater(owner, context, call, startedAt);
      else callNow(owner, context, call, startedAt, batch);
    } catch (thrown) {
      batch.failed(call, reportOf(thrown), startedAt);
    }
  }
  batch.send();
}

function callNow(owner: Generation, context: Context, call: Call, startedAt: number, batch: Batch): void {
  try {
    const answer = context.call(call.event, call.args);
    if (answer instanceof Promise) {
      void callLater(owner, context, call, startedAt, answer);
      return;
    }
    batch.answered(call, answer, startedAt);
  } catch (thrown) {
    batch.failed(call, reportOf(thrown), startedAt);
  }
  owner.release(context);
}

/** A call that has to wait, for a context or for what its handler waits for; its result travels alone. */
async function callLater(
  owner: Generation,
  coming: Context | Promise<Context>,
  call: Call,
  startedAt: number,
  running?: Promise<Answer>,
): Promise<void> {
  const batch = new Batch();
  let context: Context | undefined;
  try {
    context = await coming;
    batch.answered(call, await (running ?? context.call(call.event, call.args)), startedAt);
  } catch (thrown) {
    batch.failed(call, reportOf(thrown), startedAt);
  }
  if (context !== undefined) owner.release(context);
  batch.send();
}

// --- Messages ----------------------------------------------------------------------------------------------------

async function load(number: number): Promise<void> {
  const fresh = new Generation();
  try {
    const loaded = await fresh.load();
    generations.set(number, fresh);
    post({ type: 'loaded', generation: number, ...loaded });
  } catch (thrown) {
    post({ type: 'loaded', generation: number, events: [], files: [], error: reportOf(thrown) });
  }
}

async function run(message: Extract<ToWorker, { type: 'run' }>): Promise<void> {
  try {
    const owner = generation(message.generation);
    const context = await owner.acquire();
    try {
      for (const event of message.events) await context.run(event, message.args);
    } finally {
      owner.release(context);
    }
    post({ type: 'ran', id: message.id });
  } catch (thrown) {
    post({ type: 'ran', id: message.id, error: reportOf(thrown) });
  }
}

port.on('message', (message: ToWorker) => {
  switch (message.type) {
    case 'load':
      void load(message.generation);
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
      const question = questions.get(message.id)!;
      questions.delete(message.id);
      if (message.error !== undefined) question.reject(ConfigError.fromReport(message.error));
      else question.resolve(message.value);
      break;
    }
  }
});

setInterval(() => Atomics.add(cells, Cell.HEARTBEAT, 1), HEARTBEAT_MS);
