import { egressSource } from '../objects/index.ts';
import { byTtl } from './egress_pool.ts';
import type { Kind } from './kind.ts';
import { UNSPECIFIED } from './queue.ts';

export const egressSourceKind: Kind = {
  name: 'egress_source',
  type: egressSource,
  ask: (name) => ({ event: 'get_egress_source', args: [name] }),
  reserved: (name) => (name === UNSPECIFIED ? egressSource.read({ name: UNSPECIFIED }) : undefined),
  whenNone: 'error',
  timing: (value) => byTtl(value!['ttl'] as string),
  uses: () => [],
  blame: (name) => `get_egress_source '${name}': `,
};
