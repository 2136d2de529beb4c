/** A bump with 100,000 live Epoch objects: when the last one is right again, and what readers notice meanwhile. */
import {
  makeLive,
  memoryInUse,
  quantile,
  queueNames,
  REALISTIC,
  repeat,
  report,
  startDaemon,
  withStall,
} from './lib.ts';

const RUNS = 3;
const OBJECTS = 100_000;

const { daemon, engine } = await startDaemon(REALISTIC);
const { live } = engine;
const epochs = daemon['epochs'];
const names = queueNames(OBJECTS);
await makeLive(engine, names);
const before = await memoryInUse();

const runs = await repeat(RUNS, async () => {
  const reads: number[] = [];
  const refreshed = live.refreshes;
  const { ms, stallMs } = await withStall(async () => {
    const { settled } = epochs.bump({ scope: 'global', cause: 'api' });
    const entry = await settled;
    if (entry.status !== 'accepted') throw new Error('the epoch was rejected');
    const done = live.settled();
    let over = false;
    void done.then(() => {
      over = true;
    });
    for (let i = 0; !over; i++) {
      // What a reader waits: for its turn on the event loop, and for the answer.
      const began = performance.now();
      await new Promise((resolve) => setImmediate(resolve));
      live.text(live.peek('queue', names[i % OBJECTS]!)!);
      reads.push(performance.now() - began);
    }
  });
  if (live.refreshes - refreshed < OBJECTS) throw new Error('not everything was refreshed');
  return { ms, stallMs, p50: quantile(reads, 0.5), p99: quantile(reads, 0.99), max: quantile(reads, 1) };
});
report(
  'bump to the last object refreshed',
  runs.map((run) => run.ms),
  'ms',
  `${OBJECTS} queues that look up tables`,
);
report(
  'longest stall of the event loop',
  runs.map((run) => run.stallMs),
  'ms',
);
report(
  'cached read meanwhile, p50',
  runs.map((run) => run.p50),
  'ms',
  'a turn of the event loop and the answer',
);
report(
  'cached read meanwhile, p99',
  runs.map((run) => run.p99),
  'ms',
);
report(
  'cached read meanwhile, longest',
  runs.map((run) => run.max),
  'ms',
);
const after = await memoryInUse();
report('heap that the refreshes left behind', [(after.heap - before.heap) / 2 ** 20], 'MiB', `${RUNS + 1} refreshes`);
await daemon.stop();
