/** Requests checked against their schema, with errors that say where and what was expected. */
import type { Static, TSchema } from '@sinclair/typebox';
import { TypeCompiler } from '@sinclair/typebox/compiler';
import { ConfigError } from '../errors.ts';

export type Check<S extends TSchema> = (value: unknown) => Static<S>;

/** Compiles a schema once; the check throws INVALID_REQUEST for what does not fit. */
export function compileCheck<S extends TSchema>(schema: S): Check<S> {
  const compiled = TypeCompiler.Compile(schema);
  return (value) => {
    if (compiled.Check(value)) return value;
    const first = compiled.Errors(value).First()!;
    const field = first.path.slice(1).replaceAll('/', '.');
    throw new ConfigError('INVALID_REQUEST', field === '' ? first.message : `${field}: ${first.message}`, {
      place: field === '' ? {} : { field },
    });
  };
}
