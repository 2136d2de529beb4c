import type { TObject } from '@sinclair/typebox';
import { isMap, type Reader, type Redactor, readerOf, redactorOf } from './field.ts';
import { FieldError, invalidType, oneOf, unknownField } from './field_error.ts';
import type { Plain } from './plain.ts';

/**
 * Reader of a table that is one of several variants, told apart by its keys. KumoMTA tries them in turn and says only
 * that none fits; here the variant that was meant is the first that knows one of the keys given, and what it says is
 * appended. For the same reason no key is ignored.
 */
export function untaggedReader(name: string, variants: readonly TObject[]): Reader {
  const candidates = variants.map((variant) => ({ names: Object.keys(variant.properties), read: readerOf(variant) }));
  const names = candidates.flatMap((candidate) => candidate.names);
  const heads = oneOf(variants.map((variant) => variant.required![0]!));
  const noMatch = `data did not match any variant of untagged enum ${name}`;

  return (input: Plain) => {
    try {
      if (!isMap(input)) throw invalidType(input, `a table with ${heads}`);
      const keys = Object.keys(input);
      const meant = candidates.find((candidate) => candidate.names.some((known) => keys.includes(known)));
      if (meant !== undefined) return meant.read(input);
      if (keys.length === 0) throw new FieldError(heads, `expected ${heads}`);
      throw unknownField(keys[0]!, names).within(keys[0]!);
    } catch (thrown) {
      throw thrown instanceof FieldError ? thrown.because(noMatch) : thrown;
    }
  };
}

/** Hides the secrets of whichever variant the value is. */
export function untaggedRedactor(variants: readonly TObject[]): Redactor {
  const redactors = variants.flatMap((variant) => redactorOf(variant) ?? []);
  return (value) => (isMap(value as Plain) ? redactors.reduce((hidden, redact) => redact(hidden), value) : value);
}
