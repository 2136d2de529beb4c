import type { TSchema } from '@sinclair/typebox';
import { Float, Opaque, type Plain } from './plain.ts';

/**
 * A field is a TypeBox schema of the value as printed, which carries the function that reads what Lua passed into that
 * form. Readers are made once, when the schema is, so that reading an object walks no schema.
 */
export type Reader<T = unknown> = (input: Plain) => T;
/** Returns the value with its secrets hidden, or the value itself when it has none. */
export type Redactor = (value: unknown) => unknown;

export const REDACTED = '[redacted]';

const READ = Symbol('read');
const REDACT = Symbol('redact');
const NULL_IS_ABSENT = Symbol('nullIsAbsent');

/** What a field says of itself; all of it appears in the JSON Schema. */
export interface FieldOptions<T> {
  description: string;
  /** The value when none is given, in printed form. */
  default?: T;
  /** The KumoMTA version that brought the field; 'dev' is unreleased. */
  since?: string;
  deprecated?: true;
  /** false: KumoMTA accepts the field and never prints it back. */
  serialized?: false;
}

export function field<S extends TSchema>(schema: S, read: Reader, redact?: Redactor): S {
  if (schema.default !== undefined) freeze(schema.default);
  return Object.assign(schema, { [READ]: read, [REDACT]: redact });
}

/** The same field told of differently, so that one schema can serve several fields. */
export function annotate<S extends TSchema>(schema: S, options: FieldOptions<unknown>): S {
  freeze(options.default);
  return { ...schema, ...options };
}

/** The field with its whole value hidden by `redact`. */
export function secret<S extends TSchema>(schema: S, hide: Redactor = () => REDACTED): S {
  return Object.assign(schema, { [REDACT]: hide });
}

/**
 * The field with a default that KumoMTA applies when it uses the object rather than when it reads it. Its stored form
 * is optional, so null counts as absent, which it does not for an ordinary default.
 */
export function withEffectiveDefault<S extends TSchema>(schema: S, value: unknown): S {
  return { ...schema, default: freeze(value), [NULL_IS_ABSENT]: true };
}

export function readerOf(schema: TSchema): Reader {
  return symbols(schema)[READ]!;
}

export function redactorOf(schema: TSchema): Redactor | undefined {
  return symbols(schema)[REDACT];
}

export function nullIsAbsent(schema: TSchema): boolean {
  return symbols(schema)[NULL_IS_ABSENT] === true;
}

/** True for a Lua table that has no list part. */
export function isMap(input: Plain): input is { [key: string]: Plain } {
  return (
    typeof input === 'object' &&
    input !== null &&
    !Array.isArray(input) &&
    !(input instanceof Float) &&
    !(input instanceof Opaque) &&
    !(input instanceof Uint8Array)
  );
}

/** True for `{}`, of which Lua cannot tell whether it is a list. */
export function isEmptyMap(input: Plain): boolean {
  return isMap(input) && Object.keys(input).length === 0;
}

interface Symbols {
  [READ]?: Reader;
  [REDACT]?: Redactor;
  [NULL_IS_ABSENT]?: boolean;
}

function symbols(schema: TSchema): Symbols {
  return schema as Symbols;
}

/** Defaults are shared between all objects, so no one may change them. */
function freeze<T>(value: T): T {
  if (typeof value === 'object' && value !== null) {
    for (const member of Object.values(value)) freeze(member);
    Object.freeze(value);
  }
  return value;
}
