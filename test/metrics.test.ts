import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Engine } from '../src/engine.ts';
import type { Epochs } from '../src/epoch/epochs.ts';
import { KIND_NAMES } from '../src/kinds/index.ts';
import { STATES } from '../src/live/object.ts';
import { Metrics } from '../src/metrics.ts';
import { Bench } from './live/policy.ts';

const NAMES = [
  'config_epoch',
  'config_last_reload_successful',
  'config_last_reload_success_timestamp_seconds',
  'config_objects',
  'config_refresh_count',
  'config_refresh_failed_count',
  'config_worker_restarts',
  'config_poll_duration_seconds',
];

function parts() {
  const bench = new Bench();
  const host = { restarts: 0 };
  const epochs = { current: 1 };
  const metrics = new Metrics({ live: bench.live, host } as unknown as Engine, epochs as unknown as Epochs);
  /** Samples by name and labels. */
  const scrape = async (): Promise<Map<string, number>> => {
    const samples = new Map<string, number>();
    for (const line of (await metrics.text()).split('\n')) {
      if (line === '' || /^# (HELP|TYPE) [a-z_]+ \S/.test(line)) continue;
      const match = /^([a-z_:]+(?:\{[a-z]+="[^"\\]*"(?:,[a-z]+="[^"\\]*")*\})?) (-?[0-9.e+-]+|\+Inf|NaN)$/.exec(line);
      assert.ok(match, `no sample: ${line}`);
      assert.ok(!samples.has(match[1]!), `twice: ${match[1]}`);
      samples.set(match[1]!, Number(match[2]!.replace('+Inf', 'Infinity')));
    }
    return samples;
  };
  return { bench, host, epochs, metrics, scrape };
}

test('every line is of the text format, and each metric is there with help and type from the start', async () => {
  const { metrics, scrape } = parts();
  await scrape();
  const text = await metrics.text();
  for (const name of NAMES) {
    assert.match(text, new RegExp(`^# HELP ${name} \\S`, 'm'));
    assert.match(text, new RegExp(`^# TYPE ${name} (counter|gauge|histogram)$`, 'm'));
  }
  assert.equal(text.match(/^# TYPE/gm)?.length, NAMES.length, 'and no others');
});

test('objects are counted by kind and state, also where there are none', async () => {
  const { bench, scrape } = parts();
  await bench.resolve('queue', 'example.com');
  bench.policy.handlers.get_queue_config = () => new Error('down');
  await bench.epoch(2);
  const samples = await scrape();
  for (const kind of KIND_NAMES) {
    for (const state of STATES) {
      const count = bench.live.census.byKind[kind][state];
      assert.equal(samples.get(`config_objects{kind="${kind}",state="${state}"}`), count);
    }
  }
  assert.equal(samples.get('config_objects{kind="queue",state="quarantined"}'), 1);
  assert.equal(samples.get('config_refresh_count'), 3);
  assert.equal(samples.get('config_refresh_failed_count'), 1);
});

test('counters never go down between scrapes, also when two scrape at once', async () => {
  const { bench, host, scrape } = parts();
  await bench.resolve('queue', 'example.com');
  let before = await scrape();
  for (let epoch = 2; epoch < 6; epoch++) {
    await bench.epoch(epoch);
    host.restarts++;
    const [one, two] = await Promise.all([scrape(), scrape()]);
    assert.deepEqual(one, two);
    for (const name of ['config_refresh_count', 'config_refresh_failed_count', 'config_worker_restarts']) {
      assert.ok(one.get(name)! >= before.get(name)!, name);
    }
    before = one;
  }
  assert.deepEqual([before.get('config_refresh_count'), before.get('config_worker_restarts')], [12, 4]);
});

test('the epoch, the last reload and the polls are told', async () => {
  const { epochs, metrics, scrape } = parts();
  epochs.current = 7;
  metrics.accepted(1_700_000_000_000);
  metrics.polled(30);
  let samples = await scrape();
  assert.equal(samples.get('config_epoch'), 7);
  assert.equal(samples.get('config_last_reload_successful'), 1);
  assert.equal(samples.get('config_last_reload_success_timestamp_seconds'), 1_700_000_000);
  assert.equal(samples.get('config_poll_duration_seconds_count'), 1);
  assert.equal(samples.get('config_poll_duration_seconds_bucket{le="0.025"}'), 0);
  assert.equal(samples.get('config_poll_duration_seconds_bucket{le="0.05"}'), 1);
  metrics.rejected();
  samples = await scrape();
  assert.equal(samples.get('config_last_reload_successful'), 0);
  assert.equal(samples.get('config_last_reload_success_timestamp_seconds'), 1_700_000_000);
});
