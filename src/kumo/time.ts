/** Waiting. Only the calling handler waits; its context takes no other call meanwhile. */
import { ConfigError } from '../errors.ts';
import { lua } from '../lua/fengari.ts';
import { suspend } from '../lua/suspend.ts';
import type { KumoFunction } from './host.ts';

const sleep: KumoFunction = (host, L) => {
  const seconds = lua.lua_isnumber(L, 1) ? lua.lua_tonumber(L, 1) : Number.NaN;
  // KumoMTA panics on these.
  if (!(seconds >= 0) || seconds === Infinity) {
    throw new ConfigError(
      'POLICY_FAILED',
      "bad argument #1 to 'sleep' (a finite number of seconds, 0 or more, expected)",
    );
  }
  return suspend(L, host.sleep(seconds), () => 0);
};

export const timeFunctions: Record<string, KumoFunction> = { sleep };
