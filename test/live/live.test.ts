import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { ConfigError } from '../../src/errors.ts';
import type { Evaluated } from '../../src/live/live.ts';
import type { LiveObject } from '../../src/live/object.ts';
import { Bench, turn } from './policy.ts';

const shown = (bench: Bench, object: LiveObject) => JSON.parse(bench.live.text(object));

describe('making', () => {
  test('an object is made when it is asked for, with its pool and all the sources of that', async () => {
    const bench = new Bench();
    bench.policy.handlers.get_egress_pool = (name) => ({ name, entries: [{ name: 'a' }, { name: 'b', weight: 0 }] });
    assert.equal(bench.live.size, 0);
    const queue = await bench.resolve('queue', 'c:t@example.com!mx.example.com');
    assert.deepEqual(
      bench.policy.calls.map(({ event, args }) => [event, ...args]),
      [
        ['get_queue_config', 'example.com', 't', 'c', 'mx.example.com'],
        ['get_egress_pool', 'pool'],
        ['get_egress_source', 'a'],
        ['get_egress_source', 'b'],
      ],
    );
    assert.equal(queue, bench.live.peek('queue', 'c:t@example.com!mx.example.com'));
    assert.equal(bench.live.size, 4);
    bench.checkBooks(true);
  });

  test('a thousand who ask at once for what is not live share one evaluation', async () => {
    const bench = new Bench();
    const asked = Array.from({ length: 1000 }, () => bench.live.resolve('queue', 'example.com'));
    await bench.policy.answerAll();
    assert.equal(new Set(await Promise.all(asked)).size, 1);
    assert.equal(bench.policy.calls.length, 3);
  });

  test('what is live comes at once, not as a promise', async () => {
    const bench = new Bench();
    const object = await bench.resolve('egress_source', 'source');
    assert.equal(bench.live.resolve('egress_source', 'source'), object);
  });

  test('the names that KumoMTA reserves are made without a handler', async () => {
    const bench = new Bench();
    bench.policy.handlers.get_queue_config = () => ({});
    for (const name of ['null', 'generator.kumomta.internal', 'http://peer:8000.xfer.kumomta.internal']) {
      await bench.resolve('queue', name);
    }
    assert.deepEqual(bench.policy.calls, []);
    bench.checkBooks(true);
    await bench.epoch(2);
    bench.checkBooks(true);
  });

  test('without a handler a queue has the defaults, a listener domain is nil, and a pool is an error', async () => {
    const bench = new Bench();
    bench.policy.handlers.get_queue_config = undefined;
    bench.policy.handlers.get_egress_pool = undefined;
    assert.equal(shown(bench, await bench.resolve('queue', 'example.com')).value.retry_interval, '20m');
    await assert.rejects(bench.resolve('egress_pool', 'p'), {
      code: 'HANDLER_MISSING',
      message: "resolving egress pool 'p': Event get_egress_pool has not been registered",
    });
    const ask = { event: 'get_listener_domain', args: ['d', 'l', {}] };
    const domain = bench.live.resolveForSession('listener_domain', 'l d', ask, true);
    await bench.policy.answerAll();
    assert.equal(shown(bench, await domain).value, null);
  });

  test('the error of what an object stands on says which object that was', async () => {
    const bench = new Bench();
    bench.policy.handlers.get_egress_source = () => new Error('no such source');
    await assert.rejects(bench.resolve('queue', 'example.com'), {
      code: 'HANDLER_FAILED',
      message: "resolving egress pool 'pool': get_egress_source 'source': no such source",
    });
    assert.equal(bench.live.size, 0);
    bench.checkBooks(true);
  });

  test('a failed making is answered from memory for two seconds, then tried again', async () => {
    const bench = new Bench();
    bench.policy.handlers.get_egress_source = () => new Error('down');
    await assert.rejects(bench.resolve('egress_source', 's'), { code: 'HANDLER_FAILED' });
    bench.clock.advance(1999);
    await assert.rejects(bench.resolve('egress_source', 's'), { code: 'HANDLER_FAILED' });
    assert.equal(bench.policy.calls.length, 1);
    bench.clock.advance(1);
    bench.policy.handlers.get_egress_source = (name) => ({ name });
    assert.equal((await bench.resolve('egress_source', 's')).name, 's');
  });

  test('an epoch lets a failed making be tried again at once', async () => {
    const bench = new Bench();
    bench.policy.handlers.get_egress_source = () => new Error('down');
    await assert.rejects(bench.resolve('egress_source', 's'));
    bench.policy.handlers.get_egress_source = (name) => ({ name });
    await bench.epoch(2);
    assert.equal((await bench.resolve('egress_source', 's')).name, 's');
  });

  test('a making that fails by the policy of an epoch before is not held against the new one', async () => {
    const bench = new Bench();
    bench.policy.handlers.get_egress_source = () => new Error('old');
    const old = bench.live.resolve('egress_source', 's');
    bench.policy.handlers.get_egress_source = (name) => ({ name });
    bench.live.epochMoved(2);
    bench.policy.answerOne();
    await assert.rejects(async () => old, { message: /old/ });
    assert.equal((await bench.resolve('egress_source', 's')).name, 's');
  });

  test('a name that cannot be one is refused without an evaluation and without being remembered', async () => {
    const bench = new Bench();
    await assert.rejects(bench.resolve('queue', 'tenant@'), { code: 'INVALID_NAME' });
    await assert.rejects(bench.resolve('egress_path', 'nowhere'), { code: 'INVALID_NAME' });
    assert.equal(bench.policy.calls.length, 0);
  });

  test('an evaluator that throws, or answers what is no value, fails that one object with a ConfigError', async () => {
    const none = { error: null, provenance: null, durationUs: 0, forConnection: false };
    for (const evaluate of [
      () => assert.fail('thrown by the evaluator'),
      (_: unknown, done: (answer: Evaluated) => void) => done({ ...none, status: 'value', value: '{"half' }),
      (_: unknown, done: (answer: Evaluated) => void) => done({ ...none, status: 'nil', value: null }),
    ]) {
      const bench = new Bench({ evaluate });
      await assert.rejects(bench.resolve('egress_source', 's'), (thrown) => thrown instanceof ConfigError);
      bench.checkBooks(true);
    }
  });
});

describe('refresh by age', () => {
  test('a Ttl object is evaluated again when its interval has passed, and serves the old value until then', async () => {
    const bench = new Bench();
    bench.policy.handlers.get_queue_config = () => ({ refresh_interval: '60s', retry_interval: '1m' });
    const queue = await bench.resolve('queue', 'example.com');
    bench.policy.handlers.get_queue_config = () => ({ refresh_interval: '60s', retry_interval: '2m' });
    await bench.pass(59_000);
    assert.equal(bench.live.stateOf(queue), 'fresh');
    await bench.pass(2000);
    assert.equal(bench.live.stateOf(queue), 'refreshing');
    assert.equal(shown(bench, queue).value.retry_interval, '1m');
    assert.equal(bench.live.resolve('queue', 'example.com'), queue);
    await bench.policy.answerAll();
    assert.equal(bench.live.stateOf(queue), 'fresh');
    assert.equal(shown(bench, queue).value.retry_interval, '2m');
  });

  test('jitter brings a refresh forward by a tenth of the interval at the most', async () => {
    const bench = new Bench({ random: () => 0.999999 });
    bench.policy.handlers.get_queue_config = () => ({ refresh_interval: '100s' });
    const queue = await bench.resolve('queue', 'example.com');
    await bench.pass(90_000);
    assert.equal(bench.live.stateOf(queue), 'fresh');
    await bench.pass(1000);
    assert.equal(bench.live.stateOf(queue), 'refreshing');
  });

  test('objects that were made together are not refreshed together', async () => {
    let seed = 0;
    const bench = new Bench({ random: () => (seed = (seed + 0.381966) % 1) });
    bench.policy.handlers.get_queue_config = () => ({ refresh_interval: '100s' });
    for (let i = 0; i < 100; i++) await bench.resolve('queue', `d${i}.example.com`);
    // The pool and its source, which are due every minute, keep out of the count.
    await bench.pass(89_000);
    await bench.policy.answerAll();
    let most = 0;
    for (let second = 90; second <= 101; second++) {
      await bench.pass(1000);
      most = Math.max(most, bench.live.census.byKind.queue.refreshing);
      await bench.policy.answerAll();
    }
    assert.ok(most > 0 && most <= 20, `${most} at once`);
  });

  test('pools and sources are refreshed at their ttl as well as when the epoch moves', async () => {
    const bench = new Bench();
    bench.policy.handlers.get_egress_source = (name) => ({ name, ttl: '30s' });
    const source = await bench.resolve('egress_source', 's');
    await bench.pass(31_000);
    assert.equal(bench.live.stateOf(source), 'refreshing');
    await bench.policy.answerAll();
    await bench.epoch(2);
    assert.equal(bench.policy.calls.length, 3);
  });
});

describe('refresh by epoch', () => {
  test('Ttl queues and paths ignore epochs', async () => {
    const bench = new Bench();
    bench.policy.handlers.get_queue_config = () => ({ egress_pool: 'pool' });
    bench.policy.handlers.get_egress_path_config = () => ({});
    const queue = await bench.resolve('queue', 'example.com');
    const path = await bench.resolve('egress_path', 'source->site');
    await bench.epoch(2);
    assert.equal(bench.policy.asked('get_queue_config').length, 1);
    assert.equal(bench.policy.asked('get_egress_path_config').length, 1);
    assert.deepEqual(
      [queue, path].map((object) => [bench.live.stateOf(object), shown(bench, object).epoch]),
      [
        ['fresh', 1],
        ['fresh', 1],
      ],
    );
  });

  test('after an epoch sources are refreshed, then pools, then what uses them', async () => {
    const bench = new Bench();
    bench.policy.handlers.get_egress_pool = (name) => ({ name, entries: [{ name: 'a' }, { name: 'b' }] });
    for (let i = 0; i < 3; i++) await bench.resolve('queue', `d${i}.example.com`);
    bench.policy.calls.length = 0;
    await bench.epoch(2);
    assert.deepEqual(
      bench.policy.calls.map(({ event }) => event),
      [...Array(2).fill('get_egress_source'), 'get_egress_pool', ...Array(3).fill('get_queue_config')],
    );
    bench.checkBooks(true);
  });

  test('a source that is being refreshed when the epoch moves still comes before its pool', async () => {
    const bench = new Bench();
    bench.policy.handlers.get_egress_source = (name) => ({ name, ttl: '30s' });
    await bench.resolve('queue', 'example.com');
    await bench.pass(31_000);
    assert.equal(bench.policy.open, 1);
    bench.policy.calls.length = 0;
    bench.live.epochMoved(2);
    await turn();
    bench.policy.answerOne();
    await turn();
    assert.deepEqual(
      bench.policy.calls.map(({ event }) => event),
      ['get_egress_source'],
    );
    await bench.policy.answerAll();
    assert.deepEqual(
      bench.policy.calls.map(({ event }) => event),
      ['get_egress_source', 'get_egress_pool', 'get_queue_config'],
    );
  });

  test('the sweep has not ended while a refresh that began before the epoch has to be done again', async () => {
    const bench = new Bench();
    bench.policy.handlers.get_egress_source = (name) => ({ name, ttl: '30s' });
    const source = await bench.resolve('egress_source', 's');
    await bench.pass(31_000);
    bench.policy.handlers.get_egress_source = (name) => ({ name, ttl: '31s' });
    bench.live.epochMoved(2);
    let ended = false;
    const settled = bench.live.settled().then(() => {
      ended = true;
    });
    await turn();
    bench.policy.answerOne();
    await turn();
    assert.equal(ended, false);
    await bench.policy.answerAll();
    await settled;
    assert.equal(shown(bench, source).value.ttl, '31s');
  });

  test('a pool whose new value names a new source has that source made before the value serves', async () => {
    const bench = new Bench();
    const queue = await bench.resolve('queue', 'example.com');
    bench.policy.handlers.get_egress_pool = (name) => ({ name, entries: [{ name: 'new' }] });
    bench.live.epochMoved(2);
    while (bench.live.peek('egress_source', 'new') === undefined) {
      assert.match(bench.live.text(bench.live.peek('egress_pool', 'pool')!), /"source"/);
      bench.policy.answerOne();
      await turn();
    }
    await bench.policy.answerAll();
    assert.match(bench.live.text(bench.live.peek('egress_pool', 'pool')!), /"new"/);
    assert.equal(bench.live.stateOf(queue), 'fresh');
    bench.checkBooks(true);
  });

  test('a queue whose new pool cannot be had is quarantined and keeps its value', async () => {
    const told: string[] = [];
    const bench = new Bench({ onQuarantine: ({ name }) => told.push(name) });
    const queue = await bench.resolve('queue', 'example.com');
    bench.policy.handlers.get_queue_config = () => ({ egress_pool: 'missing', refresh_strategy: 'Epoch' });
    bench.policy.handlers.get_egress_pool = (name) =>
      name === 'missing' ? new Error('no such pool') : { name, entries: [{ name: 'source' }] };
    await bench.epoch(2);
    const { state, value, last_error, epoch } = shown(bench, queue);
    assert.deepEqual([state, value.egress_pool, epoch], ['quarantined', 'pool', 1]);
    assert.equal(last_error.message, "resolving egress pool 'missing': no such pool");
    assert.deepEqual(told, ['example.com']);
    bench.checkBooks(true);
  });

  test('an epoch that moves while an object is made leads to a refresh', async () => {
    const bench = new Bench();
    bench.policy.handlers.get_egress_source = (name) => ({ name, ehlo_domain: 'old' });
    const made = bench.live.resolve('egress_source', 's');
    bench.policy.handlers.get_egress_source = (name) => ({ name, ehlo_domain: 'new' });
    bench.live.epochMoved(2);
    await bench.policy.answerAll();
    assert.equal(shown(bench, await made).value.ehlo_domain, 'new');
    assert.equal(bench.policy.calls.length, 2);
  });

  test('an epoch that moves while an object is refreshed leads to another refresh, also when that one fails', async () => {
    for (const old of [{ name: 's', ehlo_domain: 'old' }, new Error('old')]) {
      const bench = new Bench();
      const source = await bench.resolve('egress_source', 's');
      bench.policy.handlers.get_egress_source = () => old;
      bench.live.epochMoved(2);
      await turn();
      bench.policy.handlers.get_egress_source = (name) => ({ name, ehlo_domain: 'new' });
      await bench.epoch(3);
      const { value, state, epoch } = shown(bench, source);
      assert.deepEqual([value.ehlo_domain, state, epoch], ['new', 'fresh', 3]);
      assert.equal(bench.policy.calls.length, 3);
    }
  });

  test('a number that nothing heeds, taken while a candidate loads, hides no object from the candidate', async () => {
    const bench = new Bench();
    bench.policy.handlers.get_egress_source = (name) => ({ name, ehlo_domain: 'old' });
    bench.live.epochRestamped(8);
    const source = await bench.resolve('egress_source', 's');
    assert.equal(shown(bench, source).epoch, 8);
    bench.policy.handlers.get_egress_source = (name) => ({ name, ehlo_domain: 'new' });
    await bench.epoch(7);
    assert.deepEqual([shown(bench, source).value.ehlo_domain, shown(bench, source).epoch], ['new', 8]);
  });

  test('a re-stamp without evaluation moves the epoch of what depends on epochs, and nothing else', async () => {
    const bench = new Bench();
    const source = await bench.resolve('egress_source', 's');
    const before = shown(bench, source);
    bench.clock.advance(5000);
    bench.live.epochRestamped(2);
    assert.deepEqual(shown(bench, source), { ...before, epoch: 2 });
    assert.equal(bench.policy.calls.length, 1);
  });

  test('a newer epoch starts the sweep over, and its end is the end of the newer one', async () => {
    const bench = new Bench();
    for (let i = 0; i < 5; i++) await bench.resolve('queue', `d${i}.example.com`);
    bench.live.epochMoved(2);
    await turn();
    bench.policy.answerOne();
    bench.live.epochMoved(3);
    const settled = bench.live.settled();
    await bench.policy.answerAll();
    await settled;
    for (const object of bench.live.stores.queue.after(0)) assert.equal(shown(bench, object).epoch, 3);
    assert.equal(bench.live.census.total().fresh, 7);
  });

  test('whoever waits for a sweep is told when the daemon stops, and a late answer changes nothing', async () => {
    const bench = new Bench();
    const source = await bench.resolve('egress_source', 's');
    bench.policy.handlers.get_egress_source = () => new Error('the worker was stopped');
    bench.live.epochMoved(2);
    await turn();
    const settled = bench.live.settled();
    bench.live.stop();
    await settled;
    await bench.policy.answerAll();
    assert.equal(source.error, null);
  });
});

describe('quarantine', () => {
  test('retries back off from a second to a minute, with jitter, until one succeeds', async () => {
    const recovered: string[] = [];
    const bench = new Bench({ random: () => 1 - Number.EPSILON, onRecovery: ({ name }) => recovered.push(name) });
    bench.policy.handlers.get_egress_pool = (name) => ({ name, ttl: '1day' });
    const queue = await bench.resolve('queue', 'example.com');
    bench.policy.handlers.get_queue_config = () => new Error('down');
    await bench.epoch(2);
    const waits: number[] = [];
    while (waits.length < 8) {
      let seconds = 0;
      for (const asked = bench.policy.calls.length; bench.policy.calls.length === asked; seconds++) {
        await bench.pass(1000);
      }
      await bench.policy.answerAll();
      waits.push(seconds);
    }
    assert.deepEqual(waits, [1, 2, 4, 8, 16, 32, 60, 60]);
    assert.deepEqual(recovered, []);
    bench.policy.handlers.get_queue_config = () => ({ refresh_strategy: 'Epoch' });
    await bench.pass(61_000);
    await bench.policy.answerAll();
    const { state, last_error, epoch } = shown(bench, queue);
    assert.deepEqual([state, last_error, epoch], ['fresh', null, 2]);
    assert.deepEqual(recovered, ['example.com']);
  });

  test('jitter takes away half of the wait at the most', async () => {
    const bench = new Bench({ random: () => 0 });
    const source = await bench.resolve('egress_source', 's');
    bench.policy.handlers.get_egress_source = () => new Error('down');
    await bench.epoch(2);
    assert.equal(source.dueAt - bench.clock.monotonic(), 500);
  });

  test('one quarantined object leaves the rest alone', async () => {
    const bench = new Bench();
    await bench.resolve('queue', 'good.example.com');
    await bench.resolve('queue', 'bad.example.com');
    bench.policy.handlers.get_queue_config = (domain) =>
      domain === 'bad.example.com' ? new Error('bad') : { egress_pool: 'pool', refresh_strategy: 'Epoch' };
    await bench.epoch(2);
    assert.deepEqual(bench.live.census.byKind.queue, { fresh: 1, stale: 0, refreshing: 0, quarantined: 1 });
    assert.equal(bench.live.failedRefreshes, 1);
  });
});

describe('idling out', () => {
  test('an unused object goes after its reap interval, what it stood on after its own, and all memory with them', async () => {
    const bench = new Bench();
    bench.policy.handlers.get_queue_config = () => ({
      egress_pool: 'pool',
      reap_interval: '5m',
      refresh_strategy: 'Epoch',
    });
    await bench.resolve('queue', 'example.com');
    const idle = async (ms: number): Promise<void> => {
      for (let left = ms; left > 0; left -= 1000) {
        await bench.pass(1000);
        await bench.policy.answerAll();
      }
    };
    await idle(299_000);
    assert.equal(bench.live.size, 3);
    await idle(2000);
    assert.equal(bench.live.peek('queue', 'example.com'), undefined);
    await idle(597_000);
    assert.equal(bench.live.size, 2, 'the pool was in use until the queue went');
    await idle(700_000);
    assert.equal(bench.live.size, 0);
    bench.checkBooks(true);
  });

  test('use puts it off; looking does not', async () => {
    const bench = new Bench();
    bench.policy.handlers.get_egress_path_config = () => ({ refresh_strategy: 'Epoch' });
    const path = await bench.resolve('egress_path', 'source->site');
    await bench.pass(400_000);
    bench.live.resolve('egress_path', 'source->site');
    await bench.pass(400_000);
    assert.equal(bench.live.peek('egress_path', 'source->site'), path);
    await bench.pass(201_000);
    assert.equal(bench.live.peek('egress_path', 'source->site'), undefined);
  });

  test('a jump of the wall clock lets nothing go', async () => {
    const bench = new Bench();
    bench.policy.handlers.get_egress_path_config = () => ({ refresh_strategy: 'Epoch' });
    await bench.resolve('egress_path', 'source->site');
    bench.clock.jump(86_400_000);
    await bench.pass(599_000);
    assert.equal(bench.live.size, 1);
    bench.clock.jump(-2 * 86_400_000);
    await bench.pass(2000);
    assert.equal(bench.live.size, 0);
  });

  test('a source does not idle out while a pool that names it waits for another source', async () => {
    const bench = new Bench();
    bench.policy.handlers.get_egress_source = (name) => ({ name, ttl: '1day' });
    bench.policy.handlers.get_egress_pool = (name) => ({ name, entries: [{ name: 'old' }, { name: 'slow' }] });
    await bench.resolve('egress_source', 'old');
    await bench.pass(599_000);
    const pool = bench.live.resolve('egress_pool', 'pool');
    bench.policy.answerOne();
    await bench.pass(5000);
    assert.ok(bench.live.peek('egress_source', 'old'), 'it went');
    await bench.policy.answerAll();
    await pool;
    bench.checkBooks(true);
  });

  test('nothing is removed while it is refreshed', async () => {
    const bench = new Bench();
    bench.policy.handlers.get_egress_path_config = () => ({ refresh_strategy: 'Epoch' });
    const path = await bench.resolve('egress_path', 'source->site');
    bench.live.epochMoved(2);
    await bench.pass(700_000);
    assert.equal(path.removed, false);
    await bench.policy.answerAll();
    await bench.pass(2000);
    assert.equal(path.removed, true);
    bench.checkBooks(true);
  });
});

describe('objects of a session', () => {
  const NAME = '127.0.0.1:25 example.com';
  const ask = (meta: { [key: string]: string }) => ({
    event: 'get_listener_domain',
    args: ['example.com', '127.0.0.1:25', meta],
  });
  const session = async (bench: Bench, meta: { [key: string]: string }, keep = true): Promise<LiveObject> => {
    const object = bench.live.resolveForSession('listener_domain', NAME, ask(meta), keep);
    await bench.policy.answerAll();
    return object;
  };
  const relay = (bench: Bench): void => {
    bench.policy.handlers.get_listener_domain = () => ({ relay_to: true });
  };

  test('an answer that did not look at the session is kept for the next one', async () => {
    const bench = new Bench();
    relay(bench);
    const object = await session(bench, { received_from: '192.0.2.1:4000' });
    assert.equal(await session(bench, {}), object);
    assert.equal(bench.policy.calls.length, 1);
    bench.checkBooks(true);
  });

  test('what is kept is refreshed by its name, without the metadata of the session that made it', async () => {
    const bench = new Bench();
    relay(bench);
    await session(bench, { received_from: '192.0.2.1:4000' });
    await bench.epoch(2);
    assert.deepEqual(bench.policy.calls.at(-1), ask({}));
  });

  test('an answer that looked at the session is not kept', async () => {
    const bench = new Bench();
    relay(bench);
    bench.policy.forConnection = true;
    assert.equal(JSON.parse(bench.live.text(await session(bench, {}))).value.relay_to, true);
    await session(bench, {});
    assert.equal(bench.policy.calls.length, 2);
    assert.equal(bench.live.size, 0);
    bench.checkBooks(true);
  });

  test('an authenticated session is given nothing that is kept, and leaves nothing', async () => {
    const bench = new Bench();
    relay(bench);
    await session(bench, {});
    bench.policy.handlers.get_listener_domain = () => ({ relay_to: false });
    assert.equal(JSON.parse(bench.live.text(await session(bench, { authz_id: 'u' }, false))).value.relay_to, false);
    assert.equal(JSON.parse(bench.live.text(await session(bench, {}))).value.relay_to, true);
    bench.checkBooks(true);
  });

  test('when a handler comes to look at the session, what was kept goes', async () => {
    const bench = new Bench();
    relay(bench);
    await session(bench, {});
    bench.policy.forConnection = true;
    await bench.epoch(2);
    assert.equal(bench.live.size, 0);
    bench.checkBooks(true);
  });

  test('of two sessions that ask at once one leaves its answer', async () => {
    const bench = new Bench();
    relay(bench);
    await Promise.all([session(bench, {}), session(bench, {})]);
    assert.equal(bench.live.size, 1);
    bench.checkBooks(true);
  });
});
