import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type KindName, kinds } from '../../src/kinds/index.ts';
import type { Plain } from '../../src/objects/plain.ts';
import { warningsOf } from '../../src/objects/warnings.ts';

const warnings = (kind: KindName, input: { [key: string]: Plain }): string[] =>
  warningsOf(kind, kinds[kind].type.read(input));

test('what has only defaults gives no warning', () => {
  const least = { queue: {}, egress_source: { name: 's' }, egress_path: {}, listener_domain: {} } as const;
  for (const [kind, input] of Object.entries(least)) assert.deepEqual(warnings(kind as KindName, input), [], kind);
  assert.deepEqual(warnings('egress_pool', { name: 'p', entries: [{ name: 'a' }, { name: 'b', weight: 0 }] }), []);
});

test('a longest retry below the shortest is told', () => {
  assert.deepEqual(warnings('queue', { retry_interval: '10m', max_retry_interval: '5m' }), [
    'max_retry_interval 5m is shorter than retry_interval 10m',
  ]);
  assert.deepEqual(warnings('queue', { retry_interval: '10m', max_retry_interval: '10m' }), []);
});

test('a pool that can give no source is told, and one that lists a source twice', () => {
  assert.deepEqual(warnings('egress_pool', { name: 'p' }), ['it has no entries: mail for it finds no source']);
  const asleep = { name: 'p', entries: [{ name: 'a', weight: 0 }] };
  assert.deepEqual(warnings('egress_pool', asleep), ['every entry has weight 0: mail for it finds no source']);
  const twice = { name: 'p', entries: [{ name: 'a' }, { name: 'b' }, { name: 'a', weight: 3 }] };
  assert.deepEqual(warnings('egress_pool', twice), ["source 'a' is listed twice"]);
});

test('half of what belongs together is told, whichever half', () => {
  const pairs: [KindName, string, Plain, string, Plain][] = [
    ['egress_source', 'ha_proxy_server', '10.0.0.1:5000', 'ha_proxy_source_address', '10.0.0.2'],
    ['egress_source', 'socks5_proxy_server', '10.0.0.1:5000', 'socks5_proxy_source_address', '10.0.0.2'],
    ['egress_path', 'tls_certificate', '/c.pem', 'tls_private_key', '/k.pem'],
    ['egress_path', 'smtp_auth_plain_username', 'u', 'smtp_auth_plain_password', { key_data: 'x' }],
  ];
  for (const [kind, one, oneValue, other, otherValue] of pairs) {
    const name: { [key: string]: Plain } = kind === 'egress_source' ? { name: 's' } : {};
    assert.deepEqual(warnings(kind, { ...name, [one]: oneValue }), [`${one} is set without ${other}, and is ignored`]);
    assert.deepEqual(warnings(kind, { ...name, [other]: otherValue }), [
      `${other} is set without ${one}, and is ignored`,
    ]);
    assert.deepEqual(warnings(kind, { ...name, [one]: oneValue, [other]: otherValue }), []);
  }
});
