/** Errors between Lua and the host: what Lua raised as a ConfigError, and host failures as Lua error objects. */
import { ConfigError, type ErrorCode, type ErrorPlace } from '../errors.ts';
import { type DebugInfo, type LuaState, lauxlib, lua, name, textOf, type Udata } from './fengari.ts';
import { pushUserdata, type UserdataType } from './userdata.ts';

/** The data of a Lua error object that a host function raised. `tostring` shows the message and the traceback. */
class HostFailure {
  readonly error: ConfigError;
  readonly traceback: string;
  constructor(error: ConfigError, traceback: string) {
    this.error = error;
    this.traceback = traceback;
  }
}

const FAILURE: UserdataType = { name: 'error', metamethods: { __tostring: failureToString } };

/** Raises `error` in Lua as an error object, placed at the Lua line that runs or that called the host function. */
export function raise(L: LuaState, error: ConfigError): never {
  const place = { ...callerPlace(L, 0), ...error.place };
  const placed = new ConfigError(error.code, error.message, { place, details: error.details, cause: error.cause });
  lua.lua_checkstack(L, 10);
  lauxlib.luaL_traceback(L, L, null, 0);
  const traceback = textOf(lua.lua_tolstring(L, -1)!);
  lua.lua_pop(L, 1);
  pushUserdata(L, FAILURE, new HostFailure(placed, traceback));
  return lua.lua_error(L);
}

function failureToString(L: LuaState): number {
  const failure = lua.lua_touserdata(L, 1);
  const text = failure instanceof HostFailure ? `${failure.error.located()}\n${failure.traceback}` : 'error';
  lua.lua_pushliteral(L, text);
  return 1;
}

/** The file and line of the nearest Lua function at or above `level`; `file` is the chunk's whole name. */
export function callerPlace(L: LuaState, level: number): ErrorPlace {
  const ar = new lua.lua_Debug();
  for (let i = level; lua.lua_getstack(L, i, ar); i++) {
    lua.lua_getinfo(L, name('Sl'), ar);
    if (ar.currentline > 0) return { file: fileOf(ar), line: ar.currentline };
  }
  return {};
}

/** `@path` names a file, whole; other chunks are shown as Lua shows them. */
function fileOf(ar: DebugInfo): string {
  const source = textOf(ar.source);
  return source.startsWith('@') ? source.slice(1) : textOf(ar.short_src);
}

/** `FILE:LINE` at which the function at a stack index is defined. */
export function definedAt(L: LuaState, index: number): string {
  const ar = new lua.lua_Debug();
  lua.lua_pushvalue(L, index);
  lua.lua_getinfo(L, name('>S'), ar);
  return `${fileOf(ar)}:${ar.linedefined}`;
}

/**
 * The error on top of `L`'s stack, as a ConfigError with place and traceback; pops it. `code` is for what Lua itself
 * raised; errors of the host keep theirs. `fullPath` maps Lua's shortened chunk names (60 bytes) to whole paths.
 */
export function takeError(L: LuaState, code: ErrorCode, fullPath: (short: string) => string): ConfigError {
  const cell = L.stack[L.top - 1]!;
  const data = lua.lua_type(L, -1) === lua.LUA_TUSERDATA ? (cell.value as Udata).data : undefined;
  if (data instanceof HostFailure) {
    lua.lua_pop(L, 1);
    const { error } = data;
    return new ConfigError(error.code, error.message, {
      place: error.place,
      details: withTraceback(error.details, data.traceback),
      cause: error.cause,
    });
  }
  lua.lua_checkstack(L, 20);
  const message = errorText(L);
  lua.lua_pop(L, 1);
  lauxlib.luaL_traceback(L, L, null, 0);
  const traceback = textOf(lua.lua_tolstring(L, -1)!);
  lua.lua_pop(L, 1);
  const position = /^(.*?):(\d+): /s.exec(message);
  if (position === null) return new ConfigError(code, message, { details: withTraceback(undefined, traceback) });
  return new ConfigError(code, message.slice(position[0].length), {
    place: placeOf(L, position[1]!, Number(position[2]), fullPath),
    details: withTraceback(undefined, traceback),
  });
}

/** The place that a message names: the frame it was raised in knows its file by its whole path. */
function placeOf(L: LuaState, short: string, line: number, fullPath: (short: string) => string): ErrorPlace {
  const ar = new lua.lua_Debug();
  for (let level = 0; lua.lua_getstack(L, level, ar); level++) {
    lua.lua_getinfo(L, name('Sl'), ar);
    if (ar.currentline === line && textOf(ar.short_src) === short) return { file: fileOf(ar), line };
  }
  return { file: fullPath(short), line };
}

/** Text of the error value on top. */
function errorText(L: LuaState): string {
  switch (lua.lua_type(L, -1)) {
    case lua.LUA_TSTRING:
    case lua.LUA_TNUMBER:
      return textOf(lua.lua_tolstring(L, -1)!);
    case lua.LUA_TNIL:
      return 'nil was raised as an error';
    default:
      return ownText(L) ?? `a ${textOf(lua.lua_typename(L, lua.lua_type(L, -1)))} was raised as an error`;
  }
}

/** What the `__tostring` of the value on top says. It runs in a thread of its own: the one that raised it is dead. */
function ownText(L: LuaState): string | undefined {
  if (lauxlib.luaL_getmetafield(L, -1, name('__tostring')) === lua.LUA_TNIL) return undefined;
  lua.lua_pop(L, 1);
  const scratch = lua.lua_newthread(L);
  lua.lua_pushcfunction(scratch, (L) => {
    lauxlib.luaL_tolstring(L, 1);
    return 1;
  });
  lua.lua_pushvalue(L, -2);
  lua.lua_xmove(L, scratch, 1);
  lua.lua_pop(L, 1);
  if (lua.lua_pcall(scratch, 1, 1, 0) !== lua.LUA_OK) return undefined;
  return textOf(lua.lua_tolstring(scratch, -1)!);
}

function withTraceback(details: unknown, traceback: string): unknown {
  return { ...(details as object | undefined), traceback };
}
