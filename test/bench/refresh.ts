/** A bump with 100,000 live Epoch objects: when the last one is right again, and what readers notice meanwhile. */
import { Client, post } from './client.ts';
import { makeLive, memoryInUse, queueNames, REALISTIC, repeat, report, startDaemon, withStall } from './lib.ts';

const RUNS = 5;
const OBJECTS = 100_000;
const RATE = 500;
/** About as long as a refresh takes. */
const READ_MS = 1200;

const { daemon, engine, port } = await startDaemon(REALISTIC);
const { live } = engine;
const epochs = daemon['epochs'];
const names = queueNames(OBJECTS);
await makeLive(engine, names);
const client = new Client();
const reads = {
  port,
  requests: names.slice(0, 1000).map((name) => post('/api/config/v1/resolve', { kind: 'queue', name })),
  connections: 4,
  rate: RATE,
};
const before = await memoryInUse();

function sweep(): Promise<{ ms: number; stallMs: number }> {
  return withStall(async () => {
    const refreshed = live.refreshes;
    const { status } = await epochs.bump({ scope: 'global', cause: 'api' }).settled;
    if (status !== 'accepted') throw new Error('the epoch was rejected');
    await live.settled();
    if (live.refreshes - refreshed < OBJECTS) throw new Error('not everything was refreshed');
  });
}

const alone = await repeat(RUNS, sweep);
report(
  'bump to the last object refreshed',
  alone.map((run) => run.ms),
  'ms',
  `${OBJECTS} queues that look up tables`,
);
report(
  'longest stall of the event loop',
  alone.map((run) => run.stallMs),
  'ms',
);
const after = await memoryInUse();
report('heap that they left behind', [(after.heap - before.heap) / 2 ** 20], 'MiB', `${RUNS + 1} refreshes`);

const quiet = await repeat(RUNS, () => client.run({ ...reads, ms: READ_MS }));
report(
  'cached read over HTTP, quiet, p99',
  quiet.map((run) => run.p99Ms),
  'ms',
  `${RATE} reads/s`,
);
const busy = await repeat(RUNS, async () => {
  const [answers, swept] = await Promise.all([client.run({ ...reads, ms: READ_MS }), sweep()]);
  if (answers.refused > 0) throw new Error('a read was refused');
  return { ...answers, ...swept };
});
report(
  'the same with these reads meanwhile',
  busy.map((run) => run.ms),
  'ms',
);
report(
  'cached read over HTTP meanwhile, p50',
  busy.map((run) => run.p50Ms),
  'ms',
);
report(
  'cached read over HTTP meanwhile, p99',
  busy.map((run) => run.p99Ms),
  'ms',
);
report(
  'cached read over HTTP meanwhile, longest',
  busy.map((run) => run.maxMs),
  'ms',
);
client.stop();
await daemon.stop();
