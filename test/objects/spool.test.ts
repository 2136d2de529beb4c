import assert from 'node:assert/strict';
import { test } from 'node:test';
import { spool } from '../../src/objects/index.ts';
import { assertRefused } from './refusal.ts';

const DEFAULTS = {
  kind: 'LocalDisk',
  flush: false,
  min_free_space: '10%',
  min_free_inodes: '10%',
};

test('a spool is completed with the defaults of KumoMTA', () => {
  assert.deepEqual(spool.read({ name: 'data', path: '/var/spool/data' }), {
    ...{ name: 'data', path: '/var/spool/data' },
    ...DEFAULTS,
  });
});

test('rocks_params are completed with their defaults', () => {
  const { rocks_params } = spool.read({
    name: 'meta',
    path: '/p',
    kind: 'RocksDB',
    rocks_params: { max_open_files: 100 },
  });
  assert.deepEqual(rocks_params, {
    paranoid_checks: false,
    compression_type: 'Snappy',
    level_compaction_dynamic_level_bytes: false,
    log_level: 'Info',
    log_file_time_to_roll: '1day',
    obsolete_files_period: '6h',
    store_deadline: '30s',
    error_latch_duration: '15s',
    error_unlatch_duration: '5m',
    allow_error_unlatch: true,
    max_open_files: 100,
  });
});

test('a misspelt name in rocks_params is refused, though KumoMTA ignores it', () => {
  assertRefused(
    () => spool.read({ name: 'a', path: '/p', rocks_params: { compresion_type: 'None' } }),
    'rocks_params.compresion_type',
    /\(did you mean `compression_type`\?\)$/,
  );
});

test('what is wrong with a spool is refused with its path', () => {
  assertRefused(() => spool.read({ name: 'a' }), 'path', 'missing field `path`');
  assertRefused(() => spool.read({ path: 'a' }), 'name', 'missing field `name`');
  assertRefused(
    () => spool.read({ name: 'a', path: '/p', kind: 'Rocks' }),
    'kind',
    'unknown variant `Rocks`, expected `LocalDisk` or `RocksDB`',
  );
  assertRefused(() => spool.read({ name: 'a', path: '/p', min_free_space: 'x' }), 'min_free_space', /^invalid MinFree/);
  assertRefused(
    () => spool.read({ name: 'a', path: '/p', rocks_params: { increase_parallelism: 2 ** 31 } }),
    'rocks_params.increase_parallelism',
    'invalid value: integer `2147483648`, expected i32',
  );
});
