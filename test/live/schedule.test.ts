import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import type { LiveObject } from '../../src/live/object.ts';
import { Schedule } from '../../src/live/schedule.ts';
import { HandClock } from '../support/clock.ts';

const object = (): LiveObject => ({ wakeAt: Infinity, removed: false }) as LiveObject;

class Diary {
  readonly clock = new HandClock();
  readonly woken: [LiveObject, number][] = [];
  readonly schedule = new Schedule(this.clock, (woken) => this.woken.push([woken, this.clock.monotonic()]));

  async pass(ms: number): Promise<void> {
    for (let left = ms; left > 0; left -= 1000) {
      this.clock.advance(Math.min(left, 1000));
      await this.schedule.turn();
    }
  }
}

test('an object is woken once, never before its time and less than a second and a turn after it', async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(fc.nat(30_000), { minLength: 1 }), async (times) => {
      const diary = new Diary();
      const objects = times.map((at) => {
        const one = object();
        diary.schedule.at(one, at);
        return [one, at] as const;
      });
      await diary.pass(33_000);
      assert.equal(diary.woken.length, objects.length);
      for (const [one, at] of objects) {
        const [, when] = diary.woken.find(([woken]) => woken === one)!;
        assert.ok(when >= at && when <= at + 2000, `${when} for ${at}`);
      }
    }),
    { numRuns: 50 },
  );
});

test('an earlier appointment stands, however often a later one is asked for, and costs no memory', async () => {
  const diary = new Diary();
  const one = object();
  for (let i = 0; i < 1000; i++) diary.schedule.at(one, 5000 + i);
  const { buckets } = diary.schedule as unknown as { buckets: Map<number, unknown[]> };
  assert.equal([...buckets.values()].flat().length, 1);
  await diary.pass(10_000);
  assert.equal(diary.woken.length, 1);
});

test('an appointment can be moved forward', async () => {
  const diary = new Diary();
  const one = object();
  diary.schedule.at(one, 60_000);
  diary.schedule.at(one, 2000);
  await diary.pass(3000);
  assert.equal(diary.woken.length, 1);
  await diary.pass(60_000);
  assert.equal(diary.woken.length, 1, 'the later one lapsed');
});

test('what has been removed is not woken', async () => {
  const diary = new Diary();
  const one = object();
  diary.schedule.at(one, 1000);
  one.removed = true;
  await diary.pass(5000);
  assert.deepEqual(diary.woken, []);
});

test('a thousand that are due at once leave the event loop its turn in between', async () => {
  const diary = new Diary();
  for (let i = 0; i < 10_000; i++) diary.schedule.at(object(), 1000);
  diary.clock.advance(2000);
  const turned = diary.schedule.turn();
  assert.ok(diary.woken.length > 0 && diary.woken.length < 10_000, `${diary.woken.length} in one go`);
  await turned;
  assert.equal(diary.woken.length, 10_000);
});

test('stopped, it sets no timer and wakes nobody', async () => {
  const diary = new Diary();
  diary.schedule.start();
  diary.schedule.at(object(), 1000);
  diary.schedule.stop();
  assert.equal(diary.clock.pending, 0);
  await diary.pass(5000);
  assert.deepEqual(diary.woken, []);
});
