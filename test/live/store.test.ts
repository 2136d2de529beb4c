import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { kinds } from '../../src/kinds/index.ts';
import type { LiveObject } from '../../src/live/object.ts';
import { Store } from '../../src/live/store.ts';
import { HandClock } from '../support/clock.ts';

class Shelf {
  readonly store = new Store(kinds.egress_source);

  add(name: string): LiveObject {
    const value = this.store.values.hold(`{"name":"${name}","ttl":"1m"}`);
    const made = { value, provenance: null, epoch: 1, required: 1, durationUs: 0, forConnection: false };
    return this.store.add(name, undefined, made, new HandClock());
  }

  names(after = 0): string[] {
    return [...this.store.after(after)].map(({ name }) => name);
  }
}

test('objects are walked in the order in which they were made, whatever comes and goes before', () => {
  fc.assert(
    fc.property(fc.array(fc.nat(300), { maxLength: 400 }), (toggles) => {
      const shelf = new Shelf();
      const there = new Map<string, LiveObject>();
      for (const n of toggles) {
        const name = `s${n}`;
        const object = there.get(name);
        if (object === undefined) there.set(name, shelf.add(name));
        else {
          shelf.store.remove(object);
          there.delete(name);
        }
      }
      assert.deepEqual(shelf.names(), [...there.keys()]);
      assert.equal(shelf.store.size, there.size);
      // A cursor is a number that may belong to an object that is gone.
      const all = [...there.values()];
      for (const seq of [0, 1, 50, 399, 1000]) {
        assert.deepEqual(
          shelf.names(seq),
          all.filter((object) => object.seq > seq).map(({ name }) => name),
        );
      }
    }),
  );
});

test('a walk goes on where it was when the store is compacted under it, seeing nothing twice and skipping nothing', () => {
  const shelf = new Shelf();
  const objects = Array.from({ length: 1000 }, (_, i) => shelf.add(`s${i}`));
  const seen: string[] = [];
  for (const object of shelf.store.after(0)) {
    seen.push(object.name);
    if (object.name === 's99') for (const gone of objects.slice(0, 800)) shelf.store.remove(gone);
    if (object.name === 's900') shelf.add('late');
  }
  assert.deepEqual(seen, [...objects.slice(0, 100), ...objects.slice(800)].map(({ name }) => name).concat('late'));
});

test('emptying a big store one object at a time copies each slot about once', () => {
  const shelf = new Shelf();
  const objects = Array.from({ length: 50_000 }, (_, i) => shelf.add(`s${i}`));
  let copied = 0;
  const slots = (): unknown => (shelf.store as unknown as { slots: unknown[] }).slots;
  for (let before = slots(), i = 0; i < objects.length; i++) {
    shelf.store.remove(objects[i]!);
    if (slots() !== before) copied += objects.length - i;
    before = slots();
  }
  assert.ok(copied < 2 * objects.length, `${copied} slots copied`);
});

test('equal values are kept once, and for as long as somebody holds them', () => {
  const { values } = new Store(kinds.queue);
  const text = JSON.stringify(kinds.queue.type.read({}));
  const one = values.hold(text);
  assert.equal(values.hold(`${text}`), one);
  values.release(one);
  assert.equal(values.size, 1);
  values.release(one);
  assert.equal(values.size, 0);
  assert.notEqual(values.hold(text), one);
});
