/**
 * Cached resolves over HTTP, one and 500 at a time, and the rival: node:http answering the same bytes. Ours and the
 * rival's turns alternate, so that both meet the machine in the same moods.
 */
import { createServer } from 'node:http';
import { type Answers, Client, post } from './client.ts';
import { makeLive, queueNames, REALISTIC, repeat, report, startDaemon } from './lib.ts';

const RUNS = 4;
const RUN_MS = 1200;
const OBJECTS = 10_000;
const BATCH = 500;
const PATH = '/api/config/v1/resolve';

const { daemon, engine, port } = await startDaemon(REALISTIC);
const names = queueNames(OBJECTS);
await makeLive(engine, names);
const wanted = names.map((name) => ({ kind: 'queue', name }));
const single = wanted.slice(0, 1000).map((request) => post(PATH, request));
const batches = Array.from({ length: OBJECTS / BATCH }, (_, i) =>
  post(PATH, { requests: wanted.slice(i * BATCH, (i + 1) * BATCH) }),
);

const answer = Buffer.from(engine.live.text(engine.live.peek('queue', names[0]!)!));
const rival = createServer((request, response) => {
  request.resume();
  response.setHeader('Content-Type', 'application/json');
  response.setHeader('Content-Length', answer.length);
  response.end(answer);
});
await new Promise<void>((resolve) => rival.listen(0, '127.0.0.1', resolve));
const rivalPort = (rival.address() as { port: number }).port;
const client = new Client();

for (const { title, connections, depth } of [
  { title: '1 connection, 1 deep', connections: 1, depth: 1 },
  { title: '16 connections, 1 deep', connections: 16, depth: 1 },
  { title: '8 connections, 16 deep', connections: 8, depth: 16 },
]) {
  const load = { requests: single, connections, depth, ms: RUN_MS };
  const runs = await repeat(RUNS, async () => ({
    ours: await client.run({ ...load, port }),
    rivals: await client.run({ ...load, port: rivalPort }),
  }));
  show(
    `one a request, ${title}`,
    runs.map(({ ours }) => ours),
  );
  show(
    `rival: node:http, ${title}`,
    runs.map(({ rivals }) => rivals),
  );
}
const batched = await repeat(RUNS, () => client.run({ port, requests: batches, connections: 2, depth: 2, ms: RUN_MS }));
show(`${BATCH} a request, 2 connections, 2 deep`, batched, BATCH);

client.stop();
rival.closeAllConnections();
rival.close();
await daemon.stop();

function show(title: string, runs: Answers[], each = 1): void {
  if (runs.some(({ refused }) => refused > 0)) throw new Error('an answer was no success');
  report(
    title,
    runs.map((run) => run.perSecond * each),
    'objects/s',
  );
  report(
    '  p99 of a request',
    runs.map((run) => run.p99Ms),
    'ms',
  );
}
