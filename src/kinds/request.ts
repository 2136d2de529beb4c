/** What users may write to name an object, and which live object that is. */

import { isDeepStrictEqual } from 'node:util';
import { type Static, Type } from '@sinclair/typebox';
import { ConfigError } from '../errors.ts';
import { type MxSource, siteOf } from '../mx/resolver.ts';
import type { Plain } from '../objects/plain.ts';
import { askPath, parsePathName } from './egress_path.ts';
import type { Ask, KindName } from './kind.ts';
import { askListenerDomain, DEFAULT_LISTENER, listenerDomainName } from './listener_domain.ts';
import { formatQueueName, parseQueueName, type QueueName } from './queue.ts';

/** Longer names than this are nobody's. */
const Name = Type.String({ minLength: 1, maxLength: 1024 });

/** Live listener domains are named `LISTENER domain`. */
const Listener = Type.String({ minLength: 1, maxLength: 1024, pattern: '^[^ ]+$' });

const closed = { additionalProperties: false } as const;

const ByName = Type.Object({ name: Name }, closed);

/** One shape per way to name an object of a kind; a request has to fit one of its kind's shapes. */
export const REQUESTS = {
  queue: [
    ByName,
    Type.Object(
      {
        domain: Name,
        tenant: Type.Optional(Type.String({ maxLength: 1024 })),
        campaign: Type.Optional(Type.String({ maxLength: 1024 })),
        routing_domain: Type.Optional(Name),
      },
      closed,
    ),
  ],
  egress_pool: [ByName],
  egress_source: [ByName],
  egress_path: [ByName, Type.Object({ source: Name, domain: Type.Optional(Name), site: Type.Optional(Name) }, closed)],
  listener_domain: [
    Type.Object(
      {
        name: Type.String({ maxLength: 1024 }),
        listener: Type.Optional(Listener),
        conn_meta: Type.Optional(Type.Record(Type.String(), Type.Unknown())),
      },
      closed,
    ),
  ],
} as const satisfies Record<KindName, unknown>;

export type ResolveRequest = { [K in KindName]: { kind: K } & Static<(typeof REQUESTS)[K][number]> }[KindName];

export interface WantedObject {
  kind: KindName;
  name: string;
  /** The handler call, where the name alone does not say it. */
  ask?: Ask;
  /** False for an object that must not outlive its session. */
  keep?: boolean;
}

/** The live object that a request means. A promise only where DNS has to be asked. Throws INVALID_NAME. */
export function requestedObject(request: ResolveRequest, dns: MxSource): WantedObject | Promise<WantedObject> {
  switch (request.kind) {
    case 'egress_path':
      return 'name' in request ? request : requestedPath(request, dns);
    case 'listener_domain':
      return requestedListenerDomain(request);
    case 'queue':
      return 'name' in request ? request : { kind: 'queue', name: queueNameOf(request) };
    default:
      return request;
  }
}

/** The name of the queue with these parts. Throws INVALID_NAME when the name would read as other parts. */
function queueNameOf({ domain, tenant, campaign, routing_domain }: QueueName): string {
  // A campaign without a tenant reads back as one with an empty tenant.
  const parts = { domain, tenant: campaign === undefined ? tenant : (tenant ?? ''), campaign, routing_domain };
  const name = formatQueueName(parts);
  if (!isDeepStrictEqual(parseQueueName(name), parts)) {
    throw new ConfigError('INVALID_NAME', `'${name}' would be the name of a queue with other parts`);
  }
  return name;
}

function requestedPath(
  request: { source: string; domain?: string; site?: string },
  dns: MxSource,
): WantedObject | Promise<WantedObject> {
  const { source, domain, site } = request;
  if (site !== undefined) return pathTo(domain ?? site, source, site);
  if (domain === undefined) throw new ConfigError('INVALID_REQUEST', 'an egress path needs a domain or a site');
  return siteOf(domain, dns).then((found) => {
    if (found === '') throw new ConfigError('DNS_FAILED', `'${domain}' takes no mail: its MX is null`);
    return pathTo(domain, source, found);
  });
}

function pathTo(domain: string, source: string, site: string): WantedObject {
  const name = `${source}->${site}`;
  if (parsePathName(name).source !== source) {
    throw new ConfigError('INVALID_NAME', `'${name}' would be the name of a path with another source`);
  }
  return { kind: 'egress_path', name, ask: askPath(domain, source, site) };
}

/** Keys of the metadata that a session has once somebody authenticated. */
const AUTHENTICATED = ['authn_id', 'authz_id'];

function requestedListenerDomain(request: {
  name: string;
  listener?: string;
  conn_meta?: Record<string, unknown>;
}): WantedObject {
  const listener = request.listener ?? DEFAULT_LISTENER;
  const meta = (request.conn_meta ?? {}) as { [key: string]: Plain };
  return {
    kind: 'listener_domain',
    name: listenerDomainName(request.name, listener),
    ask: askListenerDomain(request.name, listener, meta),
    keep: !AUTHENTICATED.some((key) => Object.hasOwn(meta, key)),
  };
}
