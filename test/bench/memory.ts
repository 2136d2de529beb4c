/**
 * Bytes for each live queue, as the policy's own handlers made it: the difference, with the garbage collected, of what
 * the main thread's heap holds. Every variant has a process of its own.
 */
import { fork } from 'node:child_process';
import { freemem } from 'node:os';
import { type Figure, makeLive, memoryInUse, queueNames, report, startEngine } from './lib.ts';

const DISTINCT = `
local kumo = require 'kumo'
kumo.on('get_queue_config', function(domain, tenant)
  return kumo.make_queue_config { max_age = '3 days', provider_name = domain, refresh_strategy = 'Epoch' }
end)
`;
/** 70 different configurations: seven ages by ten rates, as with a thousand tenants of a few classes. */
const SHARED = `
local kumo = require 'kumo'
kumo.on('get_queue_config', function(domain, tenant)
  local n = tonumber(tenant:match '%d+')
  return kumo.make_queue_config {
    max_age = (n % 7 + 1) .. ' days', max_message_rate = (n % 10 + 1) * 100 .. '/min', refresh_strategy = 'Epoch',
  }
end)
`;
const VARIANTS = [
  { policy: SHARED, count: 100_000, values: '70 different values', runs: 3 },
  { policy: DISTINCT, count: 100_000, values: 'all values different', runs: 3 },
  { policy: SHARED, count: 1_000_000, values: '70 different values', runs: 1 },
];
/** What a million objects and their making need, with room to spare. */
const MILLION_NEEDS = 3 * 2 ** 30;

const chosen = process.argv[2];
if (chosen !== undefined) {
  await measure(VARIANTS[Number(chosen)]!);
} else {
  for (const [i, { count, values, runs }] of VARIANTS.entries()) {
    if (count > 100_000 && freemem() < MILLION_NEEDS) continue;
    const samples: Record<string, number>[] = [];
    for (let run = 0; run < runs; run++) samples.push(await inChild(String(i)));
    const title = `${count.toLocaleString('en-US')} queues, ${values}`;
    report(
      title,
      samples.map((run) => run['heap']!),
      'B each',
      'heap of the main thread',
    );
    report(
      `  resident memory of the process`,
      samples.map((run) => run['resident']!),
      'B each',
      'workers included',
    );
    report(
      `  made live`,
      samples.map((run) => run['rate']!),
      '/s',
      'by engine.resolve, 10,000 at a time',
    );
  }
}

async function measure({ policy, count }: (typeof VARIANTS)[number]): Promise<void> {
  const engine = await startEngine(policy);
  // Loads what is loaded lazily, and the pool that all of them use.
  await makeLive(engine, ['tenant-0@warm-up.example']);
  const before = await memoryInUse();
  const began = performance.now();
  await makeLive(engine, queueNames(count));
  const ms = performance.now() - began;
  const after = await memoryInUse();
  report('heap', [(after.heap - before.heap) / count], 'B');
  report('resident', [(after.resident - before.resident) / count], 'B');
  report('rate', [(count / ms) * 1000], '/s');
  await engine.stop();
}

function inChild(variant: string): Promise<Record<string, number>> {
  const figures: Record<string, number> = {};
  const child = fork(import.meta.filename, [variant], { execArgv: ['--expose-gc', '--max-old-space-size=4096'] });
  child.on('message', ({ name, samples }: Figure) => {
    figures[name] = samples[0]!;
  });
  return new Promise((resolve, reject) => {
    child.once('close', (code, signal) => {
      if (code === 0) resolve(figures);
      else reject(new Error(`variant ${variant} ended with ${signal ?? code}`));
    });
  });
}
