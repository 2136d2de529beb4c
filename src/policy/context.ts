/**
 * A context: one Lua state that has loaded the policy once. It serves one call at a time; while that call waits, other
 * calls go to other contexts.
 */
import { dirname, isAbsolute, relative, resolve } from 'node:path';
import { ConfigError, type ErrorPlace } from '../errors.ts';
import { ConfigObject } from '../kumo/config_object.ts';
import { ConnectionMeta, pushConnectionMeta } from '../kumo/connection_meta.ts';
import type { DefinitionKind, KumoHost, LogLevel } from '../kumo/host.ts';
import { installKumo } from '../kumo/index.ts';
import type { Chunks } from '../lua/chunks.ts';
import { Deadline } from '../lua/deadline.ts';
import { chunkPath, takeError } from '../lua/errors.ts';
import { type LClosure, type LuaState, LuaTValue, lua, name, type TValue, tag, textOf } from '../lua/fengari.ts';
import { drive } from '../lua/suspend.ts';
import { pushPlain } from '../lua/values.ts';
import { newState, type VmHost } from '../lua/vm.ts';
import type { Plain } from '../objects/plain.ts';
import { CONNECTION_ARGUMENT, isMultiple, NIL_IS_AN_ANSWER, RETURNS } from './events.ts';
import { CallRecord, type Provenance } from './record.ts';

/** What a context asks of its worker. */
export interface ContextHost {
  readonly policy: string;
  readonly validating: boolean;
  readonly timeoutMs: number;
  readonly path: string;
  readonly chunks: Chunks;
  helper(module: string): string | undefined;
  exists(file: string): boolean;
  readFile(file: string): Uint8Array;
  print(text: Uint8Array): void;
  execute(command: string): Promise<{ code: number } | { signal: number }>;
  exit(code: number): never;
  define(kind: DefinitionKind, value: unknown, place: ErrorPlace): void;
  validationFailed(): void;
  bump(scope: string, place: ErrorPlace): void;
  setGlobs(globs: string[]): void;
  evalGlobs(): Promise<string[]>;
  log(level: LogLevel, place: ErrorPlace, text: string): void;
}

interface Handler {
  fn: TValue;
  /** `FILE:LINE` where the function is defined. */
  defined: string;
  /** The provenance of a call that used nothing: the usual one, made once. */
  plain?: Provenance;
}

export type Answer = {
  provenance: Provenance;
  /** The answer is for one connection: the handlers looked at its metadata. */
  forConnection: boolean;
} & (
  | { status: 'value'; value: ConfigObject }
  /** No handler, or all of them fell through. */
  | { status: 'none' }
  /** A handler answered nil where that is an answer. */
  | { status: 'nil' }
);

/** The one event in which KumoMTA lets a policy register handlers. */
const MAIN = 'main';

export class Context {
  private readonly host: ContextHost;
  private readonly L: LuaState;
  private readonly handlers = new Map<string, Handler[]>();
  private readonly registered = new Map<string, string[][]>();
  private readonly deadline = new Deadline();
  private readonly loadRecord = new CallRecord();
  private readonly callRecord = new CallRecord();
  private record = this.loadRecord;
  private currentEvent: string | undefined;
  /** A finished coroutine, kept for the next call. */
  private spare: LuaState | undefined;

  private constructor(host: ContextHost) {
    this.host = host;
    const vmHost: VmHost = {
      chunks: host.chunks,
      path: host.path,
      exists: host.exists,
      helper: host.helper,
      print: host.print,
      execute: host.execute,
      exit: host.exit,
    };
    this.L = newState(vmHost);
    this.deadline.watch(this.L);
    if (host.validating) {
      lua.lua_pushboolean(this.L, true);
      lua.lua_setglobal(this.L, name('_VALIDATING_CONFIG'));
    }
    installKumo(this.L, this.kumoHost());
  }

  /** Builds a context and runs the policy in it. Throws what is wrong with the policy. */
  static async load(host: ContextHost): Promise<Context> {
    const context = new Context(host);
    const co = context.coroutine();
    host.chunks.push(co, host.policy);
    context.deadline.start(host.timeoutMs);
    try {
      await context.finish(
        co,
        drive(co, 0, (promise) => context.bounded(promise)),
        'POLICY_FAILED',
      );
    } finally {
      context.deadline.stop();
    }
    context.record = context.callRecord;
    return context;
  }

  /** False once the context may not be used again: its last call passed its deadline. */
  get usable(): boolean {
    return !this.deadline.passed;
  }

  /** The events that have handlers. */
  events(): string[] {
    return [...this.handlers.keys()];
  }

  /**
   * Calls the handlers of a config event. Returns the answer at once when no handler waited, else a promise of it;
   * throws (or rejects with) a ConfigError when a handler fails or does not return the object it has to.
   */
  call(event: string, args: Plain[]): Answer | Promise<Answer> {
    this.callRecord.reset();
    const handlers = this.handlers.get(event);
    if (handlers === undefined) return { status: 'none', ...this.used(event, null) };
    this.deadline.start(this.host.timeoutMs);
    this.enter(event);
    const answer = this.callFrom(event, args, handlers, 0);
    if (answer instanceof Promise) return answer.finally(() => this.deadline.stop());
    this.deadline.stop();
    return answer;
  }

  /** Calls all handlers of an event whose answer does not matter (`pre_init`, `init`, `validate_config`, `main`). */
  async run(event: string, args: Plain[]): Promise<void> {
    this.enter(event);
    for (const handler of this.handlers.get(event) ?? []) {
      this.deadline.start(this.host.timeoutMs);
      const co = this.coroutine();
      this.prepare(co, event, handler, args);
      try {
        await this.finish(
          co,
          drive(co, args.length, (promise) => this.bounded(promise)),
          'HANDLER_FAILED',
        );
      } finally {
        this.deadline.stop();
      }
      // One returned value, even nil, ends the chain of a Multiple event.
      if (lua.lua_gettop(co) > 0) break;
    }
  }

  private callFrom(event: string, args: Plain[], handlers: Handler[], first: number): Answer | Promise<Answer> {
    for (let i = first; i < handlers.length; i++) {
      const handler = handlers[i]!;
      const co = this.coroutine();
      this.prepare(co, event, handler, args);
      const status = drive(co, args.length, (promise) => this.bounded(promise));
      if (typeof status !== 'number') {
        return this.finish(co, status, 'HANDLER_FAILED').then(
          () => this.answer(co, event, handler) ?? this.callFrom(event, args, handlers, i + 1),
        );
      }
      this.check(co, status, 'HANDLER_FAILED');
      const answer = this.answer(co, event, handler);
      if (answer !== undefined) return answer;
    }
    return { status: 'none', ...this.used(event, null) };
  }

  /** The answer on the coroutine's stack; undefined when the handler returned nothing and the next one is due. */
  private answer(co: LuaState, event: string, handler: Handler): Answer | undefined {
    const count = lua.lua_gettop(co);
    const cell = count > 0 ? co.stack[co.ci.funcOff + 1]! : undefined;
    const value = cell?.type === tag.LUA_TUSERDATA ? (cell.value as { data: unknown }).data : undefined;
    const type = cell === undefined ? lua.LUA_TNIL : lua.lua_type(co, 1);
    lua.lua_settop(co, 0);
    this.spare = co;
    if (count === 0 && isMultiple(event)) return undefined;
    if (value instanceof ConfigObject && value.type.name === RETURNS[event]) {
      return { status: 'value', value, ...this.used(event, handler) };
    }
    if (type === lua.LUA_TNIL && NIL_IS_AN_ANSWER.has(event)) {
      return { status: 'nil', ...this.used(event, handler) };
    }
    const got = value instanceof ConfigObject ? value.type.name : textOf(lua.lua_typename(co, type));
    const nothing = count === 0 ? `Event ${event} did not return a value` : undefined;
    throw new ConfigError('HANDLER_NO_VALUE', nothing ?? `error converting Lua ${got} to ${RETURNS[event]}`, {
      place: this.placeOf(handler),
    });
  }

  private coroutine(): LuaState {
    const spare = this.spare;
    this.spare = undefined;
    if (spare !== undefined) return spare;
    const co = lua.lua_newthread(this.L);
    lua.lua_pop(this.L, 1);
    return co;
  }

  private prepare(co: LuaState, event: string, handler: Handler, args: Plain[]): void {
    const connectionArgument = CONNECTION_ARGUMENT[event];
    lua.lua_checkstack(co, args.length + 1);
    co.stack[co.top++] = new LuaTValue(handler.fn.type, handler.fn.value);
    for (const [i, arg] of args.entries()) {
      if (i === connectionArgument) pushConnectionMeta(co, this.connectionMeta(arg));
      else pushPlain(co, arg);
    }
  }

  private connectionMeta(arg: Plain): ConnectionMeta {
    return new ConnectionMeta({ ...(arg as { [key: string]: Plain }) }, () => {
      this.callRecord.connection = true;
    });
  }

  private async finish(
    co: LuaState,
    running: number | Promise<number>,
    code: 'POLICY_FAILED' | 'HANDLER_FAILED',
  ): Promise<void> {
    this.check(co, await running, code);
  }

  private check(co: LuaState, status: number, code: 'POLICY_FAILED' | 'HANDLER_FAILED'): void {
    if (status === lua.LUA_OK) return;
    throw takeError(co, code, (short) => this.host.chunks.fullPath(short));
  }

  /** A wait ends at the call's deadline, whatever it waits for. */
  private bounded(promise: Promise<unknown>): Promise<unknown> {
    return new Promise((resolve, reject) => {
      const timer = setTimeout(() => {
        this.deadline.passed = true;
        reject(this.deadline.error());
      }, this.deadline.remainingMs());
      promise.then(resolve, reject).finally(() => clearTimeout(timer));
    });
  }

  private enter(event: string): void {
    if (this.currentEvent === event) return;
    this.currentEvent = event;
    lua.lua_pushliteral(this.L, event);
    lua.lua_setglobal(this.L, name('_KUMO_CURRENT_EVENT'));
  }

  /** What the call that has just ended used. */
  private used(event: string, handler: Handler | null): { provenance: Provenance; forConnection: boolean } {
    return { provenance: this.provenance(event, handler), forConnection: this.callRecord.connection };
  }

  private provenance(event: string, handler: Handler | null): Provenance {
    if (handler === null || !this.callRecord.empty) return this.newProvenance(event, handler);
    handler.plain ??= this.newProvenance(event, handler);
    return handler.plain;
  }

  private newProvenance(event: string, handler: Handler | null): Provenance {
    const files = new Set<string>();
    for (const file of this.loadRecord.filesRead()) files.add(this.shown(file));
    for (const file of this.callRecord.filesRead()) files.add(this.shown(file));
    return {
      event,
      handler: handler === null ? null : this.shown(handler.defined),
      files: [...files].sort(),
      memoize: this.callRecord.cachesUsed(),
    };
  }

  /** A path as people read it: relative to the policy's folder when it lies below. */
  private shown(path: string): string {
    if (!isAbsolute(path)) return path;
    const below = relative(dirname(resolve(this.host.policy)), path);
    return below.startsWith('..') ? path : below;
  }

  private placeOf(handler: Handler): ErrorPlace {
    const colon = handler.defined.lastIndexOf(':');
    return { file: handler.defined.slice(0, colon), line: Number(handler.defined.slice(colon + 1)) };
  }

  private on(L: LuaState, event: string, fn: TValue): void {
    if (this.currentEvent !== undefined && this.currentEvent !== MAIN) {
      throw new ConfigError(
        'POLICY_FAILED',
        `Attempting to register an event handler via \`kumo.on('${event}', ...)\` from within the event handler ` +
          `'${this.currentEvent}'. You must move your event handler registration so that it is setup directly when ` +
          'the policy is loaded in order for it to consistently trigger and handle events.',
      );
    }
    const stack = callStack(L);
    const stacks = this.registered.get(event) ?? [];
    this.registered.set(event, [...stacks, stack]);
    const handlers = this.handlers.get(event) ?? [];
    if (handlers.length > 0 && !isMultiple(event)) {
      const [first] = handlers;
      throw new ConfigError('POLICY_FAILED', `${event} event already has a handler defined at ${first!.defined}`);
    }
    handlers.push({ fn: new LuaTValue(fn.type, fn.value), defined: definedAt(fn) });
    this.handlers.set(event, handlers);
  }

  private kumoHost(): KumoHost {
    const { host } = this;
    return {
      validating: host.validating,
      on: (L, event, handler) => this.on(L, event, handler),
      registrars: (event) => this.registered.get(event),
      define: host.define,
      validationFailed: host.validationFailed,
      bump: host.bump,
      setGlobs: host.setGlobs,
      evalGlobs: host.evalGlobs,
      readFile: (file) => {
        this.record.file(resolve(file));
        return host.readFile(file);
      },
      log: host.log,
      sleep: (seconds) => new Promise((done) => setTimeout(done, seconds * 1000)),
    };
  }
}

function definedAt(fn: TValue): string {
  if (fn.type !== tag.LUA_TLCL) return '[C]:0';
  const { p } = fn.value as LClosure;
  return `${chunkPath(textOf(p.source.realstring))}:${p.linedefined}`;
}

function callStack(L: LuaState): string[] {
  const stack: string[] = [];
  const ar = new lua.lua_Debug();
  for (let level = 1; lua.lua_getstack(L, level, ar); level++) {
    lua.lua_getinfo(L, name('Sl'), ar);
    stack.push(`${textOf(ar.short_src)}:${ar.currentline}`);
  }
  return stack;
}
