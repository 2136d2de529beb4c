/**
 * JSON as KumoMTA reads and writes it: comments are allowed, integers and floats are told apart, a null is nil, and
 * what is wrong is told with its line and column. JSON.parse and JSON.stringify can do none of that.
 */
import { ConfigError } from '../errors.ts';
import { luaH_getint, luaH_getn, type Table, type TString, type TValue, tag, type Udata } from '../lua/fengari.ts';
import { type HostValue, setMember, stringValue } from '../lua/values.ts';
import { Float, Opaque, type Plain } from '../objects/plain.ts';

/** As in serde_json. */
const MAX_DEPTH = 128;

const SPACE = /(?:[ \t\r\n]+|\/\/[^\n]*|#[^\n]*|\/\*[\s\S]*?\*\/)*/y;
// Sought one run of plain characters at a time: a nested repetition would cost a stack frame for each character.
const STRING = /"[^"\\]*(?:\\[\s\S][^"\\]*)*"/y;
const NUMBER = /-?(?:0|[1-9]\d*)(\.\d+)?([eE][+-]?\d+)?/y;
const WORD = /true|false|null/y;

/** What is wrong with a text, and where. */
export class JsonError extends Error {
  readonly line: number;
  constructor(reason: string, text: string, at: number) {
    const before = text.slice(0, at);
    const line = before.split('\n').length;
    super(`${reason} at line ${line} column ${at - before.lastIndexOf('\n')}`);
    this.line = line;
  }
}

/** The value of a JSON text, nulls as undefined. Throws JsonError. */
export function parseJson(text: string): Plain {
  let at = 0;

  const match = (pattern: RegExp): RegExpExecArray | null => {
    pattern.lastIndex = at;
    const found = pattern.exec(text);
    if (found !== null) at = pattern.lastIndex;
    return found;
  };
  const fail = (reason: string): never => {
    throw new JsonError(
      at >= text.length ? reason.replace(/^expected .*/, 'EOF while parsing a value') : reason,
      text,
      at,
    );
  };
  /** The next character that is neither space nor comment; undefined at the end. */
  const next = (): string | undefined => {
    match(SPACE);
    return text[at];
  };

  const string = (): string => {
    const start = at;
    const found = match(STRING);
    if (found === null) return fail('EOF while parsing a string');
    try {
      return JSON.parse(found[0]) as string;
    } catch {
      at = start;
      return fail('invalid escape or control character in a string');
    }
  };

  const list = (depth: number): Plain[] => {
    const items: Plain[] = [];
    at++;
    if (next() === ']') {
      at++;
      return items;
    }
    for (;;) {
      items.push(value(depth));
      const after = next();
      if (after !== ',' && after !== ']') return fail('expected `,` or `]`');
      at++;
      if (after === ']') return items;
    }
  };

  const map = (depth: number): Plain => {
    const members: { [key: string]: Plain } = {};
    at++;
    if (next() === '}') {
      at++;
      return members;
    }
    for (;;) {
      if (next() !== '"') return fail('key must be a string');
      const key = string();
      if (next() !== ':') return fail('expected `:`');
      at++;
      setMember(members, key, value(depth));
      const after = next();
      if (after !== ',' && after !== '}') return fail('expected `,` or `}`');
      at++;
      if (after === '}') return members;
    }
  };

  const value = (depth: number): Plain => {
    const first = next();
    if (depth > MAX_DEPTH) return fail('recursion limit exceeded');
    if (first === '{') return map(depth + 1);
    if (first === '[') return list(depth + 1);
    if (first === '"') return string();
    const word = match(WORD)?.[0];
    if (word !== undefined) return word === 'null' ? undefined : word === 'true';
    const number = match(NUMBER);
    if (number === null) return fail('expected value');
    const parsed = Number(number[0]);
    if (!Number.isFinite(parsed)) return fail('number out of range');
    const isFloat = number[1] !== undefined || number[2] !== undefined;
    return isFloat && Number.isInteger(parsed) ? new Float(parsed) : parsed;
  };

  const result = value(1);
  if (next() !== undefined) fail('trailing characters');
  return result;
}

/** JSON text of a Lua value. A table with a first item is a list of its items alone; every other table is an object. */
export function encodeJson(cell: TValue | undefined, indent = 0): string {
  return indent === 0 ? encode(cell, '', '', 0) : encode(cell, ' '.repeat(indent), '\n', 0);
}

function encode(cell: TValue | undefined, step: string, margin: string, depth: number): string {
  switch (cell?.type) {
    case tag.LUA_TBOOLEAN:
      return String(cell?.value);
    case tag.LUA_TNUMINT:
    case tag.LUA_TNUMFLT:
      return numberText(cell!.value as number, cell!.type === tag.LUA_TNUMFLT);
    case tag.LUA_TSHRSTR:
    case tag.LUA_TLNGSTR:
      return bytesOrText(stringValue(cell!.value as TString));
    case tag.LUA_TTABLE:
      if (depth > MAX_DEPTH) throw new ConfigError('POLICY_FAILED', 'recursive table detected');
      return encodeTable(cell!.value as Table, step, margin, depth + 1);
    case tag.LUA_TUSERDATA: {
      const data = (cell!.value as Udata).data as HostValue | null;
      if (typeof data?.toPlain !== 'function') {
        throw new ConfigError(
          'POLICY_FAILED',
          'cannot materialize_to_lua_value userdata because it has no __pairs metamethod',
        );
      }
      return plainText(data.toPlain(), step, margin);
    }
    case undefined:
    case tag.LUA_TNIL:
    case tag.LUA_TLIGHTUSERDATA:
      return 'null';
    default:
      throw new ConfigError(
        'POLICY_FAILED',
        `cannot serialize <${cell?.type === tag.LUA_TTHREAD ? 'thread' : 'function'}>`,
      );
  }
}

function encodeTable(table: Table, step: string, margin: string, depth: number): string {
  const inner = margin + step;
  if (luaH_getint(table, 1).type !== tag.LUA_TNIL) {
    const items: string[] = [];
    const length = luaH_getn(table);
    for (let i = 1; i <= length; i++) items.push(encode(luaH_getint(table, i), step, inner, depth));
    return `[${inner}${items.join(`,${inner}`)}${margin}]`;
  }
  const members: [key: string, text: string][] = [];
  for (let entry = table.f; entry !== undefined; entry = entry.n) {
    members.push([keyText(entry.key), encode(entry.value, step, inner, depth)]);
  }
  return objectText(members, step, margin);
}

function objectText(members: [key: string, text: string][], step: string, margin: string): string {
  if (members.length === 0) return '{}';
  const inner = margin + step;
  const colon = step === '' ? ':' : ': ';
  // Sorted, also where KumoMTA gives Lua's order: that says nothing, and equal tables should give equal text.
  members.sort(([a], [b]) => Buffer.compare(Buffer.from(a), Buffer.from(b)));
  const lines = members.map(([key, text]) => `${JSON.stringify(key)}${colon}${text}`);
  return `{${inner}${lines.join(`,${inner}`)}${margin}}`;
}

/** The JSON form of a configuration object, which holds no Lua values. */
function plainText(value: Plain, step: string, margin: string): string {
  const inner = margin + step;
  if (value === undefined || value === null) return 'null';
  if (typeof value === 'number') return numberText(value, !Number.isInteger(value));
  if (value instanceof Float) return numberText(value.value, true);
  if (value instanceof Uint8Array || typeof value === 'string') return bytesOrText(value);
  if (value instanceof Opaque) throw new ConfigError('POLICY_FAILED', `cannot serialize <${value.type}>`);
  if (Array.isArray(value)) {
    if (value.length === 0) return '[]';
    return `[${inner}${value.map((item) => plainText(item, step, inner)).join(`,${inner}`)}${margin}]`;
  }
  if (typeof value === 'object') {
    const members = Object.entries(value).filter(([, member]) => member !== undefined);
    return objectText(
      members.map(([key, member]) => [key, plainText(member, step, inner)]),
      step,
      margin,
    );
  }
  return String(value);
}

function numberText(value: number, isFloat: boolean): string {
  if (!Number.isFinite(value)) return 'null';
  const text = Object.is(value, -0) ? '-0' : String(value);
  return isFloat && /^-?\d+$/.test(text) ? `${text}.0` : text.replace('e+', 'e');
}

function bytesOrText(value: string | Uint8Array): string {
  return typeof value === 'string' ? JSON.stringify(value) : `[${value.join(',')}]`;
}

function keyText(key: TValue): string {
  switch (key.type) {
    case tag.LUA_TSHRSTR:
    case tag.LUA_TLNGSTR: {
      const text = stringValue(key.value as TString);
      if (typeof text === 'string') return text;
      break;
    }
    case tag.LUA_TBOOLEAN:
      return String(key.value);
    case tag.LUA_TNUMINT:
    case tag.LUA_TNUMFLT:
      return numberText(key.value as number, key.type === tag.LUA_TNUMFLT);
  }
  throw new ConfigError('POLICY_FAILED', 'a key must be text, a number or a boolean');
}
