import { type TInteger, type TString, type TUnion, Type } from '@sinclair/typebox';
import { digitsFault } from './digits.ts';
import { type FieldOptions, field } from './field.ts';
import { describe, FieldError, floatText, invalidType } from './field_error.ts';
import { Float, Opaque, type Plain } from './plain.ts';

const EXPECTED = 'percentage or size';

/** A floor for free space or inodes: `N%`, or an absolute number, which may be text. */
export function minFree(options: FieldOptions<string | number>): TUnion<[TString, TInteger]> {
  const schema = Type.Union([Type.String({ pattern: '^[0-9]+%$' }), Type.Integer({ minimum: 0 })], options);
  return field(schema, readMinFree);
}

function readMinFree(input: Plain): string | number {
  if (typeof input === 'string') return input.endsWith('%') ? `${parsePercent(input.slice(0, -1))}%` : parseSize(input);
  if (typeof input === 'number' && Number.isInteger(input) && input >= 0) return input;
  if (typeof input === 'number' || input instanceof Float) {
    const shown = input instanceof Float ? floatText(input) : input;
    throw new FieldError(EXPECTED, `invalid MinFree size specifier. ${shown} could not be converted to u64`);
  }
  if (input instanceof Opaque) throw invalidType(input, EXPECTED);
  throw new FieldError(
    EXPECTED,
    `invalid MinFree specifier ${describe(input)}. Value must be either a percentage string like '10%' or the size expressed as an integer`,
  );
}

function parsePercent(digits: string): number {
  const fault = digitsFault(digits, 256);
  if (fault !== undefined) throw new FieldError(EXPECTED, `invalid MinFree percentage specifier. ${fault}`);
  return Number(digits);
}

function parseSize(digits: string): number {
  const fault = digitsFault(digits);
  if (fault !== undefined) throw new FieldError(EXPECTED, `invalid MinFree size specifier. ${fault}`);
  return Number(digits);
}

/** The two options of whatever writes to a disk. */
export const diskFloor = {
  min_free_space: minFree({
    description: 'Free space floor, in percent or bytes.',
    default: '10%',
    since: '2024.09.02-c5476b89',
  }),
  min_free_inodes: minFree({
    description: 'Free inode floor, in percent or inodes.',
    default: '10%',
    since: '2024.09.02-c5476b89',
  }),
};
