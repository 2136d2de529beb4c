import assert from 'node:assert/strict';
import { test } from 'node:test';
import { egressSource, redact } from '../../src/objects/index.ts';
import { assertRefused } from './refusal.ts';

const DEFAULTS = {
  ttl: '1m',
};

test('a source is completed with the defaults of KumoMTA', () => {
  assert.deepEqual(egressSource.read({ name: 's' }), { ...{ name: 's' }, ...DEFAULTS });
});

test('a source prints what was given in normal form', () => {
  const printed = egressSource.read({
    name: 's',
    source_address: '2001:DB8::0:1',
    remote_port: 587,
    ha_proxy_server: '[10.0.0.1]:5000',
    suspend_when_unplumbed: { duration: 300 },
    suspend_when_proxy_unhealthy: { duration: '1h', trigger: { Threshold: '3/5m' } },
  });
  assert.deepEqual(printed, {
    name: 's',
    ...DEFAULTS,
    source_address: '2001:db8::1',
    remote_port: 587,
    ha_proxy_server: '10.0.0.1:5000',
    suspend_when_unplumbed: { trigger: 'Immediate', duration: '5m' },
    suspend_when_proxy_unhealthy: { trigger: { Threshold: '3/300s' }, duration: '1h' },
  });
});

test('what is wrong with a source is refused with its path', () => {
  const read = (fields: { [key: string]: string | number }) => egressSource.read({ name: 's', ...fields });
  assertRefused(() => egressSource.read({}), 'name', 'missing field `name`');
  assertRefused(() => read({ source_address: '[::1]' }), 'source_address', 'invalid IP address syntax');
  assertRefused(() => read({ remote_port: 65_536 }), 'remote_port', 'invalid value: integer `65536`, expected u16');
  assertRefused(() => read({ remote_port: '25' }), 'remote_port', 'invalid type: string "25", expected u16');
  assertRefused(() => read({ socks5_proxy_server: 'proxy' }), 'socks5_proxy_server', /missing :port suffix/);
  assertRefused(() => read({ adress: 'x' }), 'adress', /^unknown field `adress`, expected one of `name`/);
});

test('the trigger of a suspension is a name or one threshold', () => {
  const read = (trigger: unknown) =>
    egressSource.read({ name: 's', suspend_when_unplumbed: { duration: 1, trigger: trigger as string } });
  const path = 'suspend_when_unplumbed.trigger';
  assertRefused(() => read('Later'), path, 'unknown variant `Later`, expected `Immediate` or `Threshold`');
  assertRefused(() => read({ Later: 1 }), path, 'unknown variant `Later`, expected `Immediate` or `Threshold`');
  assertRefused(() => read('Threshold'), path, 'invalid type: unit variant, expected newtype variant');
  assertRefused(() => read({ Threshold: '3' }), `${path}.Threshold`, "expected 'limit/period', got 3");
  assertRefused(() => read({}), path, 'invalid value: map, expected map with a single key');
});

test('redaction hides a password and no path of a file', () => {
  const literal = egressSource.read({ name: 's', socks5_proxy_password: { key_data: 'secret' } });
  assert.deepEqual(redact(egressSource, literal), { ...literal, socks5_proxy_password: { key_data: '[redacted]' } });
  const vault = egressSource.read({
    name: 's',
    socks5_proxy_password: { vault_mount: 'm', vault_path: 'p', vault_token: 'secret' },
  });
  assert.deepEqual(redact(egressSource, vault).socks5_proxy_password, {
    vault_mount: 'm',
    vault_path: 'p',
    vault_key: 'key',
    vault_token: '[redacted]',
  });
  const file = egressSource.read({ name: 's', socks5_proxy_password: '/etc/password' });
  assert.equal(redact(egressSource, file), file);
});
