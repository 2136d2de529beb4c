import type { TString } from '@sinclair/typebox';
import { digitsFault } from './digits.ts';
import type { FieldOptions } from './field.ts';
import { FieldError } from './field_error.ts';
import { parsedText } from './scalars.ts';

/** A rate: at most `limit` events in each `period`, on average. */
export interface Throttle {
  /** Events, > 0. */
  limit: number;
  /** Seconds, >= 0. */
  period: number;
  /** Events that may happen at once; the limit when absent. */
  max_burst?: number;
  /** Counted on this node alone, even where redis shares throttles. */
  force_local: boolean;
}

const EXPECTED = 'throttle';
const UNITS = new Map([
  ...(['d', 'day'].map((name) => [name, 86_400]) as [string, number][]),
  ...(['h', 'hr', 'hour'].map((name) => [name, 3_600]) as [string, number][]),
  ...(['m', 'min', 'minute'].map((name) => [name, 60]) as [string, number][]),
  ...(['s', 'sec', 'second'].map((name) => [name, 1]) as [string, number][]),
]);
const PRINTED_UNITS = new Map([
  [86_400, 'd'],
  [3_600, 'h'],
  [60, 'm'],
  [1, 's'],
]);
const U64_END = 2 ** 64;

/** Reads `[local:]limit/[digits]unit[,max_burst=N]`, as `local:1,000/5min`. Throws FieldError with KumoMTA's text. */
export function parseThrottle(text: string): Throttle {
  const [force_local, afterLocal] = stripLocal(text);
  const [spec, burst] = splitOnce(afterLocal, ',max_burst=');
  const max_burst = burst === undefined ? undefined : parseCount(burst);
  const [limitText, periodText] = splitOnce(spec, '/');
  if (periodText === undefined) throw new FieldError(EXPECTED, `expected 'limit/period', got ${spec}`);
  const period = parsePeriod(periodText);
  const limit = parseCount(limitText);
  if (limit === 0) throw new FieldError(EXPECTED, `invalid ThrottleSpec \`${spec}\`: limit must be greater than 0!`);
  return max_burst === undefined ? { limit, period, force_local } : { limit, period, max_burst, force_local };
}

/** The normal form of a throttle: no separators, the shortest unit, other periods in seconds. */
export function formatThrottle({ limit, period, max_burst, force_local }: Throttle): string {
  const unit = PRINTED_UNITS.get(period) ?? `${period}s`;
  const burst = max_burst === undefined ? '' : `,max_burst=${max_burst}`;
  return `${force_local ? 'local:' : ''}${limit}/${unit}${burst}`;
}

/** A throttle as text; printed in its normal form. */
export function throttleSpec(options: FieldOptions<string>): TString {
  return parsedText('throttle', (text) => formatThrottle(parseThrottle(text)), options);
}

/** Whether the text starts with `local:`, and what follows it. */
export function stripLocal(text: string): [boolean, string] {
  return text.startsWith('local:') ? [true, text.slice('local:'.length)] : [false, text];
}

/** An unsigned 64 bit count in which `,` and `_` may separate digits. */
export function parseCount(text: string): number {
  const digits = text.replace(/[,_]/g, '');
  const fault = digitsFault(digits);
  if (fault !== undefined) throw new FieldError(EXPECTED, `invalid limit '${digits}': ${fault}`);
  return Number(digits);
}

function parsePeriod(text: string): number {
  const { count, unit } = /^(?<count>\d*)(?<unit>.*)$/s.exec(text)!.groups as { count: string; unit: string };
  if (unit === '') throw new FieldError(EXPECTED, `invalid period quantity ${text}`);
  const quantity = count === '' ? 1 : Number(count);
  if (quantity >= U64_END) throw new FieldError(EXPECTED, 'number too big');
  const size = UNITS.get(unit);
  if (size === undefined) throw new FieldError(EXPECTED, `unknown period quantity ${unit}`);
  if (quantity * size >= U64_END) throw new FieldError(EXPECTED, 'number too big');
  return quantity * size;
}

function splitOnce(text: string, separator: string): [string, string | undefined] {
  const at = text.indexOf(separator);
  return at < 0 ? [text, undefined] : [text.slice(0, at), text.slice(at + separator.length)];
}
