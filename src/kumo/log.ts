/** `kumo.log_*`: one line, the arguments joined by a space, told with the place of the call. */
import { callerPlace } from '../lua/errors.ts';
import { type LuaState, lauxlib, lua, textOf } from '../lua/fengari.ts';
import { toPlain } from '../lua/values.ts';
import { Float } from '../objects/plain.ts';
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
  for (let i = 1; i <= lua.lua_gettop(L); i++) parts.push(shown(L, i));
  return parts.join(' ');
}

/** An argument as KumoMTA writes it: floats as Rust does, bytes that are no text escaped, objects by `__tostring`. */
function shown(L: LuaState, index: number): string {
  const value = lua.lua_type(L, index) === lua.LUA_TTABLE ? undefined : toPlain(L, index);
  if (value === null) return 'null';
  if (value instanceof Uint8Array) return escaped(value);
  if (value instanceof Float) return floatText(value.value);
  if (typeof value === 'number') return floatText(value);
  const text = lauxlib.luaL_tolstring(L, index);
  lua.lua_pop(L, 1);
  return textOf(text);
}

/** All digits, no exponent, no fraction where there is none. */
function floatText(value: number): string {
  if (Number.isNaN(value)) return 'NaN';
  if (!Number.isFinite(value)) return value > 0 ? 'inf' : '-inf';
  if (Number.isInteger(value)) return Object.is(value, -0) ? '-0' : BigInt(value).toString();
  const text = String(value);
  const [digits, exponent] = text.split('e-');
  // JavaScript writes an exponent only below 1e-6 here; the digits that the value has are those before it.
  return exponent === undefined ? text : value.toFixed(Number(exponent) + (digits!.split('.')[1]?.length ?? 0));
}

function escaped(bytes: Uint8Array): string {
  let text = '';
  for (let at = 0; at < bytes.length; ) {
    const length = [1, 2, 3, 4].find((n) => isText(bytes.subarray(at, at + n)));
    if (length === undefined) text += `\\x${bytes[at]!.toString(16).toUpperCase().padStart(2, '0')}`;
    else text += textOf(bytes.subarray(at, at + length));
    at += length ?? 1;
  }
  return text;
}

const decoder = new TextDecoder('utf-8', { fatal: true });

function isText(bytes: Uint8Array): boolean {
  try {
    decoder.decode(bytes);
    return true;
  } catch {
    // Not UTF-8, or not all of a character: that is what was asked.
    return false;
  }
}

export const logFunctions: Record<string, KumoFunction> = {
  log_debug: log('debug'),
  log_info: log('info'),
  log_warn: log('warn'),
  log_error: log('error'),
};
