import type { TString } from '@sinclair/typebox';
import { Type } from '@sinclair/typebox';
import { type FieldOptions, field } from './field.ts';
import { describe, FieldError, invalidType, invalidValue } from './field_error.ts';
import { Float, type Plain } from './plain.ts';

// Nanoseconds are counted in BigInt, because a u64 of seconds, which KumoMTA takes, is beyond what a number holds
// exactly, and what is printed must read back as the same time.
const MILLISECOND = 1_000_000n;
const SECOND = 1_000n * MILLISECOND;
const MONTH = 2_630_016n * SECOND;
const YEAR = 31_557_600n * SECOND;
const MAX = (1n << 64n) * SECOND;

/** Each unit with its spellings. Case matters: `M` is a month, `m` a minute. */
const SPELLINGS: readonly [bigint, string][] = [
  [1n, 'ns nsec nanos'],
  [1_000n, 'us usec µs'],
  [MILLISECOND, 'ms msec millis'],
  [SECOND, 's sec secs second seconds'],
  [60n * SECOND, 'm min mins minute minutes'],
  [3_600n * SECOND, 'h hr hrs hour hours'],
  [86_400n * SECOND, 'd day days'],
  [604_800n * SECOND, 'w wk wks week weeks'],
  [MONTH, 'M month months'],
  [YEAR, 'y yr yrs year years'],
];
const UNITS = new Map(SPELLINGS.flatMap(([size, names]) => names.split(' ').map((name) => [name, size] as const)));

/** What is printed, largest first. Weeks never are. */
const PRINTED: readonly { size: bigint; unit: string; plural: string }[] = [
  { size: YEAR, unit: 'year', plural: 'years' },
  { size: MONTH, unit: 'month', plural: 'months' },
  { size: 86_400n * SECOND, unit: 'day', plural: 'days' },
  { size: 3_600n * SECOND, unit: 'h', plural: 'h' },
  { size: 60n * SECOND, unit: 'm', plural: 'm' },
  { size: SECOND, unit: 's', plural: 's' },
  { size: MILLISECOND, unit: 'ms', plural: 'ms' },
  { size: 1_000n, unit: 'us', plural: 'us' },
  { size: 1n, unit: 'ns', plural: 'ns' },
];

/**
 * Milliseconds, with a fraction for what is finer: whole ones are exact, nanoseconds up to 49 days (2^32 ms). Takes
 * humantime text (`1h 30m`) or a number of seconds >= 0; throws FieldError for anything else.
 */
export function parseDuration(text: string | number): number {
  const total = nanoseconds(text);
  return Number(total / MILLISECOND) + Number(total % MILLISECOND) / Number(MILLISECOND);
}

/** Humantime text of milliseconds >= 0, as `1day 2h` or `1s 500ms`. */
export function formatDuration(ms: number): string {
  return print(fromFloat(ms, MILLISECOND));
}

/** A duration: seconds >= 0 or humantime text; printed as humantime text. */
export function duration(options: FieldOptions<string>): TString {
  return field(Type.String({ format: 'duration', ...options }), printed);
}

/** Texts that were read, and how they print: policies give the same few again and again. */
const texts = new Map<string, string>();
const MAX_TEXTS = 1000;

function printed(input: Plain): string {
  if (typeof input !== 'string') return print(nanoseconds(input));
  let text = texts.get(input);
  if (text === undefined) {
    text = print(nanoseconds(input));
    if (texts.size >= MAX_TEXTS) texts.clear();
    texts.set(input, text);
  }
  return text;
}

function nanoseconds(input: Plain): bigint {
  if (typeof input === 'string') return parseText(input);
  const seconds = input instanceof Float ? input.value : input;
  if (typeof seconds !== 'number') throw invalidType(input, 'a duration', 'duration');
  if (seconds < 0 || !Number.isFinite(seconds)) {
    const cause = `invalid value: ${describe(input)}, expected ${Number.isInteger(input) ? 'u64' : 'a duration'}`;
    const rule = 'duration must either be a string or a positive integer specifying the number of seconds.';
    throw new FieldError('duration', `${rule} (error: ${cause})`);
  }
  const total = fromFloat(seconds, SECOND);
  if (total >= MAX) throw invalidValue(input, 'a duration', 'duration');
  return total;
}

/** Whole units are exact; a fraction is rounded to the nanosecond. */
function fromFloat(count: number, unit: bigint): bigint {
  const whole = Math.floor(count);
  return BigInt(whole) * unit + BigInt(Math.round((count - whole) * Number(unit)));
}

function parseText(text: string): bigint {
  const parts = text.trim();
  if (parts === '0') return 0n;
  let total = 0n;
  let end = 0;
  for (const { 0: part, 1: count, 2: unit, index } of parts.matchAll(/(\d+)\s*([a-zA-Zµ]+)\s*/g)) {
    const size = UNITS.get(unit!);
    if (index !== end || size === undefined) break;
    total += BigInt(count!) * size;
    end = index + part.length;
  }
  if (end === 0 || end !== parts.length || total >= MAX) throw invalidValue(text, 'a duration', 'duration');
  return total;
}

function print(total: bigint): string {
  if (total === 0n) return '0s';
  const parts: string[] = [];
  let rest = total;
  for (const { size, unit, plural } of PRINTED) {
    if (rest < size) continue;
    const count = rest / size;
    parts.push(`${count}${count > 1n ? plural : unit}`);
    rest %= size;
  }
  return parts.join(' ');
}
