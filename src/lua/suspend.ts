/**
 * Handlers are coroutines. A host function that has to wait hands its promise to `suspend`; the coroutine yields with
 * it, the driver (`drive`) awaits it and resumes the coroutine with the outcome. This works inside `pcall`, metamethods,
 * generic `for` and coroutines of the policy's own (`nested`); not across C functions that cannot be resumed, such as
 * `table.sort`, `string.gsub` and `require`, where it is refused as in KumoMTA.
 */
import { ConfigError, toConfigError } from '../errors.ts';
import { shareCount } from './deadline.ts';
import { raise } from './errors.ts';
import { type LuaContinuation, type LuaFunction, type LuaState, lua, name, textOf } from './fengari.ts';

/** What a waiting coroutine yields, as light userdata. Lua code never gets to see it. */
class Waiting {
  readonly promise: Promise<unknown>;
  constructor(promise: Promise<unknown>) {
    this.promise = promise;
  }
}

/** What a waiting coroutine is resumed with, as light userdata. */
class Outcome {
  readonly error: unknown;
  readonly value: unknown;
  constructor(error: unknown, value: unknown) {
    this.error = error;
    this.value = value;
  }
}

const acrossBoundary = (): ConfigError => new ConfigError('POLICY_FAILED', 'attempt to yield across a C-call boundary');

/** Suspends the calling coroutine until `promise` settles; `finish` then pushes the results and returns their count. */
export function suspend<T>(L: LuaState, promise: Promise<T>, finish: (L: LuaState, value: T) => number): number {
  // A promise that is dropped because the yield is refused below must not count as unhandled.
  promise.catch(() => undefined);
  if (!lua.lua_isyieldable(L)) return raise(L, acrossBoundary());
  lua.lua_pushlightuserdata(L, new Waiting(promise));
  return lua.lua_yieldk(L, 1, null, (L) => {
    const outcome = lua.lua_touserdata(L, -1) as Outcome;
    lua.lua_pop(L, 1);
    if (outcome.error !== undefined) return raise(L, toConfigError(outcome.error, 'POLICY_FAILED'));
    return finish(L, outcome.value as T);
  });
}

/** What a driver does around the waits of the coroutine that it drives. */
export interface Driver {
  /** Bounds a wait: gets the promise and may reject earlier than it. */
  wait(promise: Promise<unknown>): Promise<unknown>;
  /** The coroutine is about to go on after a wait. */
  goOn?(): void;
}

/**
 * Runs the coroutine `co`, whose function and `args` arguments are on its stack, to its end. Returns its lua status at
 * once when it never waited, else a promise of it. The results, or the error, are then on the stack of `co`.
 */
export function drive(co: LuaState, args: number, driver: Driver): number | Promise<number> {
  const status = lua.lua_resume(co, null, args);
  return status === lua.LUA_YIELD ? driveWaiting(co, driver) : status;
}

async function driveWaiting(co: LuaState, driver: Driver): Promise<number> {
  let status: number = lua.LUA_YIELD;
  while (status === lua.LUA_YIELD) {
    // Nothing else can have been yielded: see coroutineYield.
    const { promise } = lua.lua_touserdata(co, -1) as Waiting;
    lua.lua_settop(co, 0);
    const outcome = await driver.wait(promise).then(
      (value) => new Outcome(undefined, value),
      (error) => new Outcome(error ?? new Error('rejected without a reason'), undefined),
    );
    driver.goOn?.();
    lua.lua_pushlightuserdata(co, outcome);
    status = lua.lua_resume(co, null, 1);
  }
  return status;
}

/** The functions of `coroutine` through which a wait inside a policy's own coroutine reaches the driver. */
export function nested(L: LuaState): void {
  lua.lua_getglobal(L, name('coroutine'));
  for (const [key, f] of Object.entries({ resume: coroutineResume, wrap: coroutineWrap, yield: coroutineYield })) {
    lua.lua_pushcfunction(L, f);
    lua.lua_setfield(L, -2, name(key));
  }
  lua.lua_pop(L, 1);
}

const coroutineResume: LuaFunction = (L) => {
  const co = lua.lua_tothread(L, 1);
  if (co === null) return raise(L, badArgument(L, 'resume', 'coroutine'));
  return resumeNested(L, co, lua.lua_gettop(L) - 1, false);
};

const coroutineWrap: LuaFunction = (L) => {
  if (lua.lua_type(L, 1) !== lua.LUA_TFUNCTION) return raise(L, badArgument(L, 'wrap', 'function'));
  const co = lua.lua_newthread(L);
  lua.lua_pushvalue(L, 1);
  lua.lua_xmove(L, co, 1);
  lua.lua_pushcclosure(L, (L) => resumeNested(L, co, lua.lua_gettop(L), true), 1);
  return 1;
};

/** Yields to whoever resumed this coroutine. The body of a handler was resumed by its driver, which wants no values. */
const coroutineYield: LuaFunction = (L) => {
  if (L.nested !== true) {
    return raise(L, new ConfigError('POLICY_FAILED', 'attempt to yield from outside a coroutine'));
  }
  if (!lua.lua_isyieldable(L)) return raise(L, acrossBoundary());
  return lua.lua_yieldk(L, lua.lua_gettop(L), null, null);
};

function badArgument(L: LuaState, called: string, expected: string): ConfigError {
  const type = lua.lua_type(L, 1);
  const got = type === lua.LUA_TNONE ? 'no value' : textOf(lua.lua_typename(L, type));
  return new ConfigError('POLICY_FAILED', `bad argument #1 to '${called}' (${expected} expected, got ${got})`);
}

/** Resumes `co` with the top `args` values of `L`; a wait inside it suspends `L` too and goes on afterwards. */
function resumeNested(L: LuaState, co: LuaState, args: number, raises: boolean): number {
  if (!lua.lua_checkstack(co, args)) return failNested(L, 'too many arguments to resume', raises);
  if (lua.lua_status(co) === lua.LUA_OK && lua.lua_gettop(co) === 0) {
    return failNested(L, 'cannot resume dead coroutine', raises);
  }
  // Only a coroutine that is not running yet can be resumed: the body of a handler must not pass for a nested one.
  if (co !== L) co.nested = true;
  lua.lua_xmove(L, co, args);
  return afterResume(L, co, resumeCounted(L, co, args), raises);
}

function resumeCounted(L: LuaState, co: LuaState, args: number): number {
  shareCount(L, co);
  const status = lua.lua_resume(co, L, args);
  shareCount(co, L);
  return status;
}

function afterResume(L: LuaState, co: LuaState, resumed: number, raises: boolean): number {
  let status = resumed;
  while (status === lua.LUA_YIELD && lua.lua_touserdata(co, -1) instanceof Waiting) {
    if (lua.lua_isyieldable(L)) return suspendWith(L, co, raises);
    // The wait cannot get past this point (a comparator of `table.sort`, say), so it is refused where it was asked for.
    lua.lua_settop(co, 0);
    lua.lua_pushlightuserdata(co, new Outcome(acrossBoundary(), undefined));
    status = resumeCounted(L, co, 1);
  }
  const results = status === lua.LUA_OK || status === lua.LUA_YIELD ? lua.lua_gettop(co) : -1;
  if (results < 0) {
    lua.lua_checkstack(L, 2);
    lua.lua_xmove(co, L, 1);
    if (raises) return lua.lua_error(L);
    lua.lua_pushboolean(L, false);
    lua.lua_insert(L, -2);
    return 2;
  }
  if (!lua.lua_checkstack(L, results + 1)) {
    lua.lua_pop(co, results);
    return failNested(L, 'too many results to resume', raises);
  }
  if (!raises) lua.lua_pushboolean(L, true);
  lua.lua_xmove(co, L, results);
  return raises ? results : results + 1;
}

/** Suspends `L` with what its nested coroutine `co` waits for. */
function suspendWith(L: LuaState, co: LuaState, raises: boolean): number {
  lua.lua_xmove(co, L, 1);
  const goOn: LuaContinuation = (L) => {
    lua.lua_xmove(L, co, 1);
    return afterResume(L, co, resumeCounted(L, co, 1), raises);
  };
  return lua.lua_yieldk(L, 1, null, goOn);
}

function failNested(L: LuaState, message: string, raises: boolean): number {
  if (raises) return raise(L, new ConfigError('POLICY_FAILED', message));
  lua.lua_pushboolean(L, false);
  lua.lua_pushliteral(L, message);
  return 2;
}
