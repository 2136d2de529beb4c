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
import { definedAt, takeError } from '../lua/errors.ts';
import { type LuaState, LuaTValue, lua, name, type TValue, tag, textOf } from '../lua/fengari.ts';
import { type Driver, drive } from '../lua/suspend.ts';
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
  printError(text: Uint8Array): void;
  execute(command: string): Promise<{ code: number } | { signal: number }>;
  exit(code: number): never;
  define(kind: DefinitionKind, value: unknown, place: ErrorPlace): void;
  validationFailed(): void;
  bump(scope: string, place: ErrorPlace): void;
  setGlobs(globs: string[]): void;
  evalGlobs(): Promise<string[]>;
  log(level: LogLevel, place: ErrorPlace, text: string): void;
  /** The context goes on after a wait, with the call that it was given as `number`. */
  goesOn(number: number): void;
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

const LUA_RIDX_GLOBALS = 2;

/** A sleep that the deadline cuts short is far enough behind it never to be the first of the two. */
const OVERTIME_MS = 1000;

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
  /** The worker's number of the running call. */
  private number = 0;

  private constructor(host: ContextHost) {
    this.host = host;
    const vmHost: VmHost = {
      chunks: host.chunks,
      path: host.path,
      exists: host.exists,
      helper: host.helper,
      print: host.print,
      printError: host.printError,
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
      context.check(co, await drive(co, 0, context.driver(co)), 'POLICY_FAILED');
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
   * throws (or rejects with) a ConfigError when a handler fails or does not return the object it has to. `number` is
   * the worker's for this call.
   */
  call(event: string, args: Plain[], number = 0): Answer | Promise<Answer> {
    this.callRecord.reset();
    this.number = number;
    const handlers = this.handlers.get(event);
    if (handlers === undefined) return { status: 'none', ...this.used(event, null) };
    this.deadline.start(this.host.timeoutMs);
    let waits = false;
    try {
      this.enter(event);
      const answer = this.callFrom(event, args, handlers, 0);
      if (!(answer instanceof Promise)) return answer;
      waits = true;
      return answer.finally(() => this.deadline.stop());
    } finally {
      if (!waits) this.deadline.stop();
    }
  }

  /** Calls all handlers of an event whose answer does not matter (`pre_init`, `init`, `validate_config`, `main`). */
  async run(event: string, args: Plain[]): Promise<void> {
    this.number = 0;
    this.enter(event);
    for (const handler of this.handlers.get(event) ?? []) {
      this.deadline.start(this.host.timeoutMs);
      const co = this.coroutine();
      this.prepare(co, event, handler, args);
      try {
        this.check(co, await drive(co, args.length, this.driver(co)), 'HANDLER_FAILED');
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
      const status = drive(co, args.length, this.driver(co));
      if (typeof status !== 'number') {
        return status.then((status) => {
          this.check(co, status, 'HANDLER_FAILED');
          return this.answer(co, event, handler) ?? this.callFrom(event, args, handlers, i + 1);
        });
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
    for (let i = 0; i < args.length; i++) {
      if (i === connectionArgument) pushConnectionMeta(co, this.connectionMeta(args[i]));
      else pushPlain(co, args[i]);
    }
  }

  private connectionMeta(arg: Plain): ConnectionMeta {
    return new ConnectionMeta({ ...(arg as { [key: string]: Plain }) }, () => {
      this.callRecord.connection = true;
    });
  }

  private check(co: LuaState, status: number, code: 'POLICY_FAILED' | 'HANDLER_FAILED'): void {
    if (status === lua.LUA_OK && !this.deadline.passed) return;
    const error = status === lua.LUA_OK ? undefined : takeError(co, code, (short) => this.host.chunks.fullPath(short));
    if (!this.deadline.passed || error?.code === 'HANDLER_TIMEOUT') throw error;
    // The script may have caught the timeout and gone on with something else: it is late all the same.
    const { message } = this.deadline.error();
    throw new ConfigError('HANDLER_TIMEOUT', message, { place: error?.place, details: error?.details });
  }

  /** A wait ends at the call's deadline, whatever it waits for. */
  private driver(co: LuaState): Driver {
    return {
      wait: (promise) => {
        if (this.deadline.passed) return Promise.reject(this.deadline.error());
        return new Promise((resolve, reject) => {
          const timer = setTimeout(() => {
            this.deadline.expire(co);
            reject(this.deadline.error());
          }, this.deadline.remainingMs());
          promise.then(resolve, reject).finally(() => clearTimeout(timer));
        });
      },
      goOn: () => {
        if (this.deadline.remainingMs() === 0) this.deadline.expire(co);
        this.host.goesOn(this.number);
      },
    };
  }

  private enter(event: string): void {
    if (this.currentEvent === event) return;
    this.currentEvent = event;
    // Raw: a policy may guard its globals with a metatable.
    lua.lua_rawgeti(this.L, lua.LUA_REGISTRYINDEX, LUA_RIDX_GLOBALS);
    lua.lua_pushliteral(this.L, '_KUMO_CURRENT_EVENT');
    pushPlain(this.L, event);
    lua.lua_rawset(this.L, -3);
    lua.lua_pop(this.L, 1);
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

  private on(L: LuaState, event: string, index: number): void {
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
    const fn = L.stack[L.ci.funcOff + index]!;
    handlers.push({ fn: new LuaTValue(fn.type, fn.value), defined: definedAt(L, index) });
    this.handlers.set(event, handlers);
  }

  private kumoHost(): KumoHost {
    const { host } = this;
    return {
      validating: host.validating,
      on: (L, event, index) => this.on(L, event, index),
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
      // The deadline ends the call before a longer wait is over; its timer need not outlive it by days.
      sleep: (seconds) =>
        new Promise((done) => setTimeout(done, Math.min(seconds * 1000, this.deadline.remainingMs() + OVERTIME_MS))),
    };
  }
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
