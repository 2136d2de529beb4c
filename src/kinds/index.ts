/** The kinds of live objects, by name. */
import { ConfigError } from '../errors.ts';
import { egressPathKind } from './egress_path.ts';
import { egressPoolKind } from './egress_pool.ts';
import { egressSourceKind } from './egress_source.ts';
import { KIND_NAMES, type Kind, type KindName } from './kind.ts';
import { listenerDomainKind } from './listener_domain.ts';
import { queue } from './queue.ts';

export type { Ask, Kind, KindName, Timing } from './kind.ts';
export { KIND_NAMES } from './kind.ts';
export { REQUESTS, type ResolveRequest, requestedObject, type WantedObject } from './request.ts';

export const kinds: Readonly<Record<KindName, Kind>> = {
  queue,
  egress_pool: egressPoolKind,
  egress_source: egressSourceKind,
  egress_path: egressPathKind,
  listener_domain: listenerDomainKind,
};

/** `text` as the name of a kind; throws UNKNOWN_KIND. */
export function kindNamed(text: string): KindName {
  if ((KIND_NAMES as readonly string[]).includes(text)) return text as KindName;
  throw new ConfigError('UNKNOWN_KIND', `unknown kind '${text}'`);
}
