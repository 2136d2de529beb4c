import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import fc from 'fast-check';
import type { EpochEntry } from '../../src/epoch/entry.ts';
import { Epochs } from '../../src/epoch/epochs.ts';
import { Ledger } from '../../src/epoch/ledger.ts';
import { ConfigError } from '../../src/errors.ts';
import { HandClock } from '../support/clock.ts';
import { folderFor } from './folder.ts';

class Bench {
  readonly clock = new HandClock();
  readonly ledger: Ledger;
  readonly epochs: Epochs;
  hash = 'h1';
  /** Candidates that were evaluated, and what happened, in order. */
  readonly evaluated: number[] = [];
  readonly told: string[] = [];
  /** Evaluations that began before another had ended. */
  overlaps = 0;
  #verdict: ((error?: unknown) => void) | undefined;

  constructor(ledger = new Ledger(null)) {
    this.ledger = ledger;
    this.epochs = new Epochs({
      clock: this.clock,
      ledger,
      hash: () => this.hash,
      dependents: () => 42,
      evaluate: (epoch) => {
        if (this.#verdict !== undefined) this.overlaps++;
        this.evaluated.push(epoch);
        return new Promise((resolve, reject) => {
          this.#verdict = (error) => (error === undefined ? resolve() : reject(error));
        });
      },
      onAccepted: (epoch, entries) => this.told.push(`accepted ${epoch} of ${entries.map((entry) => entry.epoch)}`),
      onRejected: (entries, error) => this.told.push(`rejected ${entries.map((e) => e.epoch)}: ${error.message}`),
      onUnheeded: ({ epoch }) => this.told.push(`unheeded ${epoch}`),
    });
  }

  get evaluating(): boolean {
    return this.#verdict !== undefined;
  }

  bump(scope = 'global') {
    return this.epochs.bump({ scope, cause: 'api' });
  }

  /** Ends the evaluation under way, with an error if one is given in the array. */
  async verdict(...error: [unknown?]): Promise<void> {
    const end = this.#verdict!;
    this.#verdict = undefined;
    if (error.length === 0) end();
    else end(error[0] ?? 'undefined');
    for (let i = 0; i < 5; i++) await undefined;
  }
}

describe('numbers', () => {
  test('the first number ever is 1, taken at the start', () => {
    const bench = new Bench();
    assert.equal(bench.epochs.current, 0);
    bench.epochs.start();
    assert.equal(bench.epochs.current, 1);
    const { cause, status, scope, hash } = bench.epochs.entry!;
    assert.deepEqual([cause, status, scope, hash], ['start', 'accepted', 'files', 'h1']);
  });

  test('a start takes a number only if the content differs from the last accepted', (t) => {
    const folder = folderFor(t);
    const start = (hash: string): number => {
      const bench = new Bench(new Ledger(folder));
      bench.hash = hash;
      bench.epochs.start();
      bench.ledger.close();
      return bench.epochs.current;
    };
    assert.deepEqual(['a', 'a', 'b', 'a', 'a'].map(start), [1, 1, 2, 3, 3]);
  });

  test('a number that nothing heeds says nothing about files that were rejected', async (t) => {
    const folder = folderFor(t);
    const bench = new Bench(new Ledger(folder));
    bench.epochs.start();
    bench.hash = 'broken';
    bench.bump('files');
    await bench.verdict(new ConfigError('POLICY_FAILED', 'no'));
    assert.equal(bench.bump('nobody').entry.hash, 'h1');
    bench.ledger.close();
    const again = new Bench(new Ledger(folder));
    again.hash = 'broken';
    again.epochs.start();
    assert.deepEqual([again.epochs.current, again.epochs.entry?.cause], [4, 'start']);
  });

  test('accepted late, files count as those of the number that nothing heeded meanwhile', async (t) => {
    const folder = folderFor(t);
    const bench = new Bench(new Ledger(folder));
    bench.epochs.start();
    bench.hash = 'h2';
    bench.bump('files');
    assert.equal(bench.bump('nobody').entry.hash, 'h1');
    await bench.verdict();
    assert.deepEqual([bench.epochs.current, bench.epochs.entry?.hash], [3, 'h2']);
    bench.ledger.close();
    const again = new Bench(new Ledger(folder));
    again.hash = 'h2';
    again.epochs.start();
    assert.equal(again.epochs.current, 3, 'what is served has not changed');
  });

  test('an entry says who bumped it, why, when and with which files', () => {
    const bench = new Bench();
    const files = [{ path: 'init.lua', before: null, after: 'x' }];
    const { entry } = bench.epochs.bump({ scope: 'files', cause: 'signal', reason: 'r', actor: 'a', files });
    assert.deepEqual(entry, {
      epoch: 1,
      scope: 'files',
      cause: 'signal',
      reason: 'r',
      actor: 'a',
      started_at: '2025-01-01T00:00:00.000Z',
      status: 'pending',
      hash: 'h1',
      files,
      dependents: 42,
      errors: [],
      duration_ms: null,
    });
    assert.equal(bench.ledger.find(1), entry);
  });

  test('numbers are given at once, one each, and never again, whatever becomes of them and of the process', async (t) => {
    await fc.assert(
      fc.asyncProperty(
        fc.array(fc.constantFrom('global', 'files', 'nobody', 'accept', 'reject', 'second', 'restart'), {
          maxLength: 30,
        }),
        async (steps) => {
          const folder = folderFor(t);
          let bench = new Bench(new Ledger(folder));
          let newest = 0;
          for (const step of steps) {
            if (step === 'restart') bench = new Bench(new Ledger(folder));
            else if (step === 'second') bench.clock.advance(1000);
            else if (step === 'accept' || step === 'reject') {
              if (bench.evaluating)
                await bench.verdict(...(step === 'accept' ? ([] as const) : ([new Error('no')] as const)));
            } else assert.equal(bench.bump(step).entry.epoch, ++newest);
          }
          assert.equal(bench.overlaps, 0);
          const numbers = bench.ledger.page(100).map(({ epoch }) => epoch);
          assert.deepEqual(
            numbers,
            Array.from({ length: newest }, (_, i) => newest - i),
          );
        },
      ),
      { numRuns: 50 },
    );
  });

  test('the current epoch is the newest number that is neither pending nor rejected', async () => {
    const bench = new Bench();
    bench.epochs.start();
    const two = bench.bump();
    assert.deepEqual([two.entry.epoch, two.previous, bench.epochs.current], [2, 1, 1]);
    bench.bump('nobody');
    assert.equal(bench.epochs.current, 3);
    await bench.verdict();
    assert.equal(bench.epochs.current, 3, 'accepted late, it does not take the epoch back');
    bench.bump();
    bench.clock.advance(1000);
    await bench.verdict(new Error('no'));
    assert.equal(bench.epochs.current, 3);
    assert.equal(bench.epochs.lastRejected?.epoch, 4);
    assert.deepEqual(Object.fromEntries(bench.epochs.scopes), { files: 1, nobody: 3, global: 2 });
  });

  test('scopes and current are there again after a restart', async (t) => {
    const folder = folderFor(t);
    const bench = new Bench(new Ledger(folder));
    bench.epochs.start();
    bench.bump('tsa');
    await bench.verdict();
    bench.bump('nobody');
    bench.bump('global');
    const again = new Bench(new Ledger(folder));
    assert.equal(again.epochs.current, 3);
    assert.deepEqual(Object.fromEntries(again.epochs.scopes), { nobody: 3, tsa: 2, files: 1 });
    assert.equal(again.bump().entry.epoch, 5);
  });
});

describe('evaluation', () => {
  test('one runs at a time, however long it takes and whatever is bumped meanwhile', async () => {
    const bench = new Bench();
    bench.bump();
    for (let i = 0; i < 5; i++) {
      bench.bump();
      bench.clock.advance(2000);
    }
    assert.deepEqual([bench.evaluated, bench.overlaps], [[1], 0]);
    await bench.verdict();
    assert.deepEqual([bench.evaluated, bench.overlaps], [[1, 6], 0]);
  });

  test('one that throws before it gives a promise rejects as well', async () => {
    const epochs = new Epochs({
      clock: new HandClock(),
      ledger: new Ledger(null),
      hash: () => 'h',
      dependents: () => 0,
      evaluate: () => {
        throw 'no error';
      },
      onAccepted: () => assert.fail('accepted'),
      onRejected: () => undefined,
      onUnheeded: () => undefined,
    });
    const { status, errors } = await epochs.bump({ scope: 'global', cause: 'api' }).settled;
    assert.deepEqual([status, errors], ['rejected', [{ code: 'INTERNAL', message: 'no error' }]]);
  });

  test('bumps during one evaluation join the next, which stands for all of their numbers', async () => {
    const bench = new Bench();
    const first = bench.bump();
    const joined = [bench.bump(), bench.bump('files'), bench.bump('tsa')];
    assert.deepEqual(bench.evaluated, [1]);
    await bench.verdict();
    assert.equal((await first.settled).status, 'accepted');
    bench.clock.advance(1000);
    assert.deepEqual(bench.evaluated, [1, 4]);
    assert.equal(joined[0]!.entry.status, 'pending');
    await bench.verdict();
    const settled = await Promise.all(joined.map((bump) => bump.settled));
    assert.deepEqual(
      settled.map(({ epoch, status }) => [epoch, status]),
      [
        [2, 'accepted'],
        [3, 'accepted'],
        [4, 'accepted'],
      ],
    );
    assert.deepEqual(bench.told, ['accepted 1 of 1', 'accepted 4 of 2,3,4']);
  });

  test('a rejected candidate rejects every number of its batch, with the place of the error', async () => {
    const bench = new Bench();
    bench.bump();
    await bench.verdict();
    const two = [bench.bump(), bench.bump('files')];
    bench.clock.advance(1000);
    await bench.verdict(
      new ConfigError('POLICY_SYNTAX', 'unexpected symbol', { place: { file: 'init.lua', line: 7 } }),
    );
    for (const { settled } of two) {
      const { status, errors } = await settled;
      assert.equal(status, 'rejected');
      assert.deepEqual(errors, [{ code: 'POLICY_SYNTAX', message: 'unexpected symbol', file: 'init.lua', line: 7 }]);
    }
    assert.equal(bench.epochs.current, 1);
    assert.deepEqual(bench.told.at(-1), 'rejected 2,3: unexpected symbol');
    assert.equal(bench.epochs.pending, false);
  });

  test('a burst of bumps is evaluated at once and then no more than once a second', async () => {
    const bench = new Bench();
    const times: number[] = [];
    for (let ms = 0; ms < 5000; ms += 50) {
      bench.bump();
      if (bench.evaluating) {
        times.push(bench.clock.monotonic());
        await bench.verdict();
      }
      bench.clock.advance(50);
    }
    assert.equal(times[0], 0);
    assert.equal(times.length, 5);
    for (let i = 1; i < times.length; i++) assert.ok(times[i]! - times[i - 1]! >= 1000);
  });

  test('a scope that nobody declared interest in is accepted at once, evaluates nothing and delays nothing', async () => {
    const bench = new Bench();
    for (let i = 0; i < 100; i++) {
      const { entry, settled } = bench.bump('nobody');
      assert.deepEqual([entry.status, entry.dependents], ['accepted', 0]);
      await settled;
    }
    assert.deepEqual(bench.evaluated, []);
    bench.bump();
    assert.deepEqual(bench.evaluated, [101]);
    assert.equal(bench.ledger.find(101)!.dependents, 42);
  });

  test('an evaluation that throws what is no error at all rejects, and the next is evaluated', async () => {
    for (const garbage of [undefined, null, 'text', 42, { a: 1 }, Symbol('s')]) {
      const bench = new Bench();
      const { settled } = bench.bump();
      await bench.verdict(garbage);
      const { status, errors } = await settled;
      assert.equal(status, 'rejected');
      assert.equal(errors[0]?.code, 'INTERNAL');
      assert.notEqual(errors[0].message, '');
      const next = bench.bump();
      bench.clock.advance(1000);
      await bench.verdict();
      assert.equal((await next.settled).status, 'accepted');
    }
  });

  test('an entry says how long its verdict took from the bump on', async () => {
    const bench = new Bench();
    bench.bump();
    const second = bench.bump();
    bench.clock.advance(300);
    await bench.verdict();
    bench.clock.advance(700);
    bench.clock.advance(25);
    await bench.verdict();
    assert.equal(bench.ledger.find(1)!.duration_ms, 300);
    assert.equal((await second.settled).duration_ms, 1025);
  });
});

describe('stopping', () => {
  test('whoever waits for a verdict is told that there is none, and what comes late has no consequence', async () => {
    const bench = new Bench();
    const waiting = [bench.bump(), bench.bump()];
    bench.epochs.stop();
    assert.deepEqual(
      (await Promise.all(waiting.map(({ settled }) => settled))).map(({ status }: EpochEntry) => status),
      ['pending', 'pending'],
    );
    await bench.verdict();
    assert.deepEqual(bench.told, []);
    assert.equal(bench.epochs.current, 0);
  });

  test('nothing is evaluated any more, not even what was due in a moment', async () => {
    const bench = new Bench();
    bench.bump();
    await bench.verdict();
    bench.bump();
    bench.epochs.stop();
    assert.equal(bench.clock.pending, 0);
    const { settled } = bench.bump();
    bench.clock.advance(5000);
    assert.equal((await settled).status, 'pending');
    assert.deepEqual(bench.evaluated, [1]);
  });
});

test('a verdict is on disk when it is told', async (t) => {
  const folder = folderFor(t);
  const bench = new Bench(new Ledger(folder));
  const { recorded, settled } = bench.bump();
  await recorded;
  await bench.verdict();
  await settled;
  assert.equal(new Ledger(folder).find(1)?.status, 'accepted');
});
