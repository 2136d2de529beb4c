/** Text to Lua and back: JSON, TOML and YAML. */
import * as toml from 'smol-toml';
import * as yaml from 'yaml';
import { ConfigError } from '../errors.ts';
import type { LuaState } from '../lua/fengari.ts';
import { pushPlain, toPlain } from '../lua/values.ts';
import { textArgument } from '../lua/vm.ts';
import { Float, Opaque, type Plain } from '../objects/plain.ts';
import type { KumoFunction } from './host.ts';

type Parse = (text: string) => Plain;

/** A data format by the name that appears in messages. */
const PARSERS: Record<string, Parse> = {
  json: (text) => withoutNull(JSON.parse(text) as Plain),
  toml: (text) => fromToml(toml.parse(text, { integersAsBigInt: true })),
  yaml: (text) => withoutNull(yaml.parse(text, { merge: false, version: '1.2' }) as Plain),
};

const load =
  (format: string): KumoFunction =>
  (host, L) => {
    const file = textArgument(L, 1, `${format}_load`);
    return pushParsed(L, format, Buffer.from(host.readFile(file)).toString('utf8'), file);
  };

const parse =
  (format: string): KumoFunction =>
  (_host, L) =>
    pushParsed(L, format, textArgument(L, 1, `${format}_parse`), undefined);

function pushParsed(L: LuaState, format: string, text: string, file: string | undefined): number {
  let value: Plain;
  try {
    value = PARSERS[format]!(text);
  } catch (thrown) {
    const { message } = thrown as Error;
    const line = lineOf(thrown, text);
    throw new ConfigError('POLICY_FAILED', `parsing ${file ?? 'text'} as ${format}: ${message}`, {
      place: file === undefined ? {} : { file, line },
    });
  }
  pushPlain(L, value);
  return 1;
}

/** The line at which a parser stopped, as far as the parser tells. */
function lineOf(thrown: unknown, text: string): number | undefined {
  const { line, linePos, message } = thrown as { line?: number; linePos?: [{ line: number }]; message: string };
  if (line !== undefined) return line;
  if (linePos !== undefined) return linePos[0].line;
  const position = /at position (\d+)/.exec(message);
  return position === null ? undefined : text.slice(0, Number(position[1])).split('\n').length;
}

/** A null becomes nil: the key goes, a list keeps the hole. */
function withoutNull(value: Plain): Plain {
  if (value === null) return undefined;
  if (Array.isArray(value)) return value.map(withoutNull);
  if (typeof value === 'object') {
    const map: { [key: string]: Plain } = {};
    for (const [key, item] of Object.entries(value)) map[key] = withoutNull(item as Plain);
    return map;
  }
  return value;
}

/** TOML tells `5` from `5.0`, and so does Lua. Dates become KumoMTA's one-key table. */
function fromToml(value: unknown): Plain {
  if (value instanceof toml.TomlDate) return { $__toml_private_datetime: value.toISOString() };
  if (typeof value === 'bigint') return Number(value);
  if (typeof value === 'number') return Number.isInteger(value) ? new Float(value) : value;
  if (Array.isArray(value)) return value.map(fromToml);
  if (typeof value === 'object' && value !== null) {
    const map: { [key: string]: Plain } = {};
    for (const [key, item] of Object.entries(value)) map[key] = fromToml(item);
    return map;
  }
  return value as Plain;
}

const encodeJson =
  (indent: number): KumoFunction =>
  (_host, L) => {
    pushPlain(L, JSON.stringify(encodable(toPlain(L, 1)) ?? null, null, indent));
    return 1;
  };

function encodable(value: Plain): unknown {
  if (value instanceof Float) return value.value;
  if (value instanceof Opaque) throw new ConfigError('POLICY_FAILED', `cannot serialize <${value.type}>`);
  if (value instanceof Uint8Array) return [...value];
  if (Array.isArray(value)) return value.map((item) => encodable(item) ?? null);
  if (typeof value === 'object' && value !== null) {
    // Sorted keys: Lua's order says nothing, and equal tables should give equal text.
    const keys = Object.keys(value).sort();
    return Object.fromEntries(keys.map((key) => [key, encodable(value[key])]));
  }
  return value;
}

const INDENT = 2;

export const serdeFunctions: Record<string, KumoFunction> = {
  json_load: load('json'),
  json_parse: parse('json'),
  json_encode: encodeJson(0),
  json_encode_pretty: encodeJson(INDENT),
  toml_load: load('toml'),
  toml_parse: parse('toml'),
  yaml_load: load('yaml'),
  yaml_parse: parse('yaml'),
};
