/** Registering handlers, and what policies may ask about that. */
import { ConfigError } from '../errors.ts';
import { lua } from '../lua/fengari.ts';
import { pushPlain } from '../lua/values.ts';
import { textArgument } from '../lua/vm.ts';
import type { KumoFunction } from './host.ts';

export const eventFunctions: Record<string, KumoFunction> = {
  on: (host, L) => {
    const event = textArgument(L, 1, 'on');
    if (lua.lua_type(L, 2) !== lua.LUA_TFUNCTION) {
      throw new ConfigError('POLICY_FAILED', "bad argument #2 to 'on' (function expected)");
    }
    host.on(L, event, 2);
    return 0;
  },
  get_event_registrars: (host, L) => {
    pushPlain(L, host.registrars(textArgument(L, 1, 'get_event_registrars')));
    return 1;
  },
  validation_failed: (host) => {
    host.validationFailed();
    return 0;
  },
};
