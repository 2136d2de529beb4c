import assert from 'node:assert/strict';
import { test } from 'node:test';
import { readerOf } from '../../src/objects/field.ts';
import { limit } from '../../src/objects/limit.ts';
import { Float } from '../../src/objects/plain.ts';
import { assertRefused } from './refusal.ts';

const read = readerOf(limit({ description: 'a test' }));

test('a limit prints as a table whichever form it was given in', () => {
  assert.deepEqual(read(32), { limit: 32, force_local: false });
  assert.deepEqual(read('1,0_24'), { limit: 1024, force_local: false });
  assert.deepEqual(read('local:32'), { limit: 32, force_local: true });
  assert.deepEqual(read({ limit: 5 }), { limit: 5, force_local: false });
  assert.equal(JSON.stringify(read({ force_local: true, limit: 5 })), '{"limit":5,"force_local":true}');
});

test('the table form takes a limit of 0, as KumoMTA does', () => {
  assert.deepEqual(read({ limit: 0 }), { limit: 0, force_local: false });
});

test('what is no limit is refused in the words of KumoMTA', () => {
  assertRefused(() => read(0), '', 'limit must be 1 or larger');
  assertRefused(() => read(-3), '', 'limit must be 1 or larger');
  assertRefused(() => read('0'), '', 'invalid LimitSpec `0`: limit must be greater than 0!');
  assertRefused(() => read('local:0'), '', 'invalid LimitSpec `0`: limit must be greater than 0!');
  assertRefused(() => read('th,ree'), '', "invalid limit 'three': invalid digit found in string");
  assertRefused(
    () => read(new Float(5)),
    '',
    'invalid type: floating point `5.0`, expected string or numeric limit spec',
  );
  assertRefused(() => read(true), '', 'invalid type: boolean `true`, expected string or numeric limit spec');
  assertRefused(() => read({ limit: 1, oops: 1 }), 'oops', 'unknown field `oops`, expected `limit` or `force_local`');
  assertRefused(() => read({ limit: '5' }), 'limit', 'invalid type: string "5", expected u64');
  assertRefused(() => read({}), 'limit', 'missing field `limit`');
});
