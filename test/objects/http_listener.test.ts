import assert from 'node:assert/strict';
import { hostname } from 'node:os';
import { test } from 'node:test';
import { httpListener } from '../../src/objects/index.ts';
import { assertRefused } from './refusal.ts';

const DEFAULTS = {
  hostname: hostname(),
  listen: '127.0.0.1:8000',
  use_tls: false,
  request_body_limit: 2097152,
  trusted_hosts: ['127.0.0.1', '::1'],
};

test('an HTTP listener is completed with the defaults of KumoMTA', () => {
  assert.deepEqual(httpListener.read({}), DEFAULTS);
});

test('null is an absent body limit', () => {
  assert.deepEqual(httpListener.read({ request_body_limit: null }), DEFAULTS);
});

test('what is wrong with an HTTP listener is refused with its path', () => {
  assertRefused(
    () => httpListener.read({ use_tls: 'yes' }),
    'use_tls',
    'invalid type: string "yes", expected a boolean',
  );
  assertRefused(() => httpListener.read({ trusted_host: {} }), 'trusted_host', /\(did you mean `trusted_hosts`\?\)$/);
  assertRefused(
    () => httpListener.read({ trusted_hosts: '::1' }),
    'trusted_hosts',
    'invalid type: string, expected table',
  );
  assertRefused(
    () => httpListener.read({ request_body_limit: -1 }),
    'request_body_limit',
    'invalid value: integer `-1`, expected usize',
  );
});
