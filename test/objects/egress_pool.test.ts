import assert from 'node:assert/strict';
import { test } from 'node:test';
import { egressPool } from '../../src/objects/index.ts';
import { assertRefused } from './refusal.ts';

const DEFAULTS = {
  entries: [],
  ttl: '1m',
};

test('a pool is completed with the defaults of KumoMTA', () => {
  assert.deepEqual(egressPool.read({ name: 'p' }), { ...{ name: 'p' }, ...DEFAULTS });
});

test('an entry weighs 1 unless it says otherwise', () => {
  const printed = egressPool.read({ name: 'p', entries: [{ name: 'a' }, { name: 'b', weight: 0 }], ttl: '5m' });
  assert.deepEqual(printed.entries, [
    { name: 'a', weight: 1 },
    { name: 'b', weight: 0 },
  ]);
});

test('an empty table is an empty list of entries', () => {
  assert.deepEqual(egressPool.read({ name: 'p', entries: {} }).entries, []);
});

test('what is wrong with a pool is refused with its path', () => {
  const read = (entry: { [key: string]: string | number }) => egressPool.read({ name: 'p', entries: [entry] });
  assertRefused(() => egressPool.read({}), 'name', 'missing field `name`');
  assertRefused(() => egressPool.read({ name: 5 }), 'name', 'invalid type: integer `5`, expected a string');
  assertRefused(() => egressPool.read({ name: null }), 'name', 'invalid type: unit value, expected a string');
  assertRefused(() => read({ weight: 1 }), 'entries[1].name', 'missing field `name`');
  assertRefused(
    () => read({ name: 'a', wieght: 1 }),
    'entries[1].wieght',
    'unknown field `wieght`, expected `name` or `weight` (did you mean `weight`?)',
  );
  const weight = 'entries[1].weight';
  assertRefused(() => read({ name: 'a', weight: -1 }), weight, 'invalid value: integer `-1`, expected u32');
  assertRefused(
    () => read({ name: 'a', weight: 2 ** 32 }),
    weight,
    'invalid value: integer `4294967296`, expected u32',
  );
  assertRefused(() => read({ name: 'a', weight: 1.5 }), weight, 'invalid type: floating point `1.5`, expected u32');
  assertRefused(() => egressPool.read({ name: 'p', entries: 'a' }), 'entries', 'invalid type: string, expected table');
  assertRefused(
    () => egressPool.read({ name: 'p', entries: { a: 1 } }),
    'entries',
    'invalid type: map, expected a sequence',
  );
});
