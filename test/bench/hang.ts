/** What others notice while a handler runs `while true do end`: the admin API, cached resolves, fresh ones. */
import { setTimeout as sleep } from 'node:timers/promises';
import { type Answers, Client, get, post } from './client.ts';
import { makeLive, quantile, repeat, report, startDaemon } from './lib.ts';

const DEADLINE_MS = 3000;
/** Of each of the two kinds of request, whether earlier ones have been answered or not. */
const RATE = 250;
const LOAD_MS = 2700;
const RUNS = 3;
const FRESH = 25;
const RESOLVE = '/api/config/v1/resolve';

const HANG = `
local kumo = require 'kumo'
kumo.on('get_queue_config', function(domain)
  while domain:find 'hang' do end
  return kumo.make_queue_config {}
end)
`;

const { daemon, engine, port } = await startDaemon(HANG, DEADLINE_MS);
await makeLive(engine, ['live.example']);
const client = new Client();
const epochLoad = { port, requests: [get('/api/config/v1/epoch')], connections: 2, rate: RATE };
const cachedLoad = {
  port,
  requests: [post(RESOLVE, { kind: 'queue', name: 'live.example' })],
  connections: 2,
  rate: RATE,
};

async function load(ms: number): Promise<{ epoch: Answers; cached: Answers }> {
  const [epoch, cached] = await Promise.all([client.run({ ...epochLoad, ms }), client.run({ ...cachedLoad, ms })]);
  return { epoch, cached };
}

function show(when: string, runs: { epoch: Answers; cached: Answers }[]): void {
  const each = (pick: (run: { epoch: Answers; cached: Answers }) => number): number[] => runs.map(pick);
  report(
    `${when}: GET /epoch, p50`,
    each(({ epoch }) => epoch.p50Ms),
    'ms',
    `${2 * RATE} requests/s with the resolves`,
  );
  report(
    `${when}: GET /epoch, p99`,
    each(({ epoch }) => epoch.p99Ms),
    'ms',
  );
  report(
    `${when}: GET /epoch, longest`,
    each(({ epoch }) => epoch.maxMs),
    'ms',
  );
  report(
    `${when}: cached resolve, p99`,
    each(({ cached }) => cached.p99Ms),
    'ms',
  );
}

await load(1000);
show('quiet', await repeat(RUNS, () => load(LOAD_MS)));

const ended: number[] = [];
const fresh: number[][] = [];
const hung = await repeat(RUNS, async (run) => {
  const began = performance.now();
  const hanging = Promise.resolve(engine.resolve({ kind: 'queue', name: `hang-${run}.example` })).then(
    () => {
      throw new Error('the handler that hangs gave an object');
    },
    () => ended.push(performance.now() - began),
  );
  const loading = load(LOAD_MS);
  const times: number[] = [];
  for (let i = 0; i < FRESH; i++) {
    await sleep(LOAD_MS / FRESH);
    const asked = performance.now();
    await engine.resolve({ kind: 'queue', name: `fresh-${run}-${i}.example` });
    times.push(performance.now() - asked);
  }
  fresh.push(times);
  await hanging;
  return loading;
});
show('while it hangs', hung);
report(
  'while it hangs: fresh resolve, longest',
  fresh.map((times) => quantile(times, 1)),
  'ms',
  'by the other worker',
);
report('the handler ends after', ended, 'ms', `its deadline is ${DEADLINE_MS} ms`);
client.stop();
await daemon.stop();
