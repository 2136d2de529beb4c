/** `kumo.log_*`: one line, the arguments joined by a space, told with the place of the call. */
import { callerPlace } from '../lua/errors.ts';
import { type LuaState, lauxlib, lua, textOf } from '../lua/fengari.ts';
import type { KumoFunction, LogLevel } from './host.ts';

/** A line longer than this is cut: the log is no place for whole files. */
const MAX_LINE = 16_384;

const log =
  (level: LogLevel): KumoFunction =>
  (host, L) => {
    const text = joined(L);
    host.log(level, callerPlace(L, 1), text.length > MAX_LINE ? `${text.slice(0, MAX_LINE)}…` : text);
    return 0;
  };

function joined(L: LuaState): string {
  const parts: string[] = [];
  for (let i = 1; i <= lua.lua_gettop(L); i++) {
    if (lua.lua_type(L, i) === lua.LUA_TLIGHTUSERDATA && lua.lua_touserdata(L, i) === null) {
      parts.push('null');
      continue;
    }
    parts.push(textOf(lauxlib.luaL_tolstring(L, i)));
    lua.lua_pop(L, 1);
  }
  return parts.join(' ');
}

export const logFunctions: Record<string, KumoFunction> = {
  log_debug: log('debug'),
  log_info: log('info'),
  log_warn: log('warn'),
  log_error: log('error'),
};
