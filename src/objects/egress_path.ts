import { Type } from '@sinclair/typebox';
import { cidrSet } from './cidr.ts';
import { map } from './containers.ts';
import { duration } from './duration.ts';
import {
  IP_LOOKUP_STRATEGY,
  MEMORY_REDUCTION_POLICY,
  RECONNECT_STRATEGY,
  REFRESH_STRATEGY,
  TLS,
  WAKEUP_STRATEGY,
} from './enums.ts';
import { keySource } from './key_source.ts';
import { limit } from './limit.ts';
import { objectType } from './object_type.ts';
import { choice, flag, integer, text } from './scalars.ts';
import { table } from './table.ts';
import { throttleSpec } from './throttle_spec.ts';
import { rustlsSuites, sslOptions } from './tls_options.ts';

export const egressPath = objectType(
  'EgressPathConfig',
  'make_egress_path',
  table('EgressPathConfig', {
    connection_limit: limit({
      description: 'Concurrent connections from source to site; string form since 2025.01.23-7273d2bc.',
      default: { limit: 32, force_local: false },
    }),
    additional_connection_limits: map(limit({ description: 'A limit.' }), {
      description: 'Named limits that cut across paths; printed sorted.',
      default: {},
      since: '2024.11.08-d383b033',
    }),
    enable_tls: choice(TLS, { description: 'TLS posture; MTA-STS or DANE may override it.', default: 'Opportunistic' }),
    enable_mta_sts: flag({
      description: 'Whether a resolved MTA-STS policy raises the TLS posture.',
      default: true,
      since: '2023.11.28-b5252a41',
    }),
    enable_dane: flag({
      description: 'Query TLSA records and enforce DANE.',
      default: false,
      since: '2023.11.28-b5252a41',
    }),
    enable_pipelining: flag({
      description: 'Use SMTP PIPELINING when advertised.',
      default: true,
      since: '2025.01.23-7273d2bc',
    }),
    enable_rset: flag({
      description: 'Issue RSET before subsequent messages on a connection.',
      default: true,
      since: '2025.01.23-7273d2bc',
    }),
    tls_prefer_openssl: flag({
      description: 'Prefer OpenSSL over rustls.',
      default: false,
      since: '2024.09.02-c5476b89',
    }),
    tls_certificate: Type.Optional(
      keySource({ description: 'Client certificate to present.', since: '2025.10.06-5ec871ab' }),
    ),
    tls_private_key: Type.Optional(
      keySource({ description: 'Private key for the client certificate.', since: '2025.10.06-5ec871ab' }),
    ),
    openssl_cipher_list: Type.Optional(
      text({ description: 'OpenSSL cipher list up to TLS 1.2.', since: '2024.09.02-c5476b89' }),
    ),
    openssl_cipher_suites: Type.Optional(
      text({ description: 'OpenSSL TLS 1.3 cipher suites.', since: '2024.09.02-c5476b89' }),
    ),
    openssl_options: Type.Optional(
      sslOptions({
        description: 'Pipe-separated OpenSSL option names; never printed back.',
        since: '2024.09.02-c5476b89',
        serialized: false,
      }),
    ),
    rustls_cipher_suites: rustlsSuites({
      description: 'Rustls suite names, case-insensitive; never printed back.',
      default: [],
      since: '2024.09.02-c5476b89',
      serialized: false,
    }),
    connect_timeout: duration({ description: 'Time to establish the TCP connection.', default: '1m' }),
    banner_timeout: duration({
      description: 'Time to receive the 220 banner.',
      default: '1m',
      since: '2024.09.02-c5476b89',
    }),
    ehlo_timeout: duration({ description: 'Time to answer EHLO.', default: '5m' }),
    mail_from_timeout: duration({ description: 'Time to answer MAIL FROM.', default: '5m' }),
    rcpt_to_timeout: duration({ description: 'Time to answer RCPT TO.', default: '5m' }),
    data_timeout: duration({ description: 'Time to answer DATA; KumoMTA documents 30s.', default: '5m' }),
    data_dot_timeout: duration({ description: 'Time to answer the final dot; KumoMTA documents 60s.', default: '5m' }),
    rset_timeout: duration({ description: 'Time to answer RSET.', default: '5s' }),
    idle_timeout: duration({
      description: 'Idle time before a connection closes; KumoMTA documents 60s.',
      default: '5s',
    }),
    starttls_timeout: duration({ description: 'Time to answer STARTTLS.', default: '5s' }),
    auth_timeout: duration({ description: 'Time to answer AUTH; undocumented in KumoMTA.', default: '1m' }),
    system_shutdown_timeout: Type.Optional(
      duration({
        description: 'Shutdown grace; when absent, mail_from+rcpt_to+data+data_dot timeouts.',
        since: '2025.05.06-b29689af',
      }),
    ),
    max_ready: integer('usize', { description: 'Ready queue capacity.', default: 1024 }),
    consecutive_connection_failures_before_delay: integer('usize', {
      description: 'Failed plans tolerated before delaying the ready queue.',
      default: 100,
    }),
    smtp_port: integer('u16', { description: 'Destination port.', default: 25 }),
    smtp_auth_plain_username: Type.Optional(text({ description: 'Username for SMTP AUTH PLAIN.' })),
    smtp_auth_plain_password: Type.Optional(keySource({ description: 'Password for SMTP AUTH PLAIN.' })),
    allow_smtp_auth_plain_without_tls: flag({ description: 'Allow AUTH PLAIN on clear text.', default: false }),
    allow_smtp_auth_plain_without_valid_certificate: flag({
      description: 'Allow AUTH PLAIN over TLS whose peer was not validated.',
      default: false,
      since: 'dev',
    }),
    max_message_rate: Type.Optional(throttleSpec({ description: 'Message rate for this ready queue.' })),
    additional_message_rate_throttles: map(throttleSpec({ description: 'A throttle.' }), {
      description: 'Named message throttles that cut across paths; printed sorted.',
      default: {},
      since: '2024.11.08-d383b033',
    }),
    source_selection_rate: Type.Optional(
      throttleSpec({ description: 'Rate at which this source may be selected.', since: '2025.03.19-1d3f1f67' }),
    ),
    additional_source_selection_rates: map(throttleSpec({ description: 'A throttle.' }), {
      description: 'Named selection throttles that cut across paths.',
      default: {},
      since: '2025.03.19-1d3f1f67',
    }),
    max_connection_rate: Type.Optional(throttleSpec({ description: 'Rate of opening connections.' })),
    max_deliveries_per_connection: integer('usize', {
      description: 'Messages attempted per connection.',
      default: 1024,
      since: '2023.08.22-4d895015',
    }),
    max_recipients_per_batch: integer('usize', {
      description: 'RCPT TO commands per transaction.',
      default: 100,
      since: '2025.12.02-67ee9e96',
    }),
    prohibited_hosts: cidrSet({
      description: 'Addresses that fail the ready queue if MX resolves to them.',
      default: ['0.0.0.0', '127.0.0.0/8', '::/127'],
    }),
    skip_hosts: cidrSet({ description: 'Addresses removed from the connection plan.', default: [] }),
    ip_lookup_strategy: choice(IP_LOOKUP_STRATEGY, {
      description: 'How MX host names become addresses.',
      default: 'Ipv4AndIpv6',
      since: '2026.04.09-ea3b2a9b',
    }),
    ehlo_domain: Type.Optional(text({ description: 'EHLO name; beats the source value, then host name.' })),
    aggressive_connection_opening: flag({
      description: 'Open connections more eagerly; undocumented and provisional.',
      default: false,
    }),
    refresh_interval: duration({
      description: 'Time between get_egress_path_config calls under Ttl.',
      default: '1m',
      since: '2024.09.02-c5476b89',
    }),
    refresh_strategy: choice(REFRESH_STRATEGY, {
      description: 'When this object is considered stale.',
      default: 'Ttl',
      since: '2024.11.08-d383b033',
    }),
    dispatcher_wakeup_strategy: choice(WAKEUP_STRATEGY, {
      description: 'How dispatchers are woken by new messages.',
      default: 'Aggressive',
      since: '2025.05.06-b29689af',
    }),
    maintainer_wakeup_strategy: choice(WAKEUP_STRATEGY, {
      description: 'How the maintainer is woken by new messages.',
      default: 'Aggressive',
      since: '2025.05.06-b29689af',
    }),
    provider_name: Type.Optional(text({ description: 'Provider label for metrics rollup; undocumented in KumoMTA.' })),
    remember_broken_tls: Type.Optional(
      duration({ description: "How long a site's broken TLS is remembered.", since: '2024.11.08-d383b033' }),
    ),
    opportunistic_tls_reconnect_on_failed_handshake: flag({
      description: 'Reconnect in clear text after a failed opportunistic handshake.',
      default: false,
      since: '2025.01.23-7273d2bc',
    }),
    use_lmtp: flag({ description: 'Speak LMTP rather than ESMTP.', default: false, since: '2025.01.23-7273d2bc' }),
    reconnect_strategy: choice(RECONNECT_STRATEGY, {
      description: 'Behaviour after 421, IO error or timeout.',
      default: 'ConnectNextHost',
      since: '2025.01.29-833f82a8',
    }),
    readyq_pool_name: Type.Optional(
      text({ description: 'Named thread pool; unknown names log an error; undocumented in KumoMTA.' }),
    ),
    low_memory_reduction_policy: choice(MEMORY_REDUCTION_POLICY, {
      description: 'Action on new messages when memory is low.',
      default: 'ShrinkDataAndMeta',
      since: '2025.03.19-1d3f1f67',
    }),
    no_memory_reduction_policy: choice(MEMORY_REDUCTION_POLICY, {
      description: 'Action on new messages above the soft limit.',
      default: 'ShrinkDataAndMeta',
      since: '2025.03.19-1d3f1f67',
    }),
    try_next_host_on_transport_error: flag({
      description: 'Retry the message on the next host after transport errors.',
      default: false,
      since: '2025.10.06-5ec871ab',
    }),
    ignore_8bit_checks: flag({
      description: 'Skip local 8bit compatibility checks.',
      default: false,
      since: '2025.10.06-5ec871ab',
    }),
    dispatcher_progress_watchdog_timeout: Type.Optional(
      duration({
        description: 'Abort dispatchers without progress; when absent, derives it from the protocol.',
        since: 'dev',
      }),
    ),
  }),
);
