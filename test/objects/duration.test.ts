import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { duration } from '../../src/objects/duration.ts';
import { readerOf } from '../../src/objects/field.ts';
import { formatDuration, parseDuration } from '../../src/objects/index.ts';
import { Float, Opaque } from '../../src/objects/plain.ts';
import { assertRefused } from './refusal.ts';

const read = readerOf(duration({ description: 'a test' }));
const REFUSAL = 'duration must either be a string or a positive integer specifying the number of seconds.';

test('a number is seconds, with or without a fraction', () => {
  assert.equal(parseDuration(15), 15_000);
  assert.equal(parseDuration(1.5), 1500);
  assert.equal(parseDuration(0), 0);
});

test('every spelling of a unit is understood, and case matters', () => {
  const seconds: [string, number][] = [
    ['ns nsec nanos', 1e-9],
    ['us usec µs', 1e-6],
    ['ms msec millis', 1e-3],
    ['s sec secs second seconds', 1],
    ['m min mins minute minutes', 60],
    ['h hr hrs hour hours', 3600],
    ['d day days', 86_400],
    ['w wk wks week weeks', 604_800],
    ['M month months', 2_630_016],
    ['y yr yrs year years', 31_557_600],
  ];
  for (const [spellings, size] of seconds) {
    for (const unit of spellings.split(' '))
      assert.equal(parseDuration(`3${unit}`), (3 * Math.round(size * 1e9)) / 1e6);
  }
});

test('parts add up, with white space between and around them', () => {
  assert.equal(parseDuration('1h30m'), 5_400_000);
  assert.equal(parseDuration(' 1w  2d '), 9 * 86_400_000);
  assert.equal(parseDuration('1 hour'), 3_600_000);
  assert.equal(parseDuration('5m 5m'), 600_000);
  assert.equal(parseDuration('0'), 0);
});

test('text that is no humantime is refused', () => {
  const bad = [
    '5 parsecs',
    '60',
    '',
    ' ',
    'm',
    '-5m',
    '1.5h',
    '1,000s',
    '5m x',
    'x 5m',
    '5m 3',
    '1S',
    '1 Hour',
    '5m+1s',
  ];
  for (const text of bad) {
    assertRefused(() => parseDuration(text), '', `invalid value: string ${JSON.stringify(text)}, expected a duration`);
  }
});

test('a duration longer than a u64 of seconds is refused', () => {
  assertRefused(() => parseDuration('18446744073709551616s'), '', /expected a duration$/);
  assert.equal(parseDuration('18446744073709551615s'), 2 ** 64 * 1000);
});

test('a duration prints as humantime', () => {
  const printed: [number | string, string][] = [
    [0, '0s'],
    [15, '15s'],
    [60, '1m'],
    [1200, '20m'],
    ['1 hour', '1h'],
    [604_800, '7days'],
    [86_400, '1day'],
    ['1w 2d', '9days'],
    [1.5, '1s 500ms'],
    ['1M', '1month'],
    ['2M', '2months'],
    ['1y 2y', '3years'],
    ['90s', '1m 30s'],
    ['1ms 2us 3ns', '1ms 2us 3ns'],
  ];
  for (const [input, text] of printed) assert.equal(read(input), text);
  assert.equal(formatDuration(1500), '1s 500ms');
  assert.equal(formatDuration(0.000001), '1ns');
});

test('a Lua float without a fraction is a duration like any number', () => {
  assert.equal(read(new Float(5)), '5s');
});

test('the longest time that Lua can say is kept exactly', () => {
  const printed = read(2 ** 63) as string;
  assert.equal(read(printed), printed);
});

test('negative and endless numbers are refused', () => {
  assertRefused(() => read(-1), '', `${REFUSAL} (error: invalid value: integer \`-1\`, expected u64)`);
  assertRefused(
    () => read(-1.5),
    '',
    `${REFUSAL} (error: invalid value: floating point \`-1.5\`, expected a duration)`,
  );
  assertRefused(() => read(Number.POSITIVE_INFINITY), '', /^duration must either/);
  assertRefused(() => read(Number.NaN), '', /^duration must either/);
  assertRefused(() => read(new Float(-5)), '', /floating point `-5.0`/);
});

test('other types are refused', () => {
  assertRefused(() => read(true), '', 'invalid type: boolean `true`, expected a duration');
  assertRefused(() => read({}), '', 'invalid type: map, expected a duration');
  assertRefused(() => read([1]), '', 'invalid type: sequence, expected a duration');
  assertRefused(() => read(null), '', 'invalid type: unit value, expected a duration');
  assertRefused(() => read(new Opaque('function')), '', 'unsupported value type `function`');
});

test('what is printed reads back as the same time', () => {
  const whole = fc.maxSafeNat();
  const fractional = fc.double({ min: 0, max: 2 ** 32, noNaN: true });
  fc.assert(
    fc.property(fc.oneof(whole, fractional), (ms) => {
      const printed = formatDuration(ms);
      assert.equal(formatDuration(parseDuration(printed)), printed);
      assert.ok(Math.abs(parseDuration(printed) - ms) <= 1e-6);
    }),
    { numRuns: 1000 },
  );
});

test('text that was printed prints as it is, to the nanosecond, however long the time', () => {
  const seconds = fc.double({ min: 0, max: 2 ** 63, noNaN: true });
  fc.assert(
    fc.property(seconds, (time) => {
      const printed = read(time);
      assert.equal(read(printed as string), printed);
    }),
    { numRuns: 1000 },
  );
});
