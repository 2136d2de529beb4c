/** Text to Lua and back: JSON, TOML and YAML. */
import * as toml from 'smol-toml';
import * as yaml from 'yaml';
import { ConfigError } from '../errors.ts';
import type { LuaState } from '../lua/fengari.ts';
import { pushPlain, setMember } from '../lua/values.ts';
import { textArgument } from '../lua/vm.ts';
import { Float, type Plain } from '../objects/plain.ts';
import type { KumoFunction } from './host.ts';
import { encodeJson, parseJson } from './json.ts';

/** As in serde_json, through which KumoMTA's YAML goes too. */
const MAX_DEPTH = 128;

/** A data format by the name that appears in messages. */
const PARSERS: Record<string, (text: string) => Plain> = {
  json: parseJson,
  toml: (text) => fromParser(toml.parse(text, { integersAsBigInt: true })),
  // KumoMTA's: YAML 1.2, `<<` is a key like any other, of two equal keys the last wins.
  yaml: (text) =>
    fromParser(
      yaml.parse(text, { version: '1.2', merge: false, uniqueKeys: false, intAsBigInt: true, logLevel: 'error' }),
    ),
};

const decoder = new TextDecoder('utf-8', { fatal: true });

const load =
  (format: string): KumoFunction =>
  (host, L) => {
    const file = textArgument(L, 1, `${format}_load`);
    const bytes = host.readFile(file);
    let text: string;
    try {
      text = decoder.decode(bytes);
    } catch (thrown) {
      throw new ConfigError('POLICY_FAILED', `reading file ${file}: stream did not contain valid UTF-8`, {
        cause: thrown,
      });
    }
    return pushParsed(L, format, text, file);
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
    const line = lineOf(thrown);
    throw new ConfigError('POLICY_FAILED', `parsing ${file ?? shortened(text)} as ${format}: ${reasonOf(thrown)}`, {
      place: file === undefined ? {} : { file, line },
      cause: thrown,
    });
  }
  pushPlain(L, value);
  return 1;
}

/** KumoMTA repeats the whole text; a page of it is enough. */
function shortened(text: string): string {
  return text.length > 1000 ? `${text.slice(0, 1000)}…` : text;
}

/** The line at which a parser stopped, as far as the parser tells. */
function lineOf(thrown: unknown): number | undefined {
  const { line, linePos } = thrown as { line?: number; linePos?: [{ line: number }] };
  return line ?? linePos?.[0].line;
}

function reasonOf(thrown: unknown): string {
  if (!(thrown instanceof toml.TomlError)) return (thrown as Error).message;
  const reason = thrown.message.replace(/^Invalid TOML document: /, '');
  return `TOML parse error at line ${thrown.line}, column ${thrown.column}\n${reason}`;
}

/**
 * What the TOML and YAML parsers give, as Lua gets it: they tell integers (as bigint) from floats, dates become
 * KumoMTA's one-key table, and a null becomes nil: the key goes, a list keeps the hole.
 */
function fromParser(value: unknown, depth = 0): Plain {
  if (value === null) return undefined;
  if (typeof value === 'bigint') return Number(value);
  if (typeof value === 'number') return Number.isInteger(value) ? new Float(value) : value;
  if (typeof value !== 'object') return value as Plain;
  if (value instanceof toml.TomlDate) return { $__toml_private_datetime: value.toISOString() };
  // An alias of YAML may lead into itself.
  if (depth > MAX_DEPTH) throw new Error('recursion limit exceeded');
  if (Array.isArray(value)) return value.map((item) => fromParser(item, depth + 1));
  const map: { [key: string]: Plain } = {};
  for (const [key, item] of Object.entries(value)) setMember(map, key, fromParser(item, depth + 1));
  return map;
}

const encode =
  (indent: number): KumoFunction =>
  (_host, L) => {
    const at = L.ci.funcOff + 1;
    pushPlain(L, encodeJson(at < L.top ? L.stack[at] : undefined, indent));
    return 1;
  };

const INDENT = 2;

export const serdeFunctions: Record<string, KumoFunction> = {
  json_load: load('json'),
  json_parse: parse('json'),
  json_encode: encode(0),
  json_encode_pretty: encode(INDENT),
  toml_load: load('toml'),
  toml_parse: parse('toml'),
  yaml_load: load('yaml'),
  yaml_parse: parse('yaml'),
};
