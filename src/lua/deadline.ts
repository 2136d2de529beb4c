/**
 * The CPU deadline of a call. A count hook looks at the clock every 10,000 instructions (measured: costs nothing that
 * can be seen). Once the deadline has passed no `pcall` of the coroutine catches anything any more, and what resumed it
 * fails at its next instruction: a script cannot catch its way past its end (`while true do pcall(f) end`).
 */
import { ConfigError } from '../errors.ts';
import { raise } from './errors.ts';
import { type LuaState, lua, name } from './fengari.ts';

const CHECK_EVERY = 10_000;

/** Bits of fengari's CallInfo.callstatus: hooks were allowed before a `pcall`, and a `pcall` that can be resumed. */
const CIST_OAH = 1 << 0;
const CIST_YPCALL = 1 << 4;

export class Deadline {
  /** performance.now() at which the running call must end; Infinity when none runs. */
  private at = Infinity;
  private limitMs = 0;
  /** A context whose deadline has passed may hold half-done state and must not be used again. */
  passed = false;

  start(limitMs: number): void {
    this.limitMs = limitMs;
    this.at = performance.now() + limitMs;
  }

  stop(): void {
    this.at = Infinity;
  }

  remainingMs(): number {
    return Math.max(0, this.at - performance.now());
  }

  error(): ConfigError {
    return new ConfigError('HANDLER_TIMEOUT', `the call did not end within ${this.limitMs} ms`);
  }

  /** Watches `L` and every coroutine made from it afterwards. */
  watch(L: LuaState): void {
    this.hookEvery(L, CHECK_EVERY);
  }

  /** Lets `L`, and what it resumes, fail at its next instruction, past every `pcall` on its way. */
  expire(L: LuaState): void {
    this.passed = true;
    this.hookEvery(L, 1);
    // Unwinding one `pcall` after the other would take seconds: fengari walks the whole stack for each.
    for (let ci: LuaState['ci'] | null = L.ci; ci !== null; ci = ci.previous) ci.callstatus &= ~CIST_YPCALL;
  }

  private hookEvery(L: LuaState, instructions: number): void {
    lua.lua_sethook(L, this.hook, lua.LUA_MASKCOUNT, instructions);
  }

  private readonly hook = (L: LuaState): void => {
    if (performance.now() < this.at) return;
    this.expire(L);
    // No message handler of an `xpcall`: it would run inside this hook, where no other hook could end it.
    L.errfunc = 0;
    raise(L, this.error());
  };
}

/**
 * Keeps hooks alive in coroutines that catch errors. fengari's lua_pcallk forgets that hooks were allowed (lapi.js has
 * `&= ~CIST_OAH | allowhook` where C has `= callstatus & ~CIST_OAH | allowhook`), so that one caught error would turn
 * the deadline of its coroutine off. A bit that is set before it stays set.
 */
export function keepHooks(L: LuaState): void {
  for (const global of ['pcall', 'xpcall']) {
    lua.lua_getglobal(L, name(global));
    const call = lua.lua_tocfunction(L, -1);
    lua.lua_pop(L, 1);
    lua.lua_pushcfunction(L, (L) => {
      L.ci.callstatus |= CIST_OAH;
      return call(L);
    });
    lua.lua_setglobal(L, name(global));
  }
}

/**
 * Lets two coroutines count as one: `to` goes on where `from` is. Without it a script that keeps making coroutines
 * would run for as long as it likes, each of them below the count at which the clock is looked at.
 */
export function shareCount(from: LuaState, to: LuaState): void {
  to.hookcount = from.hookcount;
  to.basehookcount = from.basehookcount;
}
