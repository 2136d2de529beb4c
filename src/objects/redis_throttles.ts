import { type TArray, type TString, type TUnion, Type } from '@sinclair/typebox';
import { list } from './containers.ts';
import { duration } from './duration.ts';
import { field, REDACTED, readerOf, secret } from './field.ts';
import { objectType } from './object_type.ts';
import { flag, integer, text } from './scalars.ts';
import { table } from './table.ts';

const url = text({ description: 'Redis URL.' });
const urls = list(url, { description: 'Redis URLs of a cluster.' });
const readUrl = readerOf(url);
const readUrls = readerOf(urls);

const node: TUnion<[TString, TArray<TString>]> = secret(
  field(Type.Union([url, urls], { description: 'Redis URL, or list of URLs for a cluster.' }), (input) =>
    typeof input === 'object' && input !== null ? readUrls(input) : readUrl(input),
  ),
  (value) => hidePasswords(value as string | string[]),
);

/** The URLs without the passwords that they carry; the same value when they carry none. */
function hidePasswords(value: string | string[]): string | string[] {
  if (typeof value === 'string') return value.replace(/^([a-z+-]+:\/\/[^/@]*?:)[^/]*@/i, `$1${REDACTED}@`);
  const hidden = value.map((entry) => hidePasswords(entry) as string);
  return hidden.every((entry, index) => entry === value[index]) ? value : hidden;
}

export const redisThrottles = objectType(
  'RedisConnKey',
  'configure_redis_throttles',
  table('RedisConnKey', {
    node,
    read_from_replicas: flag({ description: 'Cluster only: read from replicas.', default: false }),
    username: Type.Optional(text({ description: 'Overrides the URL username; applied to single nodes too.' })),
    password: Type.Optional(secret(text({ description: 'Overrides the URL password; applied to single nodes too.' }))),
    cluster: Type.Optional(
      flag({
        description: 'Force the client kind; when absent, cluster if node is a list.',
        since: '2024.09.02-c5476b89',
      }),
    ),
    pool_size: Type.Optional(
      integer('usize', { description: "Pool size; the pool library's default when absent, not always 10." }),
    ),
    connect_timeout: Type.Optional(duration({ description: 'Connection timeout.', since: '2024.06.10-84e84b89' })),
    recycle_timeout: Type.Optional(duration({ description: 'Liveness check timeout.', since: '2024.09.02-c5476b89' })),
    wait_timeout: Type.Optional(
      duration({ description: 'Wait for a pooled connection.', since: '2024.09.02-c5476b89' }),
    ),
    response_timeout: Type.Optional(duration({ description: 'Query response timeout.', since: '2024.09.02-c5476b89' })),
  }),
);
