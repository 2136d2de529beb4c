/** Cached resolves over HTTP, one and 500 at a time, and the rival: node:http answering the same bytes. */
import { fork } from 'node:child_process';
import { createServer } from 'node:http';
import { join } from 'node:path';
import type { Load, Seen } from './client.ts';
import { makeLive, queueNames, REALISTIC, repeat, report, startDaemon } from './lib.ts';

const RUNS = 3;
const RUN_MS = 1500;
const OBJECTS = 10_000;
const BATCH = 500;
const PATH = '/api/config/v1/resolve';

const { daemon, engine, port } = await startDaemon(REALISTIC);
const names = queueNames(OBJECTS);
await makeLive(engine, names);

const requests = names.map((name) => ({ kind: 'queue', name }));
const single = requests.slice(0, 1000).map((request) => JSON.stringify(request));
const batches = Array.from({ length: OBJECTS / BATCH }, (_, i) =>
  JSON.stringify({ requests: requests.slice(i * BATCH, (i + 1) * BATCH) }),
);

await measure('one a request, one connection', { bodies: single, connections: 1, depth: 1 });
await measure('one a request, 8 connections, 8 deep', { bodies: single, connections: 8, depth: 8 });
await measure(`${BATCH} a request, 2 connections`, { bodies: batches, connections: 2, depth: 2 }, BATCH);

const answer = engine.live.text(engine.live.peek('queue', names[0]!)!);
const rival = createServer((request, response) => {
  request.resume();
  response.setHeader('Content-Type', 'application/json');
  response.end(answer);
});
await new Promise<void>((resolve) => rival.listen(0, '127.0.0.1', resolve));
const rivalPort = (rival.address() as { port: number }).port;
await measure('rival: node:http, same bytes, 8 connections, 8 deep', {
  bodies: single,
  connections: 8,
  depth: 8,
  port: rivalPort,
});
rival.closeAllConnections();
rival.close();
await daemon.stop();

async function measure(title: string, load: Partial<Load>, each = 1): Promise<void> {
  const runs = await repeat(RUNS, () =>
    loaded({ port, path: PATH, ms: RUN_MS, bodies: [], connections: 1, depth: 1, ...load }),
  );
  if (runs.some(({ failures }) => failures > 0)) throw new Error('an answer was no success');
  report(
    title,
    runs.map((run) => run.requestsPerSecond * each),
    'objects/s',
  );
  report(
    '  p99 of a request',
    runs.map((run) => run.p99),
    'ms',
  );
}

function loaded(load: Load): Promise<Seen> {
  const child = fork(join(import.meta.dirname, 'client.ts'));
  child.send(load);
  return new Promise((resolve, reject) => {
    child.once('message', (seen) => resolve(seen as Seen));
    child.once('error', reject);
    child.once('exit', (code) => reject(new Error(`the client ended with ${code}`)));
  });
}
