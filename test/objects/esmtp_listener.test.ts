import assert from 'node:assert/strict';
import { hostname } from 'node:os';
import { test } from 'node:test';
import { esmtpListener, redact } from '../../src/objects/index.ts';
import { assertRefused } from './refusal.ts';

const DEFAULTS = {
  listen: '127.0.0.1:2025',
  hostname: hostname(),
  relay_hosts: ['127.0.0.1', '::1'],
  banner: 'KumoMTA',
  batch_handling: 'BifurcateAlways',
  deferred_spool: false,
  deferred_queue: false,
  trace_headers: { received_header: true, supplemental_header: true, header_name: 'X-KumoRef', include_meta_names: [] },
  client_timeout: '1m',
  data_processing_timeout: '5m',
  max_messages_per_connection: 10000,
  max_recipients_per_message: 1024,
  max_message_size: 20971520,
  data_buffer_size: 131072,
  invalid_line_endings: 'Deny',
  line_length_hard_limit: 998,
  allow_xclient: false,
  require_proxy_protocol: false,
  max_connections: 32768,
};

test('an ESMTP listener is completed with the defaults of KumoMTA', () => {
  assert.deepEqual(esmtpListener.read({}), DEFAULTS);
});

test('overrides in peer and via stay overrides: no default is filled in', () => {
  const printed = esmtpListener.read({
    peer: { '10.0.0.0/8': { banner: 'inside', via: { '::1/128': { relay_hosts: ['10.0.0.0/9', '10.128.0.0/9'] } } } },
  });
  assert.deepEqual(printed, {
    ...DEFAULTS,
    peer: { '10.0.0.0/8': { banner: 'inside', via: { '::1': { relay_hosts: ['10.0.0.0/8'] } } } },
  });
});

test('trace headers are replaced whole, with their own defaults', () => {
  const printed = esmtpListener.read({ trace_headers: { received_header: false, include_meta_names: {} } });
  assert.deepEqual(printed.trace_headers, { ...DEFAULTS.trace_headers, received_header: false });
});

test('null is an absent override, since KumoMTA applies the defaults later', () => {
  assert.deepEqual(esmtpListener.read({ banner: null, relay_hosts: null, tls_certificate: null }), DEFAULTS);
  assertRefused(() => esmtpListener.read({ listen: null }), 'listen', 'invalid type: unit value, expected a string');
});

test('meta holds any data', () => {
  const printed = esmtpListener.read({ meta: { b: [1, 'x', true], a: { c: null } } });
  assert.equal(JSON.stringify(printed.meta), '{"a":{"c":null},"b":[1,"x",true]}');
});

test('listen and max_connections are unknown in overrides', () => {
  assertRefused(
    () => esmtpListener.read({ peer: { '10.0.0.1': { listen: '0:25' } } }),
    'peer["10.0.0.1"].listen',
    /^unknown field `listen`, expected one of `hostname`/,
  );
  assertRefused(
    () => esmtpListener.read({ via: { any: { max_connections: 5 } } }),
    'via.any.max_connections',
    /^unknown field `max_connections`/,
  );
});

test('what is wrong with a listener is refused with its path', () => {
  assertRefused(
    () => esmtpListener.read({ domains: {} }),
    'domains',
    /^unknown field `domains`, expected one of `listen`/,
  );
  assertRefused(
    () => esmtpListener.read({ max_message_size: '20MB' }),
    'max_message_size',
    'invalid type: string "20MB", expected usize',
  );
  assertRefused(
    () => esmtpListener.read({ batch_handling: 'x' }),
    'batch_handling',
    'unknown variant `x`, expected `BifurcateAlways` or `BatchByDomain`',
  );
  assertRefused(() => esmtpListener.read({ peer: { x: {} } }), 'peer.x', /^x is not a valid CIDR/);
  assertRefused(() => esmtpListener.read({ trace_headers: { x: 1 } }), 'trace_headers.x', /^unknown field `x`/);
});

test('redaction reaches keys within overrides', () => {
  const printed = esmtpListener.read({ peer: { any: { tls_private_key: { key_data: 'secret' } } } });
  assert.deepEqual(redact(esmtpListener, printed).peer, { any: { tls_private_key: { key_data: '[redacted]' } } });
});
