import { egressPool, parseDuration } from '../objects/index.ts';
import { DEFAULT_REAP_MS, type Kind } from './kind.ts';
import { UNSPECIFIED } from './queue.ts';

export const egressPoolKind: Kind = {
  name: 'egress_pool',
  type: egressPool,
  ask: (name) => ({ event: 'get_egress_pool', args: [name] }),
  reserved: (name) =>
    name === UNSPECIFIED ? egressPool.read({ name: UNSPECIFIED, entries: [{ name: UNSPECIFIED }] }) : undefined,
  whenNone: 'error',
  timing: (value) => byTtl(value!['ttl'] as string),
  /** Every source, whatever its weight: KumoMTA resolves them all with the pool. */
  uses: (value) => {
    const names = new Set((value!['entries'] as { name: string }[]).map((entry) => entry.name));
    return [...names].map((name) => ({ kind: 'egress_source', name }));
  },
  blame: (name) => `resolving egress pool '${name}': `,
};

/** Pools and sources refresh at their ttl, and when the epoch moves, before any queue that uses them. */
export function byTtl(ttl: string): ReturnType<Kind['timing']> {
  return {
    strategy: 'Ttl',
    refreshInterval: ttl,
    refreshMs: parseDuration(ttl),
    onEpoch: true,
    reapMs: DEFAULT_REAP_MS,
  };
}
