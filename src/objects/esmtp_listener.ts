import { type Static, type TObject, type TProperties, type TSchema, Type } from '@sinclair/typebox';
import { cidrMap, cidrSet } from './cidr.ts';
import { map } from './containers.ts';
import { duration } from './duration.ts';
import { BATCH_HANDLING, CONFORMANCE_DISPOSITION } from './enums.ts';
import { annotate, field, readerOf, redactorOf, withEffectiveDefault } from './field.ts';
import { HOST_NAME } from './host_name.ts';
import { type KeySource, keySource } from './key_source.ts';
import { objectType } from './object_type.ts';
import { anyValue, choice, flag, integer, text } from './scalars.ts';
import { table } from './table.ts';
import { TraceHeaders } from './trace_headers.ts';

/** Settings of a session that are in force when no one gives them. */
const DEFAULTED = {
  hostname: text({ description: 'Server name in banner; the machine host name when absent.' }),
  relay_hosts: cidrSet({ description: 'Peers allowed to relay.' }),
  banner: text({ description: 'Banner text after the host name.' }),
  batch_handling: choice(BATCH_HANDLING, {
    description: 'How multi-recipient transactions are split.',
    since: '2025.12.02-67ee9e96',
  }),
  deferred_spool: flag({ description: 'Keep messages in memory until first transient failure.' }),
  deferred_queue: flag({
    description: 'Defer post-DATA processing through an internal queue.',
    since: '2025.01.23-7273d2bc',
  }),
  trace_headers: annotate(TraceHeaders, { description: 'Trace header settings; replaced whole, not merged.' }),
  client_timeout: duration({ description: 'Time allowed for client reads and writes.' }),
  data_processing_timeout: duration({
    description: 'Time allowed to process DATA.',
    since: '2025.03.19-1d3f1f67',
  }),
  max_messages_per_connection: integer('usize', { description: 'MAIL FROM commands per connection.' }),
  max_recipients_per_message: integer('usize', { description: 'RCPT TO commands per transaction.' }),
  max_message_size: integer('usize', { description: 'Largest accepted message, in bytes.' }),
  data_buffer_size: integer('usize', { description: 'Read buffer used during DATA, in bytes.' }),
  invalid_line_endings: choice(CONFORMANCE_DISPOSITION, {
    description: 'Response to non-CRLF line endings in DATA.',
    since: '2023.11.28-b5252a41',
  }),
  line_length_hard_limit: integer('usize', {
    description: 'Longest accepted line, excluding CRLF, in bytes.',
    since: '2023.11.28-b5252a41',
  }),
  allow_xclient: flag({ description: 'Allow the XCLIENT extension.', since: '2025.10.06-5ec871ab' }),
  require_proxy_protocol: flag({
    description: 'Require an HAProxy protocol header.',
    since: '2025.12.02-67ee9e96',
  }),
};

const EFFECTIVE_DEFAULTS: { [Name in keyof typeof DEFAULTED]: Static<(typeof DEFAULTED)[Name]> } = {
  hostname: HOST_NAME,
  relay_hosts: ['127.0.0.1', '::1'],
  banner: 'KumoMTA',
  batch_handling: 'BifurcateAlways',
  deferred_spool: false,
  deferred_queue: false,
  trace_headers: {
    received_header: true,
    supplemental_header: true,
    header_name: 'X-KumoRef',
    include_meta_names: [],
  },
  client_timeout: '1m',
  data_processing_timeout: '5m',
  max_messages_per_connection: 10_000,
  max_recipients_per_message: 1024,
  max_message_size: 20 * 1024 * 1024,
  data_buffer_size: 128 * 1024,
  invalid_line_endings: 'Deny',
  line_length_hard_limit: 998,
  allow_xclient: false,
  require_proxy_protocol: false,
};

/** Where the schema of overrides is found in an OpenAPI document: it contains itself. */
export const SESSION_OVERRIDES_REF = '#/components/schemas/EsmtpSessionOverrides';

const nestedOverrides = field(
  Type.Unsafe<SessionOverrides>(Type.Any({ $ref: SESSION_OVERRIDES_REF })),
  (input) => readerOf(SessionOverrides)(input),
  (value) => redactorOf(SessionOverrides)!(value),
);

/** Settings of a session that may be absent. */
const OPTIONAL = {
  tls_certificate: Type.Optional(
    keySource({ description: 'Server certificate; self-signed one generated when absent.' }),
  ),
  tls_private_key: Type.Optional(keySource({ description: 'Server private key; generated when absent.' })),
  tls_required_client_ca: Type.Optional(
    keySource({ description: 'CA bundle used to verify client certificates.', since: '2025.10.06-5ec871ab' }),
  ),
  peer: Type.Optional(
    cidrMap(nestedOverrides, { description: 'Overrides keyed by peer address.', since: '2025.05.06-b29689af' }),
  ),
  via: Type.Optional(
    cidrMap(nestedOverrides, {
      description: 'Overrides keyed by local address; applied after peer.',
      since: '2025.05.06-b29689af',
    }),
  ),
  meta: Type.Optional(
    map(anyValue({ description: 'A value that JSON can carry.' }), {
      description: 'Connection metadata, merged key by key.',
      since: '2025.05.06-b29689af',
    }),
  ),
};

/** What `peer`, `via` and the smtp_server_get_dynamic_parameters event may override. */
export interface SessionOverrides extends Partial<Static<TObject<typeof DEFAULTED>>> {
  tls_certificate?: KeySource;
  tls_private_key?: KeySource;
  tls_required_client_ca?: KeySource;
  peer?: Record<string, SessionOverrides>;
  via?: Record<string, SessionOverrides>;
  meta?: Record<string, unknown>;
}

export const SessionOverrides: TObject = table('EsmtpSessionOverrides', {
  ...mapFields(DEFAULTED, (_, schema) => Type.Optional(schema)),
  ...OPTIONAL,
});

export const esmtpListener = objectType(
  'EsmtpListenerParams',
  'start_esmtp_listener',
  table('EsmtpListenerParams', {
    listen: text({ description: 'Local host:port to bind; top level only.', default: '127.0.0.1:2025' }),
    ...withEffectiveDefaults(),
    ...OPTIONAL,
    max_connections: integer('usize', {
      description: 'Concurrent sessions; excess get 421 4.3.2; top level only.',
      default: 32_768,
      since: '2024.09.02-c5476b89',
    }),
  }),
);

function withEffectiveDefaults(): typeof DEFAULTED {
  return mapFields(DEFAULTED, (name, schema) =>
    withEffectiveDefault(schema, EFFECTIVE_DEFAULTS[name]),
  ) as typeof DEFAULTED;
}

function mapFields(
  fields: typeof DEFAULTED,
  change: (name: keyof typeof DEFAULTED, schema: TSchema) => TSchema,
): TProperties {
  return Object.fromEntries(
    Object.entries(fields).map(([name, schema]) => [name, change(name as keyof typeof DEFAULTED, schema)]),
  );
}
