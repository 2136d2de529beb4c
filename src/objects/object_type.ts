import type { Static, TObject } from '@sinclair/typebox';
import { readerOf, redactorOf } from './field.ts';
import type { Plain } from './plain.ts';

/** One kind of configuration object. */
export interface ObjectType<T = Record<string, unknown>> {
  /** KumoMTA's name for it, as 'QueueConfig'. */
  readonly name: string;
  /** The function in `kumo` that makes it, as 'make_queue_config'. */
  readonly constructorName: string;
  /** JSON Schema of the printed form. */
  readonly schema: TObject;
  /**
   * Reads what Lua passed to the constructor and returns the complete value in printed form: every default filled in,
   * absent optionals left out, durations as text, properties in an order of the type and not of the input. Reading a
   * value that `read` returned gives an equal one. Defaults within the value are shared and frozen.
   * Throws FieldError for the first problem found.
   */
  read(input: Plain): T;
}

export function objectType<S extends TObject>(name: string, constructorName: string, schema: S): ObjectType<Static<S>> {
  return { name, constructorName, schema, read: readerOf(schema) as ObjectType<Static<S>>['read'] };
}

/** A copy in which secrets read '[redacted]'; the value itself when it holds none. */
export function redact<T>(type: ObjectType<T>, value: T): T {
  const hide = redactorOf(type.schema);
  return hide === undefined ? value : (hide(value) as T);
}
