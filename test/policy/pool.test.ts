import assert from 'node:assert/strict';
import { suite, test } from 'node:test';
import { ContextPool } from '../../src/policy/pool.ts';

class Fake {
  usable = true;
}

suite('context pool', () => {
  test('a context that was given back is the next to be taken', async () => {
    const pool = new ContextPool(async () => new Fake(), 2);
    const context = await pool.acquire();
    pool.release(context);
    assert.equal(pool.acquire(), context);
  });

  test('no more than the limit are made; who comes late waits, in order', async () => {
    let made = 0;
    const pool = new ContextPool(async () => Object.assign(new Fake(), { number: ++made }), 1);
    const first = await pool.acquire();
    const order: number[] = [];
    const later = [1, 2].map(async (i) => {
      const context = await pool.acquire();
      order.push(i);
      pool.release(context);
    });
    pool.release(first);
    await Promise.all(later);
    assert.deepEqual([order, made], [[1, 2], 1]);
  });

  test('a context that is not usable any more is replaced for who waits', async () => {
    const pool = new ContextPool(async () => new Fake(), 1);
    const first = await pool.acquire();
    const next = pool.acquire();
    first.usable = false;
    pool.release(first);
    assert.notEqual(await next, first);
  });

  test('when contexts cannot be made any more, all who wait are told', async () => {
    let broken = false;
    const pool = new ContextPool(async () => {
      if (broken) throw new Error('broken');
      return new Fake();
    }, 1);
    const first = await pool.acquire();
    const waiting = Promise.allSettled([pool.acquire(), pool.acquire(), pool.acquire()]);
    broken = true;
    first.usable = false;
    pool.release(first);
    assert.deepEqual(
      (await waiting).map((outcome) => outcome.status),
      ['rejected', 'rejected', 'rejected'],
    );
    broken = false;
    assert.ok((await pool.acquire()).usable);
  });
});
