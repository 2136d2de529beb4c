import { type TAny, type TBoolean, type TInteger, type TString, type TUnsafe, Type } from '@sinclair/typebox';
import { type FieldOptions, field, isMap } from './field.ts';
import { FieldError, invalidType, invalidValue, oneOf, unknownVariant, within } from './field_error.ts';
import { Float, Opaque, type Plain } from './plain.ts';

/** Text. Bytes that are not UTF-8 are refused. */
export function text(options: FieldOptions<string> & { format?: string }): TString {
  return field(Type.String(options), readText);
}

/** Text of which `parse` makes the printed form, throwing FieldError; `format` names the grammar. */
export function parsedText(format: string, parse: (text: string) => string, options: FieldOptions<string>): TString {
  return field(Type.String({ format, ...options }), (input) => parse(readText(input)));
}

export function readText(input: Plain): string {
  if (typeof input === 'string') return input;
  throw invalidType(input, 'a string', 'string');
}

export function flag(options: FieldOptions<boolean>): TBoolean {
  return field(Type.Boolean(options), readFlag);
}

export function readFlag(input: Plain): boolean {
  if (typeof input === 'boolean') return input;
  throw invalidType(input, 'a boolean', 'boolean');
}

/** Rust's integer types with their bounds. 64 bit ones have no upper bound here: no number is beyond what Lua can say. */
const INTEGERS = {
  u16: { minimum: 0, maximum: 65535 },
  u32: { minimum: 0, maximum: 4294967295 },
  i32: { minimum: -2147483648, maximum: 2147483647 },
  u64: { minimum: 0, maximum: undefined },
  usize: { minimum: 0, maximum: undefined },
} as const;

/** A Lua integer; floats are refused, even those without a fraction. */
export function integer(type: keyof typeof INTEGERS, options: FieldOptions<number>): TInteger {
  const { minimum, maximum } = INTEGERS[type];
  const bounds = maximum === undefined ? { minimum } : { minimum, maximum };
  return field(Type.Integer({ ...bounds, ...options }), (input) => {
    if (typeof input !== 'number' || !Number.isInteger(input)) throw invalidType(input, type);
    if (input < minimum || input > (maximum ?? input)) throw invalidValue(input, type);
    return input;
  });
}

/** One of a fixed set of strings, case-sensitive. */
export function choice<const T extends string>(names: readonly T[], options: FieldOptions<T>): TUnsafe<T> {
  const read = choiceReader(names);
  return field(Type.Unsafe<T>(Type.String({ enum: names, ...options })), read);
}

export function choiceReader<T extends string>(names: readonly T[]): (input: Plain) => T {
  const known = new Set<string>(names);
  return (input) => {
    if (typeof input === 'string') {
      if (known.has(input)) return input as T;
      throw unknownVariant(input, names);
    }
    if (input instanceof Opaque) throw invalidType(input, oneOf(names));
    if (!isMap(input) && !Array.isArray(input)) throw new FieldError(oneOf(names), 'bad enum value');
    const single = Object.keys(input).length === 1;
    throw single
      ? new FieldError(oneOf(names), 'invalid type: newtype variant, expected unit variant')
      : invalidValue({}, 'map with a single key', oneOf(names));
  };
}

/** Any value that JSON can carry. */
export function anyValue(options: { description: string }): TAny {
  return field(Type.Any(options), readAny);
}

function readAny(input: Plain): unknown {
  if (input instanceof Float) return input.value;
  if (input instanceof Opaque || input instanceof Uint8Array) throw invalidType(input, 'a JSON value', 'JSON value');
  if (typeof input !== 'object' || input === null) return input;
  let at: string | number = '';
  try {
    if (Array.isArray(input)) {
      return input.map((member, index) => {
        at = index + 1;
        return readAny(member);
      });
    }
    const members: [string, unknown][] = [];
    for (const key of Object.keys(input).sort()) {
      at = key;
      members.push([key, readAny(input[key])]);
    }
    return Object.fromEntries(members);
  } catch (thrown) {
    throw within(thrown, at);
  }
}
