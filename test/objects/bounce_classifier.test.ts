import assert from 'node:assert/strict';
import { availableParallelism } from 'node:os';
import { test } from 'node:test';
import { bounceClassifier } from '../../src/objects/index.ts';
import { assertRefused } from './refusal.ts';

const DEFAULTS = {
  back_pressure: 131072,
  pool_size: Math.max(1, Math.floor(availableParallelism() / 4)),
  cache_size: 1024,
  uncategorized_cache_size: 1024,
};

test('a classifier is completed with the defaults of KumoMTA', () => {
  assert.deepEqual(bounceClassifier.read({ files: ['rules.toml'] }), { ...{ files: ['rules.toml'] }, ...DEFAULTS });
});

test('what is wrong with a classifier is refused with its path', () => {
  assertRefused(() => bounceClassifier.read({}), 'files', 'missing field `files`');
  assertRefused(() => bounceClassifier.read({ files: 'a.toml' }), 'files', 'invalid type: string, expected table');
  assertRefused(
    () => bounceClassifier.read({ files: {}, cache_size: -1 }),
    'cache_size',
    'invalid value: integer `-1`, expected usize',
  );
});
