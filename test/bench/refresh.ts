/**
 * The refresh of 100,000 queues of the strategy Epoch after a bump: how long until the last one, and what a reader of
 * live objects feels of it.
 */
import { type Answers, Client, post } from './client.ts';
import { makeLive, memoryInUse, queueNames, REALISTIC, report, startDaemon, withStall } from './lib.ts';

const RUNS = 5;
const OBJECTS = 100_000;
const READS_PER_SECOND = 500;
const SLICE_MS = 250;

const { daemon, engine, port } = await startDaemon(REALISTIC);
const names = queueNames(OBJECTS);
await makeLive(engine, names);
const client = new Client();
const reads = names.slice(0, 1000).map((name) => post('/api/config/v1/resolve', { kind: 'queue', name }));

// What the same reads take when nothing else goes on, so that the machine's own share can be told.
await read(1000);
const quiet = await read(1000);

await refresh();
const before = await memoryInUse();
const refreshes = [];
for (let run = 0; run < RUNS; run++) {
  const began = performance.now();
  refreshes.push({ ...(await refresh()), whole: performance.now() - began });
  // An accepted epoch keeps the next one waiting for a second; that is no part of the refresh.
  await read(1000);
}
const after = await memoryInUse();

const note = `${OBJECTS.toLocaleString('en-US')} queues; the policy's loading included`;
report('bump to the last object refreshed', refreshes.map((run) => run.ms), 'ms', note);
report('refreshes', refreshes.map((run) => (OBJECTS / run.ms) * 1000), '/s');
report('longest stall of the main thread', refreshes.map((run) => run.stallMs), 'ms');
const rate = `live objects over HTTP, ${READS_PER_SECOND}/s`;
report('reads meanwhile, p50', refreshes.map((run) => run.reads.p50Ms), 'ms', rate);
report('reads meanwhile, p99', refreshes.map((run) => run.reads.p99Ms), 'ms');
report('reads meanwhile, longest', refreshes.map((run) => run.reads.maxMs), 'ms');
report('reads without a refresh, p50', [quiet.p50Ms], 'ms', 'the same reads, for comparison');
report('reads without a refresh, p99', [quiet.p99Ms], 'ms');
report('reads without a refresh, longest', [quiet.maxMs], 'ms');
report('heap kept by a refresh', [(after.heap - before.heap) / RUNS / 1024], 'KiB', `main thread, over ${RUNS} refreshes`);
report('resident memory kept by a refresh', [(after.resident - before.resident) / RUNS / 1024], 'KiB', 'whole process');
client.stop();
await daemon.stop();

function read(ms: number): Promise<Answers> {
  return client.run({ port, requests: reads, connections: 4, rate: READS_PER_SECOND, ms });
}
