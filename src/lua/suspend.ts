/**
 * Handlers are coroutines. A host function that has to wait hands its promise to `suspend`; the coroutine yields with
 * it, the driver (`drive`) awaits it and resumes the coroutine with the outcome. This works inside `pcall`, metamethods
 * and generic `for`; across `table.sort`, `string.gsub` callbacks and coroutines of the policy's own see `nested`.
 */
import { ConfigError, toConfigError } from '../errors.ts';
import { raise } from './errors.ts';
import { type LuaContinuation, type LuaFunction, type LuaState, lua, name } from './fengari.ts';

/** What a waiting coroutine yields, as light userdata. */
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

/** Suspends the calling coroutine until `promise` settles; `finish` then pushes the results and returns their count. */
export function suspend<T>(L: LuaState, promise: Promise<T>, finish: (L: LuaState, value: T) => number): number {
  // A promise that is dropped because the yield is refused below must not count as unhandled.
  promise.catch(() => undefined);
  if (!lua.lua_isyieldable(L)) {
    return raise(L, new ConfigError('POLICY_FAILED', 'attempt to yield across a C-call boundary'));
  }
  lua.lua_pushlightuserdata(L, new Waiting(promise));
  return lua.lua_yieldk(L, 1, null, (L) => {
    const outcome = lua.lua_touserdata(L, -1) as Outcome;
    lua.lua_pop(L, 1);
    if (outcome.error !== undefined) return raise(L, toConfigError(outcome.error, 'POLICY_FAILED'));
    return finish(L, outcome.value as T);
  });
}

/**
 * Runs the coroutine `co`, whose function and `args` arguments are on its stack, to its end. Returns its lua status at
 * once when it never waited, else a promise of it. The results, or the error, are then on the stack of `co`. `wait`
 * bounds each wait: it gets the promise and may reject earlier than it.
 */
export function drive(
  co: LuaState,
  args: number,
  wait: (promise: Promise<unknown>) => Promise<unknown>,
): number | Promise<number> {
  const status = lua.lua_resume(co, null, args);
  return status === lua.LUA_YIELD ? driveWaiting(co, wait) : status;
}

async function driveWaiting(co: LuaState, wait: (promise: Promise<unknown>) => Promise<unknown>): Promise<number> {
  let status: number = lua.LUA_YIELD;
  while (status === lua.LUA_YIELD) {
    const yielded = lua.lua_touserdata(co, -1);
    let outcome: Outcome;
    if (yielded instanceof Waiting) {
      outcome = await wait(yielded.promise).then(
        (value) => new Outcome(undefined, value),
        (error) => new Outcome(error ?? new Error('rejected without a reason'), undefined),
      );
    } else {
      // coroutine.yield in the main body of a handler: nobody is there to resume it.
      outcome = new Outcome(new ConfigError('POLICY_FAILED', 'attempt to yield from outside a coroutine'), undefined);
    }
    lua.lua_settop(co, 0);
    lua.lua_pushlightuserdata(co, outcome);
    status = lua.lua_resume(co, null, 1);
  }
  return status;
}

/** `coroutine.resume` and `coroutine.wrap` through which a wait inside a policy's own coroutine reaches the driver. */
export function nested(L: LuaState): void {
  lua.lua_getglobal(L, name('coroutine'));
  lua.lua_pushcfunction(L, coroutineResume);
  lua.lua_setfield(L, -2, name('resume'));
  lua.lua_pushcfunction(L, coroutineWrap);
  lua.lua_setfield(L, -2, name('wrap'));
  lua.lua_pop(L, 1);
}

const coroutineResume: LuaFunction = (L) => {
  const co = lua.lua_tothread(L, 1);
  if (co === null)
    return raise(L, new ConfigError('POLICY_FAILED', "bad argument #1 to 'resume' (coroutine expected)"));
  return resumeNested(L, co, lua.lua_gettop(L) - 1, false);
};

const coroutineWrap: LuaFunction = (L) => {
  if (lua.lua_type(L, 1) !== lua.LUA_TFUNCTION) {
    return raise(L, new ConfigError('POLICY_FAILED', "bad argument #1 to 'wrap' (function expected)"));
  }
  const co = lua.lua_newthread(L);
  lua.lua_pushvalue(L, 1);
  lua.lua_xmove(L, co, 1);
  lua.lua_pushcclosure(L, (L) => resumeNested(L, co, lua.lua_gettop(L), true), 1);
  return 1;
};

/** Resumes `co` with the top `args` values of `L`; a wait inside it suspends `L` too and goes on afterwards. */
function resumeNested(L: LuaState, co: LuaState, args: number, raises: boolean): number {
  if (!lua.lua_checkstack(co, args)) return failNested(L, 'too many arguments to resume', raises);
  if (lua.lua_status(co) === lua.LUA_OK && lua.lua_gettop(co) === 0) {
    return failNested(L, 'cannot resume dead coroutine', raises);
  }
  lua.lua_xmove(L, co, args);
  return afterResume(L, co, lua.lua_resume(co, L, args), raises);
}

function afterResume(L: LuaState, co: LuaState, status: number, raises: boolean): number {
  if (status === lua.LUA_YIELD && lua.lua_touserdata(co, -1) instanceof Waiting) {
    lua.lua_xmove(co, L, 1);
    const goOn: LuaContinuation = (L) => {
      lua.lua_xmove(L, co, 1);
      return afterResume(L, co, lua.lua_resume(co, L, 1), raises);
    };
    return lua.lua_yieldk(L, 1, null, goOn);
  }
  if (status === lua.LUA_OK || status === lua.LUA_YIELD) {
    const results = lua.lua_gettop(co);
    if (!lua.lua_checkstack(L, results + 1)) {
      lua.lua_pop(co, results);
      return failNested(L, 'too many results to resume', raises);
    }
    if (!raises) lua.lua_pushboolean(L, true);
    lua.lua_xmove(co, L, results);
    return raises ? results : results + 1;
  }
  lua.lua_checkstack(L, 2);
  if (raises) {
    lua.lua_xmove(co, L, 1);
    return lua.lua_error(L);
  }
  lua.lua_pushboolean(L, false);
  lua.lua_xmove(co, L, 1);
  return 2;
}

function failNested(L: LuaState, message: string, raises: boolean): number {
  if (raises) return raise(L, new ConfigError('POLICY_FAILED', message));
  lua.lua_pushboolean(L, false);
  lua.lua_pushliteral(L, message);
  return 2;
}
