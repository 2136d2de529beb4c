import type { Static } from '@sinclair/typebox';
import { annotate, type FieldOptions, field, isMap, readerOf } from './field.ts';
import { FieldError, invalidType } from './field_error.ts';
import type { Plain } from './plain.ts';
import { flag, integer } from './scalars.ts';
import { table } from './table.ts';
import { parseCount, stripLocal } from './throttle_spec.ts';

// KumoMTA refuses a limit of 0 in the other forms, and takes it here.
const Table = table('LimitSpec', {
  limit: integer('u64', { description: 'Limit value.' }),
  force_local: flag({ description: 'Bypass redis sharing.', default: false }),
});
const readTable = readerOf(Table);

export type LimitSpec = Static<typeof Table>;

/** A limit: an integer >= 1, `[local:]N` or the table `{ limit, force_local }`, as which it is always printed. */
export function limit(options: FieldOptions<LimitSpec>): typeof Table {
  return field(annotate(Table, options), readLimit);
}

function readLimit(input: Plain): unknown {
  if (isMap(input)) return readTable(input);
  if (typeof input === 'string') return parseLimit(input);
  if (typeof input !== 'number' || !Number.isInteger(input)) {
    throw invalidType(input, 'string or numeric limit spec', 'limit');
  }
  if (input < 1) throw new FieldError('limit', 'limit must be 1 or larger');
  return { limit: input, force_local: false };
}

function parseLimit(text: string): LimitSpec {
  const [force_local, count] = stripLocal(text);
  const value = parseCount(count);
  if (value === 0) throw new FieldError('limit', `invalid LimitSpec \`${count}\`: limit must be greater than 0!`);
  return { limit: value, force_local };
}
