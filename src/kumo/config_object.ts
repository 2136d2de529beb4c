/** The userdata that `kumo.make_*` returns: read-only, and readable field by field where KumoMTA's is. */
import { ConfigError } from '../errors.ts';
import { type LuaState, lua } from '../lua/fengari.ts';
import { pushUserdata } from '../lua/userdata.ts';
import { type HostValue, pushPlain, toPlain } from '../lua/values.ts';
import type { ObjectType } from '../objects/index.ts';
import type { Plain } from '../objects/plain.ts';

export class ConfigObject implements HostValue {
  readonly type: ObjectType;
  readonly value: Record<string, unknown>;

  constructor(type: ObjectType, value: Record<string, unknown>) {
    this.type = type;
    this.value = value;
  }

  toPlain(): Plain {
    return this.value as Plain;
  }
}

export function pushConfigObject(L: LuaState, object: ConfigObject): void {
  pushUserdata(L, { name: object.type.name, metamethods: METAMETHODS }, object);
}

function self(L: LuaState): ConfigObject {
  const object = lua.lua_touserdata(L, 1);
  if (object instanceof ConfigObject) return object;
  throw new ConfigError('POLICY_FAILED', 'a configuration object expected');
}

const METAMETHODS = {
  /** An option that is not set reads as the null userdata, as in KumoMTA. */
  __index(L: LuaState): number {
    const object = self(L);
    const key = toPlain(L, 2);
    if (typeof key !== 'string' || !Object.hasOwn(object.type.schema.properties, key)) {
      throw new ConfigError('POLICY_FAILED', `${object.type.name} has no field '${String(key)}'`);
    }
    pushPlain(L, (object.value[key] as Plain) ?? null);
    return 1;
  },
  __newindex(L: LuaState): number {
    throw new ConfigError('POLICY_FAILED', `${self(L).type.name} objects are read-only`);
  },
  __len(L: LuaState): number {
    lua.lua_pushinteger(L, Object.keys(self(L).type.schema.properties).length);
    return 1;
  },
  /** All fields in sorted order. */
  __pairs(L: LuaState): number {
    const { type, value } = self(L);
    const keys = Object.keys(type.schema.properties).sort();
    let next = 0;
    lua.lua_pushcfunction(L, (L) => {
      const key = keys[next++];
      if (key === undefined) return 0;
      pushPlain(L, key);
      pushPlain(L, (value[key] as Plain) ?? null);
      return 2;
    });
    return 1;
  },
};
