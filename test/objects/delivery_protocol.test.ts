import assert from 'node:assert/strict';
import { test } from 'node:test';
import { deliveryProtocol } from '../../src/objects/delivery_protocol.ts';
import { readerOf } from '../../src/objects/field.ts';
import { assertRefused } from './refusal.ts';

const read = readerOf(deliveryProtocol({ description: 'a test' }));
const NO_MATCH = 'data did not match any variant of untagged enum DeliveryProto';

test('each variant is completed with its defaults', () => {
  assert.deepEqual(read({ smtp: {} }), { smtp: { mx_list: [], treat_mx_list_as_secure: false } });
  assert.deepEqual(read({ maildir_path: '/m', dir_mode: 0o700 }), { maildir_path: '/m', dir_mode: 0o700 });
  assert.deepEqual(read({ custom_lua: { constructor: 'make.http' } }), {
    custom_lua: { constructor: 'make.http', batch_size: 1, min_batch_size: 1, max_batch_latency: '0s' },
  });
  assert.deepEqual(read({ xfer: { target: 'http://10.0.0.1:8000' } }), { xfer: { target: 'http://10.0.0.1:8000/' } });
});

test('an MX list holds names and addresses; is_secure prints only when set', () => {
  const printed = read({
    smtp: {
      mx_list: [
        'mx.example.com:26',
        { name: 'a', addr: '[10.0.0.1]:25', is_secure: false },
        { name: 'b', addr: '::1', is_secure: true },
      ],
    },
  });
  assert.deepEqual(printed, {
    smtp: {
      mx_list: ['mx.example.com:26', { name: 'a', addr: '10.0.0.1:25' }, { name: 'b', addr: '::1', is_secure: true }],
      treat_mx_list_as_secure: false,
    },
  });
});

test('an empty table is an empty MX list', () => {
  assert.deepEqual(read({ smtp: { mx_list: {} } }), { smtp: { mx_list: [], treat_mx_list_as_secure: false } });
});

test('the error says what is wrong within the variant that was meant', () => {
  assertRefused(
    () => read({ smtp: { mx_lst: {} } }),
    'smtp.mx_lst',
    `${NO_MATCH}: unknown field \`mx_lst\`, expected \`mx_list\` or \`treat_mx_list_as_secure\` (did you mean \`mx_list\`?)`,
  );
  assertRefused(() => read({ custom_lua: {} }), 'custom_lua.constructor', `${NO_MATCH}: missing field \`constructor\``);
  assertRefused(() => read({ dir_mode: 1 }), 'maildir_path', `${NO_MATCH}: missing field \`maildir_path\``);
  assertRefused(
    () => read({ smtp: { mx_list: ['a', { name: 'b' }] } }),
    'smtp.mx_list[2].addr',
    `${NO_MATCH}: data did not match any variant of untagged enum MxListEntry: missing field \`addr\``,
  );
  assertRefused(
    () => read({ xfer: { target: 'example.com' } }),
    'xfer.target',
    `${NO_MATCH}: invalid value: string "example.com", expected relative URL without a base`,
  );
});

test('what is no variant at all is refused', () => {
  const heads = 'one of `smtp`, `maildir_path`, `custom_lua`, `xfer`';
  assertRefused(() => read({}), '', `${NO_MATCH}: expected ${heads}`);
  assertRefused(() => read('Null'), '', `${NO_MATCH}: invalid type: string "Null", expected a table with ${heads}`);
  assertRefused(() => read({ http_request: {} }), 'http_request', /unknown field `http_request`/);
  assertRefused(() => read({ smtp: {}, xfer: {} }), 'xfer', /unknown field `xfer`, expected `smtp`$/);
});
