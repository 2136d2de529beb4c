/** How many objects there are, by kind and state, kept up to date so that asking costs nothing. */
import type { KindName } from '../kinds/index.ts';
import { KIND_NAMES } from '../kinds/index.ts';
import type { LiveObject, State } from './object.ts';
import { STATES } from './object.ts';

type Tally = Record<State, number>;

export class Census {
  readonly byKind: Record<KindName, Tally>;
  /** Of the fresh ones of a kind, those that the next epoch makes stale. */
  private readonly freshOnEpoch: Record<KindName, number>;
  /** Objects that depend on the epoch. */
  onEpoch = 0;

  constructor() {
    this.byKind = Object.fromEntries(KIND_NAMES.map((kind) => [kind, tally()])) as Record<KindName, Tally>;
    this.freshOnEpoch = Object.fromEntries(KIND_NAMES.map((kind) => [kind, 0])) as Record<KindName, number>;
  }

  /** Counts an object in (`by` = 1) or out (-1). A change of state is counted out before and in after. */
  count(object: LiveObject, required: number, by: 1 | -1): void {
    const kind = object.kind.name;
    const state = object.state(required);
    this.byKind[kind][state] += by;
    if (object.value.timing.onEpoch) {
      this.onEpoch += by;
      if (state === 'fresh') this.freshOnEpoch[kind] += by;
    }
  }

  /** The epoch has moved: what was fresh and depends on it is stale. */
  epochMoved(): void {
    for (const kind of KIND_NAMES) {
      this.byKind[kind].fresh -= this.freshOnEpoch[kind];
      this.byKind[kind].stale += this.freshOnEpoch[kind];
      this.freshOnEpoch[kind] = 0;
    }
  }

  total(): Tally {
    const sum = tally();
    for (const kind of KIND_NAMES) for (const state of STATES) sum[state] += this.byKind[kind][state];
    return sum;
  }
}

function tally(): Tally {
  return { fresh: 0, stale: 0, refreshing: 0, quarantined: 0 };
}
