/** Objects of the host as Lua sees them: userdata with a metatable that is made once a state. */
import { type LuaFunction, type LuaState, lua, name, type Udata } from './fengari.ts';

export interface UserdataType {
  /** What `tostring` and messages call it. */
  name: string;
  metamethods?: Record<string, LuaFunction>;
  /** What `object:method()` finds; a type with methods has no other `__index`. */
  methods?: Record<string, LuaFunction>;
}

/** Pushes userdata of this type that holds `data`. The type's name is the key of its metatable, so give it one type. */
export function pushUserdata(L: LuaState, type: UserdataType, data: object): void {
  lua.lua_checkstack(L, 4);
  lua.lua_newuserdata(L, 0);
  (L.stack[L.top - 1]!.value as Udata).data = data;
  const key = name(`kumo-configd.${type.name}`);
  if (lua.lua_getfield(L, lua.LUA_REGISTRYINDEX, key) === lua.LUA_TNIL) {
    lua.lua_pop(L, 1);
    pushMetatable(L, type);
    lua.lua_pushvalue(L, -1);
    lua.lua_setfield(L, lua.LUA_REGISTRYINDEX, key);
  }
  lua.lua_setmetatable(L, -2);
}

function pushMetatable(L: LuaState, type: UserdataType): void {
  pushFunctions(L, type.metamethods ?? {});
  if (type.methods !== undefined) {
    pushFunctions(L, type.methods);
    lua.lua_setfield(L, -2, name('__index'));
  }
  lua.lua_pushliteral(L, type.name);
  lua.lua_setfield(L, -2, name('__name'));
  // All objects of the type in a state share it: out of a policy's reach.
  lua.lua_pushboolean(L, false);
  lua.lua_setfield(L, -2, name('__metatable'));
}

function pushFunctions(L: LuaState, functions: Record<string, LuaFunction>): void {
  lua.lua_newtable(L);
  for (const [key, f] of Object.entries(functions)) {
    lua.lua_pushcfunction(L, f);
    lua.lua_setfield(L, -2, name(key));
  }
}
