import assert from 'node:assert/strict';
import { test } from 'node:test';
import { loadHasher } from '../../src/monitor/hash.ts';

test('the content hash is xxh64 in 16 hex digits, leading zeros included', async () => {
  const hasher = await loadHasher();
  // Of the empty input, from the specification of xxHash.
  assert.equal(hasher.content(new Uint8Array()), 'ef46db3751d8e999');
  for (let i = 0; i < 64; i++) assert.match(hasher.content(Uint8Array.of(i)), /^[0-9a-f]{16}$/);
});

test('two sets whose names and hashes read the same when run together have different hashes', async () => {
  const hasher = await loadHasher();
  const one = hasher.set([['/a', { hash: 'b' }]]);
  assert.notEqual(one, hasher.set([['/ab', { hash: '' }]]));
  assert.notEqual(
    hasher.set([
      ['/a', { hash: '' }],
      ['/b', { hash: '' }],
    ]),
    hasher.set([['/a/b', { hash: '' }]]),
  );
});
