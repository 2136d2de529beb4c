/** What a kind of live object is: how its names read, which handler makes its value, and what else it stands on. */
import { type ObjectType, parseDuration } from '../objects/index.ts';
import type { Plain } from '../objects/plain.ts';

export const KIND_NAMES = ['queue', 'egress_pool', 'egress_source', 'egress_path', 'listener_domain'] as const;
export type KindName = (typeof KIND_NAMES)[number];

/** The handler call that makes an object's value. */
export interface Ask {
  event: string;
  args: Plain[];
}

/** When an object is refreshed and when it goes. */
export interface Timing {
  strategy: 'Ttl' | 'Epoch';
  /** The interval as the configuration spells it. */
  refreshInterval: string;
  /** Refreshed this long after it was made; null for never by age. */
  refreshMs: number | null;
  /** Refreshed when the epoch moves. */
  onEpoch: boolean;
  /** Unused for this long, it idles out. */
  reapMs: number;
}

export interface Kind {
  readonly name: KindName;
  readonly type: ObjectType;
  /** What to ask for an object that is known by its name alone. Throws INVALID_NAME. */
  ask(name: string): Ask;
  /** The value of a name that KumoMTA reserves: no handler is called for it. */
  reserved(name: string): Record<string, unknown> | undefined;
  /** What it means that no handler gave a value: the type's defaults, nil, or an error. */
  readonly whenNone: 'default' | 'nil' | 'error';
  timing(value: Record<string, unknown> | null): Timing;
  /** Objects that have to be live whenever this one is. */
  uses(value: Record<string, unknown> | null): { kind: KindName; name: string }[];
  /** Put before the message of an error in what the object stands on. */
  blame(name: string): string;
}

/** Queues and paths say themselves whether age or the epoch renews them; never both. */
export function byStrategy(value: Record<string, unknown> | null, reapMs: number): Timing {
  const { refresh_strategy: strategy, refresh_interval: refreshInterval } = value as {
    refresh_strategy: Timing['strategy'];
    refresh_interval: string;
  };
  const refreshMs = strategy === 'Ttl' ? parseDuration(refreshInterval) : null;
  return { strategy, refreshInterval, refreshMs, onEpoch: strategy === 'Epoch', reapMs };
}

/** KumoMTA's ready queues, and here everything that sets no interval of its own, go after ten idle minutes. */
export const DEFAULT_REAP_MS = 600_000;
