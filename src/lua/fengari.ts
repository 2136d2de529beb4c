/** fengari under the names that the rest of src/lua uses: one import place for a library that is plain CommonJS. */
import fengari from 'fengari';
import defs from 'fengari/src/defs.js';
import lfunc from 'fengari/src/lfunc.js';
import lobject from 'fengari/src/lobject.js';
import lstring from 'fengari/src/lstring.js';
import ltable from 'fengari/src/ltable.js';

export type {
  DebugInfo,
  LClosure,
  LuaContinuation,
  LuaFunction,
  LuaState,
  Proto,
  Table,
  TableEntry,
  TString,
  TValue,
  Udata,
} from 'fengari';

export const { lua, lauxlib, lualib } = fengari;
export const { TValue: LuaTValue, LClosure: LuaLClosure } = lobject;
export const { TString: LuaTString } = lstring;
export const { luaH_new, luaH_getn, luaH_getint, luaH_setint, luaH_setfrom } = ltable;
export const { luaF_initupvals } = lfunc;
/** The variant tags that sit in TValue.type (integers and floats differ, as do the kinds of function). */
export const tag = defs.constant_types;

/** Names that are pushed or looked up again and again keep their bytes. */
const names = new Map<string, Uint8Array>();

/** Bytes of a name that the program itself knows; kept, so never give it text from outside. */
export function name(text: string): Uint8Array {
  let bytes = names.get(text);
  if (bytes === undefined) {
    bytes = fengari.to_luastring(text);
    names.set(text, bytes);
  }
  return bytes;
}

export const bytesOf = (text: string): Uint8Array => fengari.to_luastring(text);
export const textOf = (bytes: Uint8Array): string => fengari.to_jsstring(bytes, undefined, undefined, true);
