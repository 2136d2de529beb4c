import assert from 'node:assert/strict';
import { test } from 'node:test';
import { logDispositionHook, logHook } from '../../src/objects/index.ts';
import { assertRefused } from './refusal.ts';

test('a log hook is completed with the defaults of KumoMTA', () => {
  assert.deepEqual(logHook.read({ name: 'h' }), {
    name: 'h',
    back_pressure: 128_000,
    meta: [],
    headers: [],
    per_record: {},
    deferred_spool: false,
  });
});

test('a disposition hook is completed with the defaults of KumoMTA', () => {
  assert.deepEqual(logDispositionHook.read({ name: 'h', per_record: { OOB: {} } }), {
    name: 'h',
    per_record: { OOB: { enable: true, segment_header: '' } },
  });
});

test('what is wrong with a hook is refused with its path', () => {
  assertRefused(() => logHook.read({}), 'name', 'missing field `name`');
  assertRefused(() => logHook.read({ name: 'h', back_pressure: '5' }), 'back_pressure', /expected usize$/);
  assertRefused(
    () => logDispositionHook.read({ name: 'h', meta: {} }),
    'meta',
    'unknown field `meta`, expected `name` or `per_record`',
  );
});
