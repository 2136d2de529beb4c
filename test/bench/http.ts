/**
 * Resolves of live objects over HTTP, and the rival beside it: node:http reading the same requests and answering the
 * same bytes, with nothing to look up. Both servers are in this process, on one thread, and take turns.
 */
import { createServer, type Server } from 'node:http';
import { cpus } from 'node:os';
import { type Answers, Client, type Load, post } from './client.ts';
import { makeLive, queueNames, REALISTIC, repeat, report, startDaemon } from './lib.ts';

const RUNS = 5;
const RUN_MS = 800;
const OBJECTS = 10_000;
const BATCH = 500;
const PATH = '/api/config/v1/resolve';

const names = queueNames(OBJECTS);
const one = (name: string): unknown => ({ kind: 'queue', name });
const singles = names.map((name) => post(PATH, one(name)));
const batches = Array.from({ length: OBJECTS / BATCH }, (_, i) =>
  post(PATH, { requests: names.slice(i * BATCH, (i + 1) * BATCH).map(one) }),
);

const LOADS: { title: string; each: number; load: Omit<Load, 'port' | 'ms'> }[] = [
  { title: 'single, 16 connections', each: 1, load: { requests: singles, connections: 16, depth: 1 } },
  { title: 'single, 8 connections, 16 pipelined', each: 1, load: { requests: singles, connections: 8, depth: 16 } },
  { title: `batch of ${BATCH}, 4 connections`, each: BATCH, load: { requests: batches, connections: 4, depth: 1 } },
];

const { daemon, engine, port } = await startDaemon(REALISTIC);
await makeLive(engine, names);
const client = new Client();
for (const { title, each, load } of LOADS) {
  const rival = await nodeServer(port, load.requests[0]!);
  const runs = await repeat(RUNS, async () => ({
    ours: await client.run({ ...load, port, ms: RUN_MS }),
    rival: await client.run({ ...load, port: rival.port, ms: RUN_MS }),
  }));
  show(title, each, runs.map((run) => run.ours));
  show(`rival: node:http, ${title}`, each, runs.map((run) => run.rival));
  rival.server.close();
  rival.server.closeAllConnections();
}
client.stop();
await daemon.stop();

function show(title: string, each: number, runs: Answers[]): void {
  if (runs.some((run) => run.refused > 0)) throw new Error(`${title}: not every request was answered with 200`);
  const busy = Math.round(Math.max(...runs.map((run) => run.busy)) * 100);
  const note = `the client's thread ${busy} % busy, on one of ${cpus().length} cores`;
  report(title, runs.map((run) => run.perSecond * each), '/s', note);
  report('  latency p50', runs.map((run) => run.p50Ms), 'ms', each > 1 ? 'of a whole batch' : undefined);
  report('  latency p99', runs.map((run) => run.p99Ms), 'ms');
}

/** A node:http server that answers every request with what the server at `port` answers to `request`. */
async function nodeServer(port: number, request: string): Promise<{ server: Server; port: number }> {
  const body = request.slice(request.indexOf('\r\n\r\n') + 4);
  const answer = await fetch(`http://127.0.0.1:${port}${PATH}`, { method: 'POST', body });
  const bytes = Buffer.from(await answer.arrayBuffer());
  const headers = { ...Object.fromEntries(answer.headers), 'Content-Length': bytes.length };
  delete (headers as Record<string, unknown>)['content-length'];
  const server = createServer((req, res) => {
    req.resume();
    req.once('end', () => res.writeHead(200, headers).end(bytes));
  });
  // An answer takes as many packets as it needs; without this, node:http waits for a full one.
  server.on('connection', (socket) => socket.setNoDelay(true));
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return { server, port: (server.address() as { port: number }).port };
}
