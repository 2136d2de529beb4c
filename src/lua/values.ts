/** Values in and out of Lua. Both directions work on fengari's own cells: the C API would copy each value twice. */
import { ConfigError } from '../errors.ts';
import { Float, Opaque, type Plain } from '../objects/plain.ts';
import {
  type LuaState,
  LuaTString,
  LuaTValue,
  lua,
  luaH_getint,
  luaH_new,
  luaH_setfrom,
  luaH_setint,
  type Table,
  type TString,
  type TValue,
  tag,
  type Udata,
} from './fengari.ts';

/** Deeper tables than this are taken for cyclic. */
const MAX_DEPTH = 64;

/** Userdata whose `data` is a HostValue shows itself to conversions as plain data. */
export interface HostValue {
  toPlain(): Plain;
}

// A byte order mark is data in Lua.
const decoder = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });

/** The text of a Lua string, or its bytes when they are not UTF-8. The text is kept on the string. */
export function stringValue(string: TString): string | Uint8Array {
  if (string.js !== undefined) return string.js;
  const bytes = string.realstring;
  let text = '';
  for (let i = 0; i < bytes.length; i++) {
    const byte = bytes[i]!;
    if (byte >= 0x80 || i >= 64) return longString(string);
    text += String.fromCharCode(byte);
  }
  string.js = text;
  return text;
}

function longString(string: TString): string | Uint8Array {
  try {
    string.js = decoder.decode(string.realstring);
    return string.js;
  } catch {
    return string.realstring;
  }
}

/** A Lua string of JavaScript text (UTF-8) or bytes. */
export function luaString(value: string | Uint8Array): TString {
  if (typeof value !== 'string') return new LuaTString(null, value);
  const { length } = value;
  const bytes = new Uint8Array(length);
  for (let i = 0; i < length; i++) {
    const code = value.charCodeAt(i);
    if (code >= 0x80) return new LuaTString(null, new Uint8Array(Buffer.from(value, 'utf8')));
    bytes[i] = code;
  }
  const string = new LuaTString(null, bytes);
  string.js = value;
  return string;
}

/** The value at a stack index as plain data. Tables with holes keep them as undefined items. */
export function toPlain(L: LuaState, index: number): Plain {
  const at = index > 0 ? L.ci.funcOff + index : L.top + index;
  return at < L.top ? plainOf(L.stack[at]!) : undefined;
}

export function plainOf(cell: TValue, depth = 0): Plain {
  switch (cell.type) {
    case tag.LUA_TNIL:
      return undefined;
    case tag.LUA_TBOOLEAN:
    case tag.LUA_TNUMINT:
      return cell.value as boolean | number;
    case tag.LUA_TNUMFLT: {
      const value = cell.value as number;
      return Number.isInteger(value) ? new Float(value) : value;
    }
    case tag.LUA_TSHRSTR:
    case tag.LUA_TLNGSTR:
      return stringValue(cell.value as TString);
    case tag.LUA_TTABLE:
      if (depth > MAX_DEPTH) throw new ConfigError('POLICY_FAILED', 'recursive table detected');
      return plainTable(cell.value as Table, depth + 1);
    case tag.LUA_TLIGHTUSERDATA:
      return cell.value === null ? null : new Opaque('light userdata');
    case tag.LUA_TUSERDATA: {
      const { data } = cell.value as Udata;
      return isHostValue(data) ? data.toPlain() : new Opaque('userdata');
    }
    case tag.LUA_TTHREAD:
      return new Opaque('thread');
    default:
      return new Opaque('function');
  }
}

function isHostValue(data: unknown): data is HostValue {
  return typeof (data as HostValue | null)?.toPlain === 'function';
}

/** A table with a first item and nothing but items is a list; every other table is a map with text keys. */
function plainTable(table: Table, depth: number): Plain {
  if (luaH_getint(table, 1).type !== tag.LUA_TNIL) {
    const list = plainList(table, depth);
    if (list !== undefined) return list;
  }
  const map: { [key: string]: Plain } = {};
  for (let entry = table.f; entry !== undefined; entry = entry.n) {
    setMember(map, keyText(entry.key), plainOf(entry.value, depth));
  }
  return map;
}

/** Sets `map[key]`, also where a plain assignment of `__proto__` would change the object instead of filling it. */
export function setMember(map: { [key: string]: Plain }, key: string, value: Plain): void {
  if (key !== '__proto__') map[key] = value;
  else Object.defineProperty(map, key, { value, enumerable: true, writable: true, configurable: true });
}

function plainList(table: Table, depth: number): Plain[] | undefined {
  let longest = 0;
  for (let entry = table.f; entry !== undefined; entry = entry.n) {
    const { type, value } = entry.key;
    if (type !== tag.LUA_TNUMINT || (value as number) < 1) return undefined;
    if ((value as number) > longest) longest = value as number;
  }
  // A list with more holes than items is a map that happens to have a first item.
  if (longest > table.strong.size * 2) return undefined;
  const list: Plain[] = new Array(longest);
  for (let i = 0; i < longest; i++) list[i] = plainOf(luaH_getint(table, i + 1), depth);
  return list;
}

function keyText(key: TValue): string {
  if (key.type === tag.LUA_TLNGSTR || key.type === tag.LUA_TSHRSTR) {
    const text = stringValue(key.value as TString);
    return typeof text === 'string' ? text : Buffer.from(text).toString('latin1');
  }
  if (key.type === tag.LUA_TNUMINT || key.type === tag.LUA_TNUMFLT || key.type === tag.LUA_TBOOLEAN) {
    return String(key.value);
  }
  throw new ConfigError('POLICY_FAILED', 'a table key must be a string, a number or a boolean');
}

/** Pushes plain data. `undefined` is nil, `null` the null userdata that KumoMTA gives for absent options. */
export function pushPlain(L: LuaState, value: Plain): void {
  lua.lua_checkstack(L, 1);
  L.stack[L.top++] = cellOf(L, value);
}

function cellOf(L: LuaState, value: Plain): TValue {
  switch (typeof value) {
    case 'undefined':
      return new LuaTValue(tag.LUA_TNIL, null);
    case 'boolean':
      return new LuaTValue(tag.LUA_TBOOLEAN, value);
    case 'number':
      return (value | 0) === value && !Object.is(value, -0)
        ? new LuaTValue(tag.LUA_TNUMINT, value)
        : new LuaTValue(tag.LUA_TNUMFLT, value);
    case 'string':
      return new LuaTValue(tag.LUA_TLNGSTR, luaString(value));
    default:
      if (value === null) return new LuaTValue(tag.LUA_TLIGHTUSERDATA, null);
      if (value instanceof Uint8Array) return new LuaTValue(tag.LUA_TLNGSTR, luaString(value));
      if (value instanceof Float) return new LuaTValue(tag.LUA_TNUMFLT, value.value);
      if (value instanceof Opaque) throw new ConfigError('POLICY_FAILED', `a ${value.type} cannot be passed to Lua`);
      return new LuaTValue(tag.LUA_TTABLE, tableOf(L, value));
  }
}

function tableOf(L: LuaState, value: Plain[] | { [key: string]: Plain }): Table {
  const table = luaH_new(L);
  if (Array.isArray(value)) {
    for (let i = 0; i < value.length; i++) luaH_setint(table, i + 1, cellOf(L, value[i]));
  } else {
    for (const key of Object.keys(value)) {
      luaH_setfrom(L, table, new LuaTValue(tag.LUA_TLNGSTR, luaString(key)), cellOf(L, value[key]));
    }
  }
  return table;
}
