import { type TArray, type TRecord, type TSchema, type TString, Type } from '@sinclair/typebox';
import { type FieldOptions, field, isEmptyMap, isMap, type Redactor, readerOf, redactorOf } from './field.ts';
import { FieldError, invalidType, notATable, within } from './field_error.ts';
import type { Plain } from './plain.ts';

/** A list of items. An empty Lua table is an empty list. */
export function list<S extends TSchema>(item: S, options: FieldOptions<unknown[]>): TArray<S> {
  const readItem = readerOf(item);
  const read = (input: Plain) => {
    const items = listItems(input);
    const result = new Array(items.length);
    let index = 0;
    try {
      for (; index < items.length; index++) result[index] = readItem(items[index]);
    } catch (thrown) {
      throw within(thrown, index + 1);
    }
    return result;
  };
  return field(Type.Array(item, options), read);
}

/** The members of a list as Lua passed it. */
export function listItems(input: Plain): Plain[] {
  if (Array.isArray(input)) return input;
  if (isEmptyMap(input)) return [];
  throw isMap(input) ? invalidType(input, 'a sequence', 'list') : notATable(input, 'list');
}

/** What the keys of a map are. */
export interface MapKeys {
  /** JSON Schema of a printed key. */
  schema: TSchema;
  /** Returns the key as printed; throws FieldError. */
  read(key: string): string;
  /** Order in which the map is printed. */
  compare(a: string, b: string): number;
}

const FREE_KEYS: MapKeys = {
  schema: Type.String(),
  read: (key) => key,
  compare: (a, b) => (a < b ? -1 : Number(a > b)),
};

/** Values under keys. Keys are printed sorted, so that equal maps have equal text. */
export function map<S extends TSchema>(
  value: S,
  options: FieldOptions<Record<string, unknown>>,
  keys: MapKeys = FREE_KEYS,
): TRecord<TString, S> {
  const readValue = readerOf(value);
  const read = (input: Plain) => {
    if (Array.isArray(input) && input.length > 0) throw invalidType(1, 'a string', 'map');
    if (!isMap(input) && !Array.isArray(input)) throw notATable(input, 'map');
    const entries: [string, unknown][] = [];
    let at = '';
    try {
      for (const [key, member] of Object.entries(input)) {
        at = key;
        entries.push([keys.read(key), readValue(member)]);
      }
    } catch (thrown) {
      throw within(thrown, at);
    }
    const result = Object.fromEntries(entries.sort(([a], [b]) => keys.compare(a, b)));
    // Which of two would win depends on Lua's table order, which is none.
    if (Object.keys(result).length < entries.length) throw new FieldError('map', 'two keys stand for the same entry');
    return result;
  };
  return field(
    Type.Record(Type.String(), value, { propertyNames: keys.schema, ...options }),
    read,
    mapRedactor(redactorOf(value)),
  );
}

function mapRedactor(redact: Redactor | undefined): Redactor | undefined {
  if (redact === undefined) return undefined;
  return (value) => {
    const before = Object.entries(value as Record<string, unknown>);
    const after = before.map(([key, member]) => [key, redact(member)] as const);
    return after.some(([, member], index) => member !== before[index]![1]) ? Object.fromEntries(after) : value;
  };
}
