/**
 * A policy at work: its workers, its live objects, and what its `init` defined. The daemon keeps one and moves its
 * epoch; a command without a server makes one for itself and asks it the same questions.
 */
import { cpus } from 'node:os';
import { resolve as resolvePath } from 'node:path';
import type { Logger } from 'pino';
import type { Clock } from './clock.ts';
import type { ErrorPlace } from './errors.ts';
import { type ResolveRequest, requestedObject, type WantedObject } from './kinds/index.ts';
import { type Evaluated, LiveObjects, type LiveOptions } from './live/live.ts';
import type { LiveObject } from './live/object.ts';
import type { MxSource } from './mx/resolver.ts';
import { Definitions } from './policy/definitions.ts';
import { type CallResult, type LoadedPolicy, PolicyHost } from './policy/host.ts';
import { searchPath } from './policy/search_path.ts';

export interface EngineOptions {
  policy: string;
  validating: boolean;
  workers: number;
  handlerTimeoutMs: number;
  clock: Clock;
  log: Logger;
  dns: MxSource;
  /** The epoch that the first load of the policy stands for. */
  epoch: number;
  evalGlobs(): Promise<string[]>;
  onGlobs(globs: string[]): void;
  onBump(scope: string, place: ErrorPlace): void;
  onPrint(text: Uint8Array): void;
  onExit(code: number): void;
  live?: Partial<LiveOptions>;
}

const STATUSES = ['value', 'none', 'nil', 'error'] as const;

/** Two at least: a handler that hangs must leave one for the others. */
export const DEFAULT_WORKERS = Math.max(2, cpus().length);
/** Far more than any policy needs, and little enough for a server to spare when one goes wild. */
const WORKER_HEAP_MB = 1024;
export const DEFAULT_HANDLER_TIMEOUT_MS = 10_000;

export class Engine {
  readonly host: PolicyHost;
  readonly live: LiveObjects;
  readonly definitions = new Definitions();
  validationFailed = false;
  private readonly options: EngineOptions;
  private generation = 0;

  constructor(options: EngineOptions) {
    this.options = options;
    const { log } = options;
    const policyLog = log.child({ target: 'lua' });
    this.host = new PolicyHost({
      policy: resolvePath(options.policy),
      path: searchPath(options.policy),
      validating: options.validating,
      timeoutMs: options.handlerTimeoutMs,
      heapMb: WORKER_HEAP_MB,
      workers: options.workers,
      clock: options.clock,
      log,
      onDefine: (kind, value, place) => this.definitions.add(kind, value, place),
      onValidationFailed: () => {
        this.validationFailed = true;
      },
      onBump: options.onBump,
      onGlobs: (globs) => {
        this.definitions.globs = globs;
        options.onGlobs(globs);
      },
      evalGlobs: options.evalGlobs,
      onLog: (level, place, text) => policyLog[level]({ at: located(place) }, text),
      onPrint: options.onPrint,
      onExit: options.onExit,
    });
    this.live = new LiveObjects(options.epoch, {
      clock: options.clock,
      random: Math.random,
      evaluate: (ask, done) => this.host.call(ask.event, ask.args, (result) => done(evaluated(result))),
      ...options.live,
    });
  }

  /** Loads the policy; rejects with what is wrong with it. What runs meanwhile is not touched. */
  async load(): Promise<LoadedPolicy> {
    const generation = ++this.generation;
    try {
      const loaded = await this.host.load(generation);
      this.host.use(generation);
      return loaded;
    } catch (thrown) {
      this.host.retire(generation);
      throw thrown;
    }
  }

  /** Runs events whose answers do not matter, in order and in one context. */
  run(events: string[], args: string[] = []): Promise<void> {
    return this.host.run(this.generation, events, args);
  }

  /** The live object that a request names, made if it is not live; rejects with what went wrong. */
  resolve(request: ResolveRequest): LiveObject | Promise<LiveObject> {
    const wanted = requestedObject(request, this.options.dns);
    return wanted instanceof Promise ? wanted.then((object) => this.resolveWanted(object)) : this.resolveWanted(wanted);
  }

  async stop(): Promise<void> {
    this.live.stop();
    await this.host.stop();
  }

  private resolveWanted(wanted: WantedObject): LiveObject | Promise<LiveObject> {
    const { kind, name, ask } = wanted;
    if (kind === 'listener_domain') return this.live.resolveForSession(kind, name, ask!, wanted.keep ?? true);
    return this.live.resolve(kind, name, ask);
  }
}

function evaluated(result: CallResult): Evaluated {
  return { ...result, status: STATUSES[result.status] };
}

function located({ file, line }: ErrorPlace): string | undefined {
  return file === undefined ? undefined : `${file}:${line}`;
}
