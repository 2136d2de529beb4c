/** What the benchmarks share: samples and their figures, temporary policies, and something to measure. */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { monitorEventLoopDelay } from 'node:perf_hooks';
import { setTimeout as sleep } from 'node:timers/promises';
import { type Logger, pino } from 'pino';
import { systemClock } from '../../src/clock.ts';
import { Daemon } from '../../src/daemon.ts';
import { DEFAULT_HANDLER_TIMEOUT_MS, DEFAULT_WORKERS, Engine } from '../../src/engine.ts';

// --- Figures -----------------------------------------------------------------------------------------------------

export interface Figure {
  name: string;
  /** One a run. */
  samples: number[];
  unit: string;
  note?: string;
}

/** Hands a figure to main.ts; a benchmark that is started by itself prints it. */
export function report(name: string, samples: number[], unit: string, note?: string): void {
  const figure: Figure = { name, samples, unit, note };
  if (process.send === undefined) console.log(line(figure));
  else process.send(figure);
}

/** What is shown of a figure. */
export function printed({ samples }: Figure): { median: number; min: number; max: number } {
  return { median: quantile(samples, 0.5), min: Math.min(...samples), max: Math.max(...samples) };
}

export function line(figure: Figure): string {
  const { median, min, max } = printed(figure);
  const spread = figure.samples.length > 1 ? `[${shown(min)} … ${shown(max)}]` : '';
  const columns = [figure.name.padEnd(52), shown(median).padStart(11), figure.unit.padEnd(8), spread.padEnd(22)];
  return `  ${columns.join(' ')} ${figure.note ?? ''}`.trimEnd();
}

/** Three digits that mean something: more would be noise. */
function shown(value: number): string {
  if (Math.abs(value) >= 1000) return Math.round(value).toLocaleString('en-US');
  return value === 0 ? '0' : Number(value.toPrecision(3)).toString();
}

/** The value below which a share `q` of the samples lies. */
export function quantile(samples: ArrayLike<number>, q: number): number {
  const sorted = Float64Array.from(samples).sort();
  return sorted[Math.min(sorted.length - 1, Math.floor(q * sorted.length))]!;
}

// --- Measuring ---------------------------------------------------------------------------------------------------

/** The samples of `runs` runs, after one that only warms up. */
export async function repeat<T>(runs: number, run: (n: number) => T | Promise<T>): Promise<T[]> {
  await run(0);
  const samples: T[] = [];
  for (let n = 1; n <= runs; n++) samples.push(await run(n));
  return samples;
}

/** How often a second `step` can be called, which does `each` things at a time. */
export function ratePerSecond(ms: number, each: number, step: () => void): number {
  const began = performance.now();
  let count = 0;
  let now = began;
  while (now - began < ms) {
    step();
    count += each;
    now = performance.now();
  }
  return (count / (now - began)) * 1000;
}

/**
 * Milliseconds that `work` took, and the longest time for which the event loop of this thread stood still meanwhile.
 * The loop is asked every millisecond, and that millisecond is taken off.
 */
export async function withStall(work: () => Promise<unknown>): Promise<{ ms: number; stallMs: number }> {
  const delay = monitorEventLoopDelay({ resolution: 1 });
  delay.enable();
  // The first tick starts the measurement and belongs to nobody.
  await sleep(5);
  delay.reset();
  const began = performance.now();
  await work();
  const ms = performance.now() - began;
  // A stall shows when it ends, so the loop has to turn once more.
  await sleep(5);
  delay.disable();
  return { ms, stallMs: Math.max(0, delay.max / 1e6 - 1) };
}

/** Bytes that this thread's heap holds, and the process as a whole, with the garbage gone. */
export async function memoryInUse(): Promise<{ heap: number; resident: number }> {
  // Finalizers free buffers, and what they free takes a second collection.
  for (let i = 0; i < 3; i++) {
    globalThis.gc!();
    await sleep(10);
  }
  const { heapUsed, external, rss } = process.memoryUsage();
  return { heap: heapUsed + external, resident: rss };
}

// --- Temporary things --------------------------------------------------------------------------------------------

// A signal that ends the process passes by its exit handlers; ours have folders and daemons to clear away.
for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => process.exit(1));

/** A folder that is gone when the process ends. */
export function temporaryFolder(): string {
  const folder = mkdtempSync(join(tmpdir(), 'kumo-configd-bench-'));
  process.once('exit', () => rmSync(folder, { recursive: true, force: true }));
  return folder;
}

/** A policy of this text, in a folder of its own. */
export function temporaryPolicy(lua: string): string {
  const policy = join(temporaryFolder(), 'init.lua');
  writeFileSync(policy, lua);
  return policy;
}

/** A port that nobody has at this moment. */
export function freePort(): Promise<number> {
  return new Promise((resolve, reject) => {
    const server = createServer().once('error', reject);
    server.listen(0, '127.0.0.1', () => {
      const { port } = server.address() as { port: number };
      server.close(() => resolve(port));
    });
  });
}

// --- Things to measure -------------------------------------------------------------------------------------------

export const silent: Logger = pino({ level: 'silent' });

/** An engine with this policy loaded as epoch 1. */
export async function startEngine(lua: string, workers = DEFAULT_WORKERS): Promise<Engine> {
  const engine = new Engine({
    policy: temporaryPolicy(lua),
    validating: false,
    workers,
    handlerTimeoutMs: DEFAULT_HANDLER_TIMEOUT_MS,
    clock: systemClock,
    log: silent,
    dns: { resolveMx: async () => [] },
    epoch: 1,
    evalGlobs: async () => [],
    onGlobs: () => undefined,
    onBump: () => undefined,
    onPrint: () => undefined,
    onExit: () => undefined,
  });
  await engine.load();
  return engine;
}

/** The daemon as `run` makes it, in this process, with one admin listener. */
export async function startDaemon(lua: string, handlerTimeoutMs = DEFAULT_HANDLER_TIMEOUT_MS): Promise<Served> {
  const daemon = await Daemon.start({
    policy: temporaryPolicy(lua),
    http: ['127.0.0.1:0'],
    sidecar: false,
    stateDir: null,
    workers: DEFAULT_WORKERS,
    pollIntervalMs: 10_000,
    handlerTimeoutMs,
    log: silent,
  });
  // The daemon keeps its engine to itself; a benchmark looks inside to fill it and to know when a refresh has ended.
  return { daemon, engine: daemon['engine'], port: Number(daemon.addresses[0]!.split(':').at(-1)) };
}

export interface Served {
  daemon: Daemon;
  engine: Engine;
  port: number;
}

/** Makes the queues of these names live. */
export async function makeLive(engine: Engine, names: Iterable<string>): Promise<void> {
  let making: unknown[] = [];
  for (const name of names) {
    making.push(engine.resolve({ kind: 'queue', name }));
    // As many as a large batch request asks for.
    if (making.length === 10_000) {
      await Promise.all(making);
      making = [];
    }
  }
  await Promise.all(making);
}

/** Names of `count` queues: tenants and domains in turn, all different. */
export function queueNames(count: number): string[] {
  // Through a buffer, as names come from requests; text that is put together in JavaScript is stored as its parts.
  return Array.from({ length: count }, (_, i) => Buffer.from(`tenant-${i % 1000}@domain-${i}.example`).toString());
}

/** A handler that looks nothing up. */
export const SIMPLE = `
local kumo = require 'kumo'
kumo.on('get_queue_config', function(domain, tenant, campaign, routing_domain)
  return kumo.make_queue_config { egress_pool = 'unspecified', max_age = '3 days', refresh_strategy = 'Epoch' }
end)
`;

/** A handler as operators write them: defaults, overridden by the tenant's settings, overridden by the domain's. */
export const REALISTIC = `
local kumo = require 'kumo'
local defaults = {
  refresh_strategy = 'Epoch', egress_pool = 'unspecified', retry_interval = '20m', max_retry_interval = '4h',
  max_age = '3 days', reap_interval = '1h',
}
local tenants = {}
for i = 0, 999 do
  tenants['tenant-' .. i] = {
    max_age = (i % 7 + 1) .. ' days', max_message_rate = (i % 10 + 1) * 100 .. '/min', provider_name = 'p' .. i % 5,
  }
end
local domains = {}
for i = 0, 99 do
  domains['domain-' .. i .. '.example'] = { max_retry_interval = '2h' }
end
kumo.on('get_queue_config', function(domain, tenant, campaign, routing_domain)
  local params = {}
  for key, value in pairs(defaults) do params[key] = value end
  for key, value in pairs(tenants[tenant] or {}) do params[key] = value end
  for key, value in pairs(domains[domain] or {}) do params[key] = value end
  return kumo.make_queue_config(params)
end)
`;
