/** The live objects of one kind: found by name, and walked in the order of creation without building a list. */
import type { Clock } from '../clock.ts';
import type { Ask, Kind } from '../kinds/index.ts';
import { LiveObject, type Made } from './object.ts';
import { Values } from './value.ts';

export class Store {
  readonly kind: Kind;
  readonly values: Values;
  private readonly byName = new Map<string, LiveObject>();
  /** In order of `seq`; a removed object leaves a hole until the next compaction. */
  private slots: (LiveObject | undefined)[] = [];
  /** The number of each slot, holes included. */
  private seqs: number[] = [];
  private nextSeq = 1;

  constructor(kind: Kind) {
    this.kind = kind;
    this.values = new Values(kind);
  }

  get size(): number {
    return this.byName.size;
  }

  get(name: string): LiveObject | undefined {
    return this.byName.get(name);
  }

  add(name: string, ask: Ask | undefined, made: Made, clock: Clock): LiveObject {
    const object = new LiveObject(this.kind, name, this.nextSeq++, ask, made, clock);
    this.byName.set(name, object);
    this.slots.push(object);
    this.seqs.push(object.seq);
    return object;
  }

  remove(object: LiveObject): void {
    this.byName.delete(object.name);
    this.slots[this.indexOf(object.seq)] = undefined;
    if (this.slots.length > 64 && this.byName.size * 2 < this.slots.length) {
      this.slots = this.slots.filter((slot) => slot !== undefined);
      this.seqs = this.slots.map((slot) => slot!.seq);
    }
  }

  /** Objects created after the one numbered `seq`, in order. Objects may come and go while this is walked. */
  *after(seq: number): Generator<LiveObject> {
    let last = seq;
    let slots = this.slots;
    let i = this.indexOf(last + 1);
    for (;;) {
      if (slots !== this.slots) {
        slots = this.slots;
        i = this.indexOf(last + 1);
      }
      if (i >= slots.length) return;
      const object = slots[i++];
      if (object === undefined) continue;
      last = object.seq;
      yield object;
    }
  }

  /** Index of the first slot with this number or a higher one. */
  private indexOf(seq: number): number {
    let low = 0;
    let high = this.seqs.length;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if (this.seqs[middle]! < seq) low = middle + 1;
      else high = middle;
    }
    return low;
  }
}
