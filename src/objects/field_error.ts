import { Float, Opaque, type Plain } from './plain.ts';

/**
 * What is wrong with one field of an object. `reason` is KumoMTA's text, since policies and helpers match on it;
 * `path` says where, as `shrink_policy[1].interval` (lists count from 1, as in Lua), and is '' for the object itself.
 */
export class FieldError extends Error {
  readonly path: string;
  /** What would have been right, in short: 'duration', 'u16', 'one of `A`, `B`'. */
  readonly expected: string;
  readonly reason: string;

  constructor(expected: string, reason: string, path = '') {
    super(path === '' ? reason : `${path}: ${reason}`);
    this.name = 'FieldError';
    this.path = path;
    this.expected = expected;
    this.reason = reason;
  }

  /** The same error as seen from the table or list that holds the value under `key`. */
  within(key: string | number): FieldError {
    const rest = this.path === '' || this.path.startsWith('[') ? this.path : `.${this.path}`;
    return new FieldError(this.expected, this.reason, segment(key) + rest);
  }

  /** The same error with a reason that tells which larger choice failed because of it. */
  because(larger: string): FieldError {
    return new FieldError(this.expected, `${larger}: ${this.reason}`, this.path);
  }
}

/** Any thrown value as seen from the holder of `key`; a reader's own faults pass through unchanged. */
export function within(thrown: unknown, key: string | number): unknown {
  return thrown instanceof FieldError ? thrown.within(key) : thrown;
}

function segment(key: string | number): string {
  if (typeof key === 'number') return `[${key}]`;
  return /^\w+$/.test(key) ? key : `[${JSON.stringify(key)}]`;
}

/** The value is of a type that the field does not take. `expecting` is KumoMTA's word for what it takes. */
export function invalidType(input: Plain, expecting: string, expected = expecting): FieldError {
  if (input instanceof Opaque) return new FieldError(expected, `unsupported value type \`${input.type}\``);
  return new FieldError(expected, `invalid type: ${describe(input)}, expected ${expecting}`);
}

/** A scalar stands where a table or list is wanted: KumoMTA then names Lua's type and not the value. */
export function notATable(input: Plain, expected: string): FieldError {
  if (input instanceof Opaque) return invalidType(input, 'table', expected);
  return new FieldError(expected, `invalid type: ${luaType(input)}, expected table`);
}

/** The type is right and the value is not. */
export function invalidValue(input: Plain, expecting: string, expected = expecting): FieldError {
  return new FieldError(expected, `invalid value: ${describe(input)}, expected ${expecting}`);
}

export function missingField(name: string, expected = 'a value'): FieldError {
  return new FieldError(expected, `missing field \`${name}\``);
}

export function unknownField(key: string, names: readonly string[]): FieldError {
  const near = nearest(key, names);
  const hint = near === undefined ? '' : ` (did you mean \`${near}\`?)`;
  return new FieldError('a known field', `unknown field \`${key}\`, expected ${oneOf(names)}${hint}`);
}

export function unknownVariant(name: string, names: readonly string[]): FieldError {
  return new FieldError(oneOf(names), `unknown variant \`${name}\`, expected ${oneOf(names)}`);
}

/** `` `a` ``, `` `a` or `b` ``, ``one of `a`, `b`, `c` ``. */
export function oneOf(names: readonly string[]): string {
  const quoted = names.map((name) => `\`${name}\``);
  return quoted.length > 2 ? `one of ${quoted.join(', ')}` : quoted.join(' or ');
}

/** The value as serde words it in its errors. */
export function describe(input: Plain): string {
  if (input === null || input === undefined) return 'unit value';
  if (typeof input === 'boolean') return `boolean \`${input}\``;
  if (typeof input === 'number')
    return Number.isInteger(input) ? `integer \`${input}\`` : `floating point \`${input}\``;
  if (typeof input === 'string') return `string ${JSON.stringify(input)}`;
  if (input instanceof Float) return `floating point \`${floatText(input)}\``;
  if (input instanceof Uint8Array) return 'byte array';
  return Array.isArray(input) ? 'sequence' : 'map';
}

/** A float without fraction as Lua and KumoMTA print it: `5.0`. */
export function floatText({ value }: Float): string {
  return Number.isInteger(value) ? `${value}.0` : String(value);
}

function luaType(input: Plain): string {
  if (input === null || input === undefined) return 'nil';
  if (typeof input === 'boolean') return 'boolean';
  if (typeof input === 'number') return Number.isInteger(input) ? 'integer' : 'number';
  if (input instanceof Float) return 'number';
  return 'string';
}

/** The name that was probably meant: at most two slips away, and not wholly another word. */
function nearest(key: string, names: readonly string[]): string | undefined {
  const limit = Math.min(2, key.length - 1);
  const ranked = names.map((name) => ({ name, distance: editDistance(key, name) }));
  const best = ranked.reduce((a, b) => (b.distance < a.distance ? b : a));
  return best.distance <= limit ? best.name : undefined;
}

/** Levenshtein distance. */
function editDistance(a: string, b: string): number {
  let row = Array.from({ length: b.length + 1 }, (_, j) => j);
  for (let i = 1; i <= a.length; i++) {
    const next = [i];
    for (let j = 1; j <= b.length; j++) {
      const swap = row[j - 1]! + (a[i - 1] === b[j - 1] ? 0 : 1);
      next.push(Math.min(swap, row[j]! + 1, next[j - 1]! + 1));
    }
    row = next;
  }
  return row[b.length]!;
}
