import assert from 'node:assert/strict';
import { test } from 'node:test';
import { throttle } from '../../src/objects/index.ts';
import { Float } from '../../src/objects/plain.ts';
import { assertRefused } from './refusal.ts';

test('a throttle is made of two arguments', () => {
  assert.deepEqual(throttle.read(['name', '1,000/hour']), { name: 'name', spec: '1000/h' });
});

test('a number is as good as text for an argument, as in every Lua function', () => {
  assert.equal(throttle.read([5, '1/s']).name, '5');
  assertRefused(() => throttle.read(['name', 10]), 'spec', "expected 'limit/period', got 10");
  assertRefused(() => throttle.read(['name', new Float(10)]), 'spec', "expected 'limit/period', got 10.0");
});

test('a missing or wrong argument is refused under its name', () => {
  assertRefused(() => throttle.read({}), 'name', 'missing field `name`');
  assertRefused(() => throttle.read(['name']), 'spec', 'missing field `spec`');
  assertRefused(() => throttle.read(['name', true]), 'spec', 'invalid type: boolean `true`, expected a string');
  assertRefused(
    () => throttle.read(['name', '0/s']),
    'spec',
    'invalid ThrottleSpec `0/s`: limit must be greater than 0!',
  );
});
