import { type TArray, type TString, Type } from '@sinclair/typebox';
import { list } from './containers.ts';
import { type FieldOptions, field } from './field.ts';
import { FieldError } from './field_error.ts';
import { parsedText, readText } from './scalars.ts';

/** Names that OpenSSL's options have in KumoMTA, sorted as its error lists them. */
const SSL_OPTIONS = [
  'ALL',
  'ALLOW_UNSAFE_LEGACY_RENEGOTIATION',
  'CIPHER_SERVER_PREFERENCE',
  'COOKIE_EXCHANGE',
  'DONT_INSERT_EMPTY_FRAGMENTS',
  'ENABLE_MIDDLEBOX_COMPAT',
  'NO_COMPRESSION',
  'NO_DTLSV1',
  'NO_DTLSV1_2',
  'NO_QUERY_MTU',
  'NO_RENEGOTIATION',
  'NO_SESSION_RESUMPTION_ON_RENEGOTIATION',
  'NO_SSLV2',
  'NO_SSLV3',
  'NO_SSL_MASK',
  'NO_TICKET',
  'NO_TLSV1',
  'NO_TLSV1_1',
  'NO_TLSV1_2',
  'NO_TLSV1_3',
  'PRIORITIZE_CHACHA',
  'SINGLE_DH_USE',
  'SINGLE_ECDH_USE',
  'TLS_ROLLBACK_BUG',
];

const RUSTLS_SUITES = [
  'TLS13_AES_256_GCM_SHA384',
  'TLS13_AES_128_GCM_SHA256',
  'TLS13_CHACHA20_POLY1305_SHA256',
  'TLS_ECDHE_ECDSA_WITH_AES_256_GCM_SHA384',
  'TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256',
  'TLS_ECDHE_ECDSA_WITH_CHACHA20_POLY1305_SHA256',
  'TLS_ECDHE_RSA_WITH_AES_256_GCM_SHA384',
  'TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256',
  'TLS_ECDHE_RSA_WITH_CHACHA20_POLY1305_SHA256',
];

/** Names of OpenSSL options joined by `|`, without spaces. */
export function sslOptions(options: FieldOptions<string>): TString {
  return parsedText('ssl-options', parseSslOptions, options);
}

/** Names of rustls cipher suites in any case; printed in upper case. */
export function rustlsSuites(options: FieldOptions<string[]>): TArray<TString> {
  return list(
    field(Type.String({ enum: RUSTLS_SUITES }), (input) => parseSuite(readText(input))),
    options,
  );
}

function parseSslOptions(text: string): string {
  const odd = text.split('|').find((name) => !SSL_OPTIONS.includes(name));
  if (odd === undefined) return text;
  const names = SSL_OPTIONS.map((name) => `\`${name}\``).join(', ');
  const help = `Possible values are ${names} joined together by the pipe \`|\` character.`;
  throw new FieldError('SslOption names', `\`${odd}\` is not a valid SslOption name. ${help}`);
}

function parseSuite(text: string): string {
  const name = text.toUpperCase();
  if (RUSTLS_SUITES.includes(name)) return name;
  throw new FieldError('rustls cipher suite', `\`${text}\` is not a valid rustls cipher suite`);
}
