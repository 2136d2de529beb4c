import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { formatThrottle, parseThrottle } from '../../src/objects/index.ts';
import { assertRefused } from './refusal.ts';

test('a throttle is read into its parts', () => {
  assert.deepEqual(parseThrottle('20/30min'), { limit: 20, period: 1800, force_local: false });
  assert.deepEqual(parseThrottle('local:1_000/s,max_burst=1,0'), {
    limit: 1000,
    period: 1,
    max_burst: 10,
    force_local: true,
  });
});

test('every unit is understood', () => {
  const periods: [string, number][] = [
    ['d day', 86_400],
    ['h hr hour', 3600],
    ['m min minute', 60],
    ['s sec second', 1],
  ];
  for (const [units, period] of periods) {
    for (const unit of units.split(' ')) assert.equal(parseThrottle(`1/${unit}`).period, period);
  }
});

test('a throttle prints in its normal form', () => {
  const printed = {
    '1,000/s': '1000/s',
    '100/hour': '100/h',
    '20/30min': '20/1800s',
    'local:100/123m': 'local:100/7380s',
    '50/day,max_burst=1': '50/d,max_burst=1',
    '5/24h': '5/d',
    '5/0s': '5/0s',
    '5/1s,max_burst=0': '5/s,max_burst=0',
  };
  for (const [text, normal] of Object.entries(printed)) assert.equal(formatThrottle(parseThrottle(text)), normal);
});

test('what is no throttle is refused in the words of KumoMTA', () => {
  const refused = {
    '10': "expected 'limit/period', got 10",
    'local:10,max_burst=5': "expected 'limit/period', got 10",
    '10/s,max_burst=x': "invalid limit 'x': invalid digit found in string",
    'x,max_burst=y': "invalid limit 'y': invalid digit found in string",
    '10/s,max_burst=': "invalid limit '': cannot parse integer from empty string",
    '10/5': 'invalid period quantity 5',
    '10/': 'invalid period quantity ',
    '10/99999999999999999999s': 'number too big',
    '10/999999999999999999d': 'number too big',
    '10/seconds': 'unknown period quantity seconds',
    '10/S': 'unknown period quantity S',
    '10/ s': 'unknown period quantity  s',
    '10/s/force': 'unknown period quantity s/force',
    'x1/s': "invalid limit 'x1': invalid digit found in string",
    '-1/s': "invalid limit '-1': invalid digit found in string",
    '1 /s': "invalid limit '1 ': invalid digit found in string",
    '99999999999999999999/s': "invalid limit '99999999999999999999': number too large to fit in target type",
    '0/s': 'invalid ThrottleSpec `0/s`: limit must be greater than 0!',
    'local:0/s,max_burst=1': 'invalid ThrottleSpec `0/s`: limit must be greater than 0!',
  };
  for (const [text, reason] of Object.entries(refused)) assertRefused(() => parseThrottle(text), '', reason);
});

test('what is printed reads back as the same throttle', () => {
  const throttle = fc.record(
    { limit: fc.integer({ min: 1 }), period: fc.nat(), max_burst: fc.nat(), force_local: fc.boolean() },
    { requiredKeys: ['limit', 'period', 'force_local'], noNullPrototype: true },
  );
  fc.assert(fc.property(throttle, (value) => assert.deepEqual(parseThrottle(formatThrottle(value)), value)));
});
