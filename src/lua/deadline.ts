/**
 * The CPU deadline of a call. A count hook looks at the clock every 10,000 instructions (measured: costs nothing that
 * can be seen). Once the deadline has passed the hook fires at every instruction, so that a script that catches the
 * error (`while true do pcall(f) end`) fails again at its next instruction and every frame of it unwinds.
 */
import { ConfigError } from '../errors.ts';
import { raise } from './errors.ts';
import { type LuaState, lua } from './fengari.ts';

const CHECK_EVERY = 10_000;

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
    const hook = (L: LuaState): void => {
      if (performance.now() < this.at) return;
      this.passed = true;
      lua.lua_sethook(L, hook, lua.LUA_MASKCOUNT, 1);
      raise(L, this.error());
    };
    lua.lua_sethook(L, hook, lua.LUA_MASKCOUNT, CHECK_EVERY);
  }
}
