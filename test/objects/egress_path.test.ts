import assert from 'node:assert/strict';
import { test } from 'node:test';
import { egressPath, redact } from '../../src/objects/index.ts';
import type { Plain } from '../../src/objects/plain.ts';
import { assertRefused } from './refusal.ts';

const DEFAULTS = {
  connection_limit: { limit: 32, force_local: false },
  additional_connection_limits: {},
  enable_tls: 'Opportunistic',
  enable_mta_sts: true,
  enable_dane: false,
  enable_pipelining: true,
  enable_rset: true,
  tls_prefer_openssl: false,
  rustls_cipher_suites: [],
  connect_timeout: '1m',
  banner_timeout: '1m',
  ehlo_timeout: '5m',
  mail_from_timeout: '5m',
  rcpt_to_timeout: '5m',
  data_timeout: '5m',
  data_dot_timeout: '5m',
  rset_timeout: '5s',
  idle_timeout: '5s',
  starttls_timeout: '5s',
  auth_timeout: '1m',
  max_ready: 1024,
  consecutive_connection_failures_before_delay: 100,
  smtp_port: 25,
  allow_smtp_auth_plain_without_tls: false,
  allow_smtp_auth_plain_without_valid_certificate: false,
  additional_message_rate_throttles: {},
  additional_source_selection_rates: {},
  max_deliveries_per_connection: 1024,
  max_recipients_per_batch: 100,
  prohibited_hosts: ['0.0.0.0', '127.0.0.0/8', '::/127'],
  skip_hosts: [],
  ip_lookup_strategy: 'Ipv4AndIpv6',
  aggressive_connection_opening: false,
  refresh_interval: '1m',
  refresh_strategy: 'Ttl',
  dispatcher_wakeup_strategy: 'Aggressive',
  maintainer_wakeup_strategy: 'Aggressive',
  opportunistic_tls_reconnect_on_failed_handshake: false,
  use_lmtp: false,
  reconnect_strategy: 'ConnectNextHost',
  low_memory_reduction_policy: 'ShrinkDataAndMeta',
  no_memory_reduction_policy: 'ShrinkDataAndMeta',
  try_next_host_on_transport_error: false,
  ignore_8bit_checks: false,
};

test('a path is completed with the defaults of KumoMTA', () => {
  assert.deepEqual(egressPath.read({}), DEFAULTS);
});

test('a path prints what was given in normal form', () => {
  const printed = egressPath.read({
    connection_limit: 'local:10',
    additional_connection_limits: { 'b.c': 5, a: 10 },
    additional_message_rate_throttles: { provider: '1,000/hour' },
    prohibited_hosts: {},
    rustls_cipher_suites: ['tls13_aes_128_gcm_sha256'],
    openssl_options: 'NO_SSLV2|NO_SSLV3',
    remember_broken_tls: '3 days',
  });
  assert.deepEqual(printed, {
    ...DEFAULTS,
    connection_limit: { limit: 10, force_local: true },
    additional_connection_limits: { a: { limit: 10, force_local: false }, 'b.c': { limit: 5, force_local: false } },
    additional_message_rate_throttles: { provider: '1000/h' },
    prohibited_hosts: [],
    rustls_cipher_suites: ['TLS13_AES_128_GCM_SHA256'],
    openssl_options: 'NO_SSLV2|NO_SSLV3',
    remember_broken_tls: '3days',
  });
});

test('named limits print sorted by name', () => {
  const { additional_connection_limits: limits } = egressPath.read({
    additional_connection_limits: { b: 1, a: 2, B: 3 },
  });
  assert.deepEqual(Object.keys(limits), ['B', 'a', 'b']);
});

test('a name such as __proto__ is a name like any other', () => {
  const limits = JSON.parse('{ "__proto__": 5 }');
  const printed = egressPath.read({ additional_connection_limits: limits });
  assert.equal(JSON.stringify(printed.additional_connection_limits), '{"__proto__":{"limit":5,"force_local":false}}');
});

test('an unknown field of a path is refused with all names, though KumoMTA lists none', () => {
  assertRefused(
    () => egressPath.read({ conection_limit: 5 }),
    'conection_limit',
    /^unknown field `conection_limit`, expected one of `connection_limit`, .* \(did you mean `connection_limit`\?\)$/,
  );
  assertRefused(() => egressPath.read({ mx_rollup: true }), 'mx_rollup', /^unknown field `mx_rollup`/);
});

test('what is wrong with a path is refused with its path', () => {
  const refused: [{ [key: string]: Plain }, string, string | RegExp][] = [
    [{ connection_limit: 0 }, 'connection_limit', 'limit must be 1 or larger'],
    [
      { additional_connection_limits: { 'a.b': 'x' } },
      'additional_connection_limits["a.b"]',
      "invalid limit 'x': invalid digit found in string",
    ],
    [{ additional_connection_limits: 5 }, 'additional_connection_limits', 'invalid type: integer, expected table'],
    [{ additional_connection_limits: [5] }, 'additional_connection_limits', /expected a string$/],
    [{ max_message_rate: '10' }, 'max_message_rate', "expected 'limit/period', got 10"],
    [{ max_message_rate: 10 }, 'max_message_rate', 'invalid type: integer `10`, expected a string'],
    [{ enable_dane: 'yes' }, 'enable_dane', 'invalid type: string "yes", expected a boolean'],
    [{ max_ready: -1 }, 'max_ready', 'invalid value: integer `-1`, expected usize'],
    [{ smtp_port: 65_536 }, 'smtp_port', 'invalid value: integer `65536`, expected u16'],
    [{ skip_hosts: ['10.0.0.1/24'] }, 'skip_hosts', /Did you mean 10.0.0.0\/24\?$/],
    [
      { openssl_options: 'NO_SSLV2|no_sslv3' },
      'openssl_options',
      /^`no_sslv3` is not a valid SslOption name. Possible values are `ALL`, .* joined together by the pipe `\|` character\.$/,
    ],
    [
      { rustls_cipher_suites: ['TLS13_AES_256_GCM_SHA384', 'RC4'] },
      'rustls_cipher_suites[2]',
      '`RC4` is not a valid rustls cipher suite',
    ],
  ];
  for (const [input, path, reason] of refused) assertRefused(() => egressPath.read(input), path, reason);
});

test('redaction hides the password of SMTP AUTH', () => {
  const printed = egressPath.read({
    smtp_auth_plain_password: { key_data: 'secret' },
    tls_certificate: '/etc/cert.pem',
  });
  const hidden = redact(egressPath, printed);
  assert.deepEqual(hidden, { ...printed, smtp_auth_plain_password: { key_data: '[redacted]' } });
  assert.deepEqual(printed.smtp_auth_plain_password, { key_data: 'secret' });
});
