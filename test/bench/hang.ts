/** What others notice while a handler runs `while true do end`: the admin API, cached resolves, fresh ones. */
import { setTimeout as sleep } from 'node:timers/promises';
import { makeLive, quantile, report, startDaemon } from './lib.ts';

const DEADLINE_MS = 3000;
const PER_SECOND = 500;
const RUNS = 3;

const HANG = `
local kumo = require 'kumo'
kumo.on('get_queue_config', function(domain)
  while domain:find 'hang' do end
  return kumo.make_queue_config {}
end)
`;

const { daemon, engine, port } = await startDaemon(HANG, DEADLINE_MS);
await makeLive(engine, ['live.example']);
const server = `http://127.0.0.1:${port}`;
const samples: Record<string, number[]> = {
  hangMs: [],
  epochP50: [],
  epochP99: [],
  epochMax: [],
  cachedP99: [],
  freshP99: [],
};

for (let run = 0; run < RUNS; run++) {
  const epoch: number[] = [];
  const cached: number[] = [];
  const fresh: number[] = [];
  let over = false;
  const began = performance.now();
  const hanging = post({ kind: 'queue', name: `hang-${run}.example` }).then((status) => {
    if (status !== 422) throw new Error(`the handler that hangs answered ${status}`);
    over = true;
  });
  for (let i = 0; !over; i++) {
    await Promise.all([
      timed(epoch, () => fetch(`${server}/api/config/v1/epoch`).then((answer) => answer.text())),
      timed(cached, () => post({ kind: 'queue', name: 'live.example' })),
      // A tenth of the requests is for what no handler has made yet.
      i % 10 === 0 ? timed(fresh, () => post({ kind: 'queue', name: `fresh-${run}-${i}.example` })) : undefined,
      sleep(2000 / PER_SECOND),
    ]);
  }
  await hanging;
  samples['hangMs']!.push(performance.now() - began);
  samples['epochP50']!.push(quantile(epoch, 0.5));
  samples['epochP99']!.push(quantile(epoch, 0.99));
  samples['epochMax']!.push(quantile(epoch, 1));
  samples['cachedP99']!.push(quantile(cached, 0.99));
  samples['freshP99']!.push(quantile(fresh, 0.99));
}
report('the handler ends after', samples['hangMs']!, 'ms', `its deadline is ${DEADLINE_MS} ms`);
report('GET /epoch meanwhile, p50', samples['epochP50']!, 'ms', `about ${PER_SECOND} requests/s, with those below`);
report('GET /epoch meanwhile, p99', samples['epochP99']!, 'ms');
report('GET /epoch meanwhile, longest', samples['epochMax']!, 'ms');
report('cached resolve meanwhile, p99', samples['cachedP99']!, 'ms');
report('fresh resolve meanwhile, p99', samples['freshP99']!, 'ms', 'another handler call, on the other worker');
await daemon.stop();

async function post(body: unknown): Promise<number> {
  const answer = await fetch(`${server}/api/config/v1/resolve`, { method: 'POST', body: JSON.stringify(body) });
  await answer.text();
  return answer.status;
}

async function timed(into: number[], act: () => Promise<unknown>): Promise<void> {
  const began = performance.now();
  await act();
  into.push(performance.now() - began);
}
