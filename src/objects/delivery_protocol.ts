import { type Static, type TUnion, Type } from '@sinclair/typebox';
import { hostOrSocket } from './address.ts';
import { list } from './containers.ts';
import { duration } from './duration.ts';
import { type FieldOptions, field, readerOf } from './field.ts';
import { FieldError, invalidValue } from './field_error.ts';
import type { Plain } from './plain.ts';
import { flag, integer, parsedText, readFlag, text } from './scalars.ts';
import { table } from './table.ts';
import { untaggedReader } from './untagged.ts';

/** A flag that is printed only when it is set. */
const isSecure = field(
  Type.Boolean({ description: 'DNSSEC-secure marker; omitted when false.', since: 'dev' }),
  (input) => (readFlag(input) ? true : undefined),
);

const ResolvedAddress = table('ResolvedAddress', {
  name: text({ description: 'Host name used for reporting and certificate checks.' }),
  addr: hostOrSocket({ description: 'IP, IP:port, or absolute unix socket path.' }),
  is_secure: Type.Optional(isSecure),
});
const readResolvedAddress = readerOf(ResolvedAddress);

const mxListEntry = field(
  Type.Union([Type.String({ description: 'Host name, host:port, [ip] or [ip]:port.' }), ResolvedAddress]),
  (input) => (typeof input === 'string' ? input : readMxTable(input)),
);

function readMxTable(input: Plain): unknown {
  try {
    return readResolvedAddress(input);
  } catch (thrown) {
    if (!(thrown instanceof FieldError)) throw thrown;
    throw thrown.because('data did not match any variant of untagged enum MxListEntry');
  }
}

const Smtp = table('SmtpProtocol', {
  mx_list: list(mxListEntry, {
    description: 'Explicit hosts, tried in order, replacing MX resolution.',
    default: [],
    since: '2023.08.22-4d895015',
  }),
  treat_mx_list_as_secure: flag({
    description: 'Treat mx_list as a DNSSEC-trusted selection for DANE.',
    default: false,
    since: 'dev',
  }),
});

const Lua = table('LuaDeliveryProtocol', {
  constructor: text({ description: 'Event name that builds the connection object.' }),
  batch_size: integer('usize', { description: 'Most messages passed in one batch.', default: 1 }),
  min_batch_size: integer('usize', { description: 'Preferred minimum batch before sending.', default: 1 }),
  max_batch_latency: duration({ description: 'Longest wait to fill a batch.', default: '0s' }),
});

const Xfer = table('XferProtocol', {
  target: parsedText('url', parseUrl, { description: 'HTTP(S) URL prefix of the receiving node.' }),
});

function parseUrl(url: string): string {
  if (URL.canParse(url)) return new URL(url).href;
  throw invalidValue(url, /^[a-z][a-z0-9+.-]*:/i.test(url) ? 'a valid URL' : 'relative URL without a base', 'URL');
}

const SmtpVariant = table('Smtp', { smtp: Smtp });
const MaildirVariant = table('Maildir', {
  maildir_path: text({ description: 'Maildir path; accepts template expansion.' }),
  dir_mode: Type.Optional(integer('u32', { description: 'Directory permission bits.', since: '2025.01.23-7273d2bc' })),
  file_mode: Type.Optional(integer('u32', { description: 'File permission bits.', since: '2025.01.23-7273d2bc' })),
});
const LuaVariant = table('Lua', { custom_lua: Lua });
const XferVariant = table('Xfer', { xfer: Xfer });

type DeliveryProtocolSchema = TUnion<
  [typeof SmtpVariant, typeof MaildirVariant, typeof LuaVariant, typeof XferVariant]
>;
export type DeliveryProtocol = Static<DeliveryProtocolSchema>;

const read = untaggedReader('DeliveryProto', [SmtpVariant, MaildirVariant, LuaVariant, XferVariant]);

/**
 * How messages leave the queue. KumoMTA's three further variants have no name in the data; it assigns them itself to
 * reserved queues, for which no policy is asked.
 */
export function deliveryProtocol(options: FieldOptions<DeliveryProtocol>): DeliveryProtocolSchema {
  return field(Type.Union([SmtpVariant, MaildirVariant, LuaVariant, XferVariant], options), read);
}
