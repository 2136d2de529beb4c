/**
 * The part of fengari that this project uses, with types. fengari ships none. Its C API keeps Lua's own names; the
 * internals (TValue, Table, …) are used where going through the API would cost a copy on the hot path.
 */
declare module 'fengari' {
  export interface TValue {
    type: number;
    value: unknown;
    setfrom(other: TValue): void;
  }
  export interface TString {
    realstring: Uint8Array;
    hash: string | null;
    /** Ours: the JavaScript form, kept once it has been made (see values.ts). */
    js?: string;
  }
  export interface TableEntry {
    key: TValue;
    value: TValue;
    n: TableEntry | undefined;
  }
  export interface Table {
    strong: Map<unknown, TableEntry>;
    f: TableEntry | undefined;
    metatable: Table | null;
  }
  export interface Udata {
    metatable: Table | null;
    data: unknown;
  }
  export interface LuaState {
    stack: TValue[];
    top: number;
    status: number;
    nny: number;
    hookmask: number;
    hookcount: number;
    basehookcount: number;
    errfunc: number;
    /** Ours: resumed by the policy's own code, not by the driver of its handler (see suspend.ts). */
    nested?: boolean;
    ci: { func: TValue; funcOff: number; top: number; callstatus: number; previous: LuaState['ci'] | null };
    l_G: { mainthread: LuaState; l_registry: TValue };
  }
  export interface Proto {
    linedefined: number;
    source: TString;
  }
  export interface LClosure {
    p: Proto;
    nupvalues: number;
    upvals: TValue[];
  }
  export interface DebugInfo {
    source: Uint8Array;
    short_src: Uint8Array;
    currentline: number;
    linedefined: number;
    lastlinedefined: number;
    name: Uint8Array | null;
    namewhat: Uint8Array;
    what: Uint8Array;
    istailcall: boolean;
    event: number;
  }
  export type LuaFunction = (L: LuaState) => number;
  export type LuaContinuation = (L: LuaState, status: number, context: unknown) => number;

  interface LuaApi {
    LUA_OK: 0;
    LUA_YIELD: 1;
    LUA_ERRRUN: 2;
    LUA_ERRSYNTAX: 3;
    LUA_MULTRET: -1;
    LUA_REGISTRYINDEX: number;
    LUA_TNONE: -1;
    LUA_TNIL: 0;
    LUA_TBOOLEAN: 1;
    LUA_TLIGHTUSERDATA: 2;
    LUA_TNUMBER: 3;
    LUA_TSTRING: 4;
    LUA_TTABLE: 5;
    LUA_TFUNCTION: 6;
    LUA_TUSERDATA: 7;
    LUA_TTHREAD: 8;
    LUA_MASKCOUNT: number;
    lua_Debug: new () => DebugInfo;
    lua_atnativeerror(L: LuaState, f: LuaFunction): LuaFunction | null;
    lua_absindex(L: LuaState, i: number): number;
    lua_call(L: LuaState, args: number, results: number): void;
    lua_callk(L: LuaState, args: number, results: number, context: unknown, k: LuaContinuation): void;
    lua_checkstack(L: LuaState, n: number): boolean;
    lua_close(L: LuaState): void;
    lua_concat(L: LuaState, n: number): void;
    lua_createtable(L: LuaState, narr: number, nrec: number): void;
    lua_error(L: LuaState): never;
    lua_getfield(L: LuaState, i: number, name: Uint8Array): number;
    lua_getglobal(L: LuaState, name: Uint8Array): number;
    lua_getinfo(L: LuaState, what: Uint8Array, ar: DebugInfo): number;
    lua_getstack(L: LuaState, level: number, ar: DebugInfo): number;
    lua_gettop(L: LuaState): number;
    lua_insert(L: LuaState, i: number): void;
    lua_isnumber(L: LuaState, i: number): boolean;
    lua_isyieldable(L: LuaState): boolean;
    lua_newtable(L: LuaState): void;
    lua_newthread(L: LuaState): LuaState;
    lua_newuserdata(L: LuaState, size: number): unknown;
    lua_next(L: LuaState, i: number): number;
    lua_pcall(L: LuaState, args: number, results: number, handler: number): number;
    lua_pop(L: LuaState, n: number): void;
    lua_pushboolean(L: LuaState, b: boolean | number): void;
    lua_pushcclosure(L: LuaState, f: LuaFunction, upvalues: number): void;
    lua_pushcfunction(L: LuaState, f: LuaFunction): void;
    lua_pushinteger(L: LuaState, n: number): void;
    lua_pushlightuserdata(L: LuaState, p: unknown): void;
    lua_pushliteral(L: LuaState, s: string): Uint8Array;
    lua_pushnil(L: LuaState): void;
    lua_pushnumber(L: LuaState, n: number): void;
    lua_pushstring(L: LuaState, s: Uint8Array): Uint8Array;
    lua_pushvalue(L: LuaState, i: number): void;
    lua_rawgeti(L: LuaState, i: number, n: number): number;
    lua_rawset(L: LuaState, i: number): void;
    lua_rawlen(L: LuaState, i: number): number;
    lua_rawseti(L: LuaState, i: number, n: number): void;
    lua_remove(L: LuaState, i: number): void;
    lua_replace(L: LuaState, i: number): void;
    lua_resume(L: LuaState, from: LuaState | null, args: number): number;
    lua_setfield(L: LuaState, i: number, name: Uint8Array): void;
    lua_setglobal(L: LuaState, name: Uint8Array): void;
    lua_sethook(L: LuaState, f: ((L: LuaState, ar: DebugInfo) => void) | null, mask: number, count: number): void;
    lua_setupvalue(L: LuaState, i: number, n: number): Uint8Array | null;
    lua_setmetatable(L: LuaState, i: number): void;
    lua_settop(L: LuaState, i: number): void;
    lua_status(L: LuaState): number;
    lua_stringtonumber(L: LuaState, s: Uint8Array): number;
    lua_toboolean(L: LuaState, i: number): boolean;
    lua_tolstring(L: LuaState, i: number): Uint8Array | null;
    lua_tocfunction(L: LuaState, i: number): LuaFunction;
    lua_tonumber(L: LuaState, i: number): number;
    lua_tothread(L: LuaState, i: number): LuaState | null;
    lua_touserdata(L: LuaState, i: number): unknown;
    lua_type(L: LuaState, i: number): number;
    lua_typename(L: LuaState, type: number): Uint8Array;
    lua_upvalueindex(n: number): number;
    lua_xmove(from: LuaState, to: LuaState, n: number): void;
    lua_yieldk(L: LuaState, results: number, context: unknown, k: LuaContinuation | null): never;
  }
  interface AuxApi {
    luaL_checktype(L: LuaState, arg: number, type: number): void;
    luaL_getmetafield(L: LuaState, i: number, name: Uint8Array): number;
    luaL_loadbufferx(L: LuaState, text: Uint8Array, size: number, name: Uint8Array, mode: Uint8Array | null): number;
    luaL_newstate(): LuaState;
    luaL_requiref(L: LuaState, name: Uint8Array, open: LuaFunction, global: number): void;
    luaL_tolstring(L: LuaState, i: number): Uint8Array;
    luaL_traceback(L: LuaState, of: LuaState, message: Uint8Array | null, level: number): void;
    luaL_where(L: LuaState, level: number): void;
  }
  interface LibApi {
    luaL_openlibs(L: LuaState): void;
    luaopen_base: LuaFunction;
    luaopen_coroutine: LuaFunction;
    luaopen_debug: LuaFunction;
    luaopen_io: LuaFunction;
    luaopen_math: LuaFunction;
    luaopen_os: LuaFunction;
    luaopen_package: LuaFunction;
    luaopen_string: LuaFunction;
    luaopen_table: LuaFunction;
    luaopen_utf8: LuaFunction;
  }
  const fengari: {
    lua: LuaApi;
    lauxlib: AuxApi;
    lualib: LibApi;
    to_luastring(s: string, cache?: boolean): Uint8Array;
    to_jsstring(s: Uint8Array, from?: number, to?: number, replacement?: boolean): string;
  };
  export default fengari;
}

declare module 'fengari/src/defs.js' {
  const defs: {
    constant_types: Record<
      | 'LUA_TNIL'
      | 'LUA_TBOOLEAN'
      | 'LUA_TLIGHTUSERDATA'
      | 'LUA_TNUMFLT'
      | 'LUA_TNUMINT'
      | 'LUA_TSHRSTR'
      | 'LUA_TLNGSTR'
      | 'LUA_TTABLE'
      | 'LUA_TLCL'
      | 'LUA_TLCF'
      | 'LUA_TCCL'
      | 'LUA_TUSERDATA'
      | 'LUA_TTHREAD',
      number
    >;
  };
  export default defs;
}

declare module 'fengari/src/lobject.js' {
  import type { LClosure, LuaState, TValue } from 'fengari';

  const lobject: {
    TValue: new (type: number, value: unknown) => TValue;
    LClosure: new (L: LuaState, upvalues: number) => LClosure;
  };
  export default lobject;
}

declare module 'fengari/src/lstring.js' {
  import type { LuaState, TString } from 'fengari';

  const lstring: { TString: new (L: LuaState | null, bytes: Uint8Array) => TString };
  export default lstring;
}

declare module 'fengari/src/ltable.js' {
  import type { LuaState, Table, TValue } from 'fengari';

  const ltable: {
    luaH_new(L: LuaState): Table;
    luaH_getn(t: Table): number;
    luaH_getint(t: Table, key: number): TValue;
    luaH_setint(t: Table, key: number, value: TValue): void;
    luaH_setfrom(L: LuaState, t: Table, key: TValue, value: TValue): void;
  };
  export default ltable;
}

declare module 'fengari/src/lfunc.js' {
  import type { LClosure, LuaState } from 'fengari';

  const lfunc: { luaF_initupvals(L: LuaState, closure: LClosure): void };
  export default lfunc;
}
