import assert from 'node:assert/strict';
import { test } from 'node:test';
import { readerOf } from '../../src/objects/field.ts';
import { keySource } from '../../src/objects/key_source.ts';
import { assertRefused } from './refusal.ts';

const read = readerOf(keySource({ description: 'a test' }));
const NO_MATCH = 'data did not match any variant of untagged enum KeySource';

test('a string is the path of a file', () => {
  assert.equal(read('/etc/key.pem'), '/etc/key.pem');
});

test('the table forms are told apart by their keys', () => {
  assert.deepEqual(read({ key_data: 'secret' }), { key_data: 'secret' });
  assert.deepEqual(read({ vault_path: 'p', vault_mount: 'm' }), {
    vault_mount: 'm',
    vault_path: 'p',
    vault_key: 'key',
  });
  assert.deepEqual(read({ event_name: 'e', event_args: ['a', { b: 1 }] }), {
    event_name: 'e',
    event_args: ['a', { b: 1 }],
  });
  assert.deepEqual(read({ event_name: 'e', event_args: {} }), { event_name: 'e', event_args: [] });
});

test('bytes print as text if they are UTF-8, and as integers if not', () => {
  assert.deepEqual(read({ key_data: [104, 105] }), { key_data: 'hi' });
  assert.deepEqual(read({ key_data: Uint8Array.of(104, 105) }), { key_data: 'hi' });
  assert.deepEqual(read({ key_data: Uint8Array.of(255, 0) }), { key_data: [255, 0] });
  assertRefused(
    () => read({ key_data: [256] }),
    'key_data',
    `${NO_MATCH}: invalid value: sequence, expected a string or a list of bytes`,
  );
});

test('the error says what is wrong with the form that was meant', () => {
  assertRefused(() => read({ vault_mount: 'm' }), 'vault_path', `${NO_MATCH}: missing field \`vault_path\``);
  assertRefused(() => read({ event_name: 'e' }), 'event_args', `${NO_MATCH}: missing field \`event_args\``);
  assertRefused(() => read({ key_data: 5 }), 'key_data', `${NO_MATCH}: invalid type: integer \`5\`, expected a string`);
  assertRefused(() => read({}), '', `${NO_MATCH}: expected one of \`key_data\`, \`vault_mount\`, \`event_name\``);
  assertRefused(
    () => read(5),
    '',
    /^data did not match any variant of untagged enum KeySource: invalid type: integer `5`/,
  );
});

test('keys that KumoMTA would ignore are refused', () => {
  assertRefused(
    () => read({ key_data: 'x', vault_mount: 'm' }),
    'vault_mount',
    /unknown field `vault_mount`, expected `key_data`/,
  );
  assertRefused(() => read({ key_dat: 'x' }), 'key_dat', /unknown field `key_dat`, .* \(did you mean `key_data`\?\)$/);
});
