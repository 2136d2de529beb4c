import assert from 'node:assert/strict';
import { test } from 'node:test';
import { objectTypes, sharedSchemas } from '../../src/objects/index.ts';

test('every constructor has its type in the table', () => {
  assert.deepEqual(Object.keys(objectTypes), [
    'make_queue_config',
    'make_egress_pool',
    'make_egress_source',
    'make_egress_path',
    'make_listener_domain',
    'start_esmtp_listener',
    'start_http_listener',
    'define_spool',
    'configure_local_logs',
    'configure_log_hook',
    'configure_log_disposition_hook',
    'make_throttle',
    'configure_bounce_classifier',
    'configure_redis_throttles',
  ]);
  for (const [name, type] of Object.entries(objectTypes)) assert.equal(type.constructorName, name);
});

test('a schema refers only to shared schemas', () => {
  const text = JSON.stringify([...Object.values(objectTypes), ...Object.values(sharedSchemas)]);
  const references = new Set([...text.matchAll(/"\$ref":"([^"]*)"/g)].map(([, reference]) => reference));
  const offered = Object.keys(sharedSchemas).map((name) => `#/components/schemas/${name}`);
  assert.deepEqual([...references], offered);
});
