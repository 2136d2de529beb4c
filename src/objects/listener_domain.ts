import { type TUnsafe, Type } from '@sinclair/typebox';
import { cidrSet } from './cidr.ts';
import { duration } from './duration.ts';
import { LOG_REPORT_DISPOSITION } from './enums.ts';
import { type FieldOptions, field } from './field.ts';
import { invalidType, invalidValue } from './field_error.ts';
import { objectType } from './object_type.ts';
import type { Plain } from './plain.ts';
import { flag } from './scalars.ts';
import { table } from './table.ts';

type Disposition = (typeof LOG_REPORT_DISPOSITION)[number];

/** What becomes of a report; a boolean is the older form, and is printed as the string. */
function disposition(options: FieldOptions<Disposition>): TUnsafe<Disposition> {
  return field(Type.Unsafe<Disposition>(Type.String({ enum: LOG_REPORT_DISPOSITION, ...options })), readDisposition);
}

function readDisposition(input: Plain): Disposition {
  if (typeof input === 'boolean') return input ? 'LogThenRelay' : 'Ignore';
  const known = LOG_REPORT_DISPOSITION.find((name) => name === input);
  if (known !== undefined) return known;
  const expecting = "a boolean value or one of 'Ignore', 'LogThenDrop' or 'LogThenRelay'";
  throw typeof input === 'string' ? invalidValue(input, expecting) : invalidType(input, expecting);
}

export const listenerDomain = objectType(
  'EsmtpDomain',
  'make_listener_domain',
  table('EsmtpDomain', {
    log_oob: disposition({
      description: 'Handling of RFC 3464 out-of-band bounces; strings since 2025.05.06-b29689af.',
      default: 'Ignore',
    }),
    log_arf: disposition({
      description: 'Handling of RFC 5965 feedback reports; strings since 2025.05.06-b29689af.',
      default: 'Ignore',
    }),
    relay_to: flag({ description: 'Relay mail addressed to this domain from anyone.', default: false }),
    relay_from: cidrSet({ description: 'Peers allowed to relay mail sent from this domain.', default: [] }),
    ttl: duration({ description: 'Accepted and printed but unused.', default: '1m', deprecated: true }),
  }),
);
