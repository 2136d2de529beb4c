/** One Lua state as KumoMTA policies find it: which libraries there are, how modules are found, what is taken away. */
import { ConfigError, toConfigError } from '../errors.ts';
import type { Chunks } from './chunks.ts';
import { installCollectgarbage } from './collectgarbage.ts';
import { keepHooks } from './deadline.ts';
import { raise } from './errors.ts';
import {
  bytesOf,
  type LuaContinuation,
  type LuaFunction,
  type LuaState,
  lauxlib,
  lua,
  lualib,
  name,
  textOf,
} from './fengari.ts';
import { installIo } from './io/library.ts';
import { nested, suspend } from './suspend.ts';
import { luaString, pushPlain, stringValue } from './values.ts';

/** What a Lua state needs of the world outside it. */
export interface VmHost {
  chunks: Chunks;
  /** `package.path`, in search order. */
  path: string;
  /** True for a file that `require` may load. */
  exists(file: string): boolean;
  /** Text of a helper that ships inside the program, for module names as `policy-extras.queue`. */
  helper(module: string): string | undefined;
  print(text: Uint8Array): void;
  printError(text: Uint8Array): void;
  /** Runs a shell command (`os.execute`); resolves to its exit code, or the signal that ended it. */
  execute(command: string): Promise<{ code: number } | { signal: number }>;
  /** `os.exit` was called; does not return normally. */
  exit(code: number): never;
}

const LIBRARIES = [
  ['_G', lualib.luaopen_base],
  ['package', lualib.luaopen_package],
  ['coroutine', lualib.luaopen_coroutine],
  ['table', lualib.luaopen_table],
  ['os', lualib.luaopen_os],
  ['string', lualib.luaopen_string],
  ['utf8', lualib.luaopen_utf8],
  ['math', lualib.luaopen_math],
] as const;

export function newState(host: VmHost): LuaState {
  const L = lauxlib.luaL_newstate();
  // What host functions throw becomes an error object of Lua; without this, fengari loses the exception.
  lua.lua_atnativeerror(L, (L) => raise(L, nativeError(lua.lua_touserdata(L, 1))));
  for (const [library, open] of LIBRARIES) {
    lauxlib.luaL_requiref(L, name(library), open, 1);
    lua.lua_pop(L, 1);
  }
  nested(L);
  keepHooks(L);
  installBase(L, host);
  installCollectgarbage(L);
  installIo(L, host);
  installOs(L, host);
  installPackage(L, host);
  return L;
}

/** JavaScript ran out of something that the script asked too much of, or the host has a fault of its own. */
function nativeError(thrown: unknown): ConfigError {
  if (thrown instanceof RangeError) {
    const reason = thrown.message.includes('call stack') ? 'stack overflow' : `not enough memory (${thrown.message})`;
    return new ConfigError('POLICY_FAILED', reason, { cause: thrown });
  }
  return toConfigError(thrown, 'INTERNAL');
}

function setGlobalFunction(L: LuaState, global: string, f: LuaFunction): void {
  lua.lua_pushcfunction(L, f);
  lua.lua_setglobal(L, name(global));
}

function installBase(L: LuaState, host: VmHost): void {
  setGlobalFunction(L, 'print', (L) => {
    const parts: Uint8Array[] = [];
    for (let i = 1; i <= lua.lua_gettop(L); i++) {
      if (i > 1) parts.push(name('\t'));
      parts.push(lauxlib.luaL_tolstring(L, i));
      lua.lua_pop(L, 1);
    }
    parts.push(name('\n'));
    host.print(Buffer.concat(parts));
    return 0;
  });
  setGlobalFunction(L, 'loadfile', (L) => {
    try {
      host.chunks.push(L, textArgument(L, 1, 'loadfile'));
      // The third argument is the chunk's _ENV.
      if (lua.lua_gettop(L) > 3) {
        lua.lua_pushvalue(L, 3);
        lua.lua_setupvalue(L, -2, 1);
      }
      return 1;
    } catch (thrown) {
      lua.lua_pushnil(L);
      lua.lua_pushliteral(L, toConfigError(thrown).located());
      return 2;
    }
  });
  setGlobalFunction(L, 'dofile', (L) => {
    host.chunks.push(L, textArgument(L, 1, 'dofile'));
    const below = lua.lua_gettop(L) - 1;
    const results: LuaContinuation = (L) => lua.lua_gettop(L) - below;
    lua.lua_callk(L, 0, lua.LUA_MULTRET, null, results);
    return results(L, lua.LUA_OK, null);
  });
}

function installOs(L: LuaState, host: VmHost): void {
  lua.lua_getglobal(L, name('os'));
  lua.lua_pushcfunction(L, (L) => {
    if (lua.lua_type(L, 1) === lua.LUA_TBOOLEAN) return host.exit(lua.lua_toboolean(L, 1) ? 0 : 1);
    return host.exit(lua.lua_isnumber(L, 1) ? lua.lua_tonumber(L, 1) : 0);
  });
  lua.lua_setfield(L, -2, name('exit'));
  lua.lua_pushcfunction(L, (L) => {
    if (lua.lua_gettop(L) === 0) {
      lua.lua_pushboolean(L, true);
      return 1;
    }
    return suspend(L, host.execute(textArgument(L, 1, 'execute')), (L, ended) => {
      const code = 'code' in ended ? ended.code : ended.signal;
      if (code === 0) lua.lua_pushboolean(L, true);
      else lua.lua_pushnil(L);
      lua.lua_pushliteral(L, 'code' in ended ? 'exit' : 'signal');
      lua.lua_pushinteger(L, code);
      return 3;
    });
  });
  lua.lua_setfield(L, -2, name('execute'));
  lua.lua_pop(L, 1);
}

/**
 * `package` as in KumoMTA: no C modules, no `loadlib`, KumoMTA's search path. A file on `package.path` wins over a
 * helper of the same name that ships with the program.
 */
function installPackage(L: LuaState, host: VmHost): void {
  lua.lua_getglobal(L, name('package'));
  for (const field of ['jspath', 'loadlib', 'searchers'] as const) {
    lua.lua_pushnil(L);
    lua.lua_setfield(L, -2, name(field));
  }
  lua.lua_pushliteral(L, host.path);
  lua.lua_setfield(L, -2, name('path'));
  lua.lua_pushliteral(L, '');
  lua.lua_setfield(L, -2, name('cpath'));
  lua.lua_pushcfunction(L, () => {
    throw new ConfigError('POLICY_FAILED', 'safety error: package.loadlib is disabled in safe mode');
  });
  lua.lua_setfield(L, -2, name('loadlib'));

  const searchers: LuaFunction[] = [searchPreload, searchPath, searchHelpers, refuseC];
  lua.lua_createtable(L, searchers.length, 0);
  for (const [i, searcher] of searchers.entries()) {
    // `package` is kept with each: the policy may take the global away.
    lua.lua_pushvalue(L, -2);
    lua.lua_pushcclosure(L, searcher, 1);
    lua.lua_rawseti(L, -2, i + 1);
  }
  lua.lua_setfield(L, -2, name('searchers'));
  lua.lua_pop(L, 1);

  function searchPreload(L: LuaState): number {
    lua.lua_getfield(L, lua.lua_upvalueindex(1), name('preload'));
    if (lua.lua_getfield(L, -1, bytesOf(textArgument(L, 1, 'require'))) !== lua.LUA_TNIL) return 1;
    lua.lua_pushliteral(L, `\n\tno field package.preload['${textArgument(L, 1, 'require')}']`);
    return 1;
  }

  function searchPath(L: LuaState): number {
    const module = textArgument(L, 1, 'require');
    lua.lua_getfield(L, lua.lua_upvalueindex(1), name('path'));
    const path = lua.lua_tolstring(L, -1);
    if (path === null) throw new ConfigError('POLICY_FAILED', "'package.path' must be a string");
    const tried: string[] = [];
    for (const template of textOf(path).split(';')) {
      if (template === '') continue;
      const file = template.replaceAll('?', module.replaceAll('.', '/'));
      if (host.exists(file)) {
        host.chunks.push(L, file);
        return loader(L, file);
      }
      tried.push(`\n\tno file '${file}'`);
    }
    lua.lua_pushliteral(L, tried.join(''));
    return 1;
  }

  function searchHelpers(L: LuaState): number {
    const module = textArgument(L, 1, 'require');
    const text = host.helper(module);
    if (text === undefined) {
      lua.lua_pushliteral(L, `\n\tno helper '${module}' in kumo-configd`);
      return 1;
    }
    const file = `kumo-configd:${module.replaceAll('.', '/')}.lua`;
    host.chunks.pushText(L, file, bytesOf(text));
    return loader(L, file);
  }

  /** Wraps the chunk on top as KumoMTA's `require` runs it: a module's body must not wait, fengari's own may. */
  function loader(L: LuaState, file: string): number {
    lua.lua_pushcclosure(
      L,
      (L) => {
        lua.lua_pushvalue(L, lua.lua_upvalueindex(1));
        lua.lua_insert(L, 1);
        lua.lua_call(L, lua.lua_gettop(L) - 1, 1);
        return 1;
      },
      1,
    );
    lua.lua_pushliteral(L, file);
    return 2;
  }

  function refuseC(L: LuaState): number {
    lua.lua_pushliteral(L, "\n\tcan't load C modules in safe mode");
    return 1;
  }
}

/** The string argument `index`, or an error in Lua's words. */
export function textArgument(L: LuaState, index: number, called: string): string {
  const type = lua.lua_type(L, index);
  if (type === lua.LUA_TSTRING || type === lua.LUA_TNUMBER) {
    const text = stringValue(luaString(lua.lua_tolstring(L, index)!));
    if (typeof text === 'string') return text;
    throw new ConfigError('POLICY_FAILED', `bad argument #${index} to '${called}' (text in UTF-8 expected)`);
  }
  const got = type === lua.LUA_TNONE ? 'no value' : textOf(lua.lua_typename(L, type));
  throw new ConfigError('POLICY_FAILED', `bad argument #${index} to '${called}' (string expected, got ${got})`);
}

/** Sets `kumo`-style tables: puts `value` under `key` in the table on top of the stack. */
export function setField(L: LuaState, key: string, value: LuaFunction | Parameters<typeof pushPlain>[1]): void {
  if (typeof value === 'function') lua.lua_pushcfunction(L, value as LuaFunction);
  else pushPlain(L, value);
  lua.lua_setfield(L, -2, name(key));
}
