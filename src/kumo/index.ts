/** The Lua API: every function that `require 'kumo'` gives, registered from this one table. */
import { ConfigError } from '../errors.ts';
import { type LuaState, lua, name } from '../lua/fengari.ts';
import { toPlain } from '../lua/values.ts';
import { setField } from '../lua/vm.ts';
import { epochFunctions } from './epoch.ts';
import { eventFunctions } from './events.ts';
import { bind, type KumoFunction, type KumoHost } from './host.ts';
import { logFunctions } from './log.ts';
import { makeFunctions } from './make.ts';
import { serdeFunctions } from './serde.ts';
import { timeFunctions } from './time.ts';

const FUNCTIONS: Record<string, KumoFunction> = {
  ...eventFunctions,
  ...makeFunctions,
  ...epochFunctions,
  ...logFunctions,
  ...timeFunctions,
  // KumoMTA keeps the JSON and TOML functions under their old names too; the YAML ones it has in kumo.serde alone.
  ...Object.fromEntries(Object.entries(serdeFunctions).filter(([key]) => !key.startsWith('yaml_'))),
};

/** Tables below `kumo`. */
const MODULES: Record<string, Record<string, KumoFunction>> = {
  serde: serdeFunctions,
  time: timeFunctions,
};

/** Puts the module `kumo` into `package.loaded`. It is no global: every file has to `require` it. */
export function installKumo(L: LuaState, host: KumoHost): void {
  lua.lua_getglobal(L, name('package'));
  lua.lua_getfield(L, -1, name('loaded'));
  pushModule(L, host, 'kumo', FUNCTIONS);
  for (const [module, functions] of Object.entries(MODULES)) {
    pushModule(L, host, `kumo.${module}`, functions);
    lua.lua_setfield(L, -2, name(module));
  }
  lua.lua_setfield(L, -2, name('kumo'));
  lua.lua_pop(L, 2);
}

/** A table that says so when a policy reads what is not there, instead of "attempt to call a nil value" later. */
function pushModule(L: LuaState, host: KumoHost, module: string, functions: Record<string, KumoFunction>): void {
  lua.lua_newtable(L);
  for (const [key, f] of Object.entries(functions)) setField(L, key, bind(host, f));
  lua.lua_newtable(L);
  setField(L, '__index', (L: LuaState) => {
    throw new ConfigError('POLICY_FAILED', `not available in kumo-configd: ${module}.${String(toPlain(L, 2))}`);
  });
  lua.lua_setmetatable(L, -2);
}
