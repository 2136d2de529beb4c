/** How long the real executable takes from its start to being ready, and the bare Node inside it to doing nothing. */
import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { cpSync, existsSync, readFileSync, writeFileSync } from 'node:fs';
import { connect } from 'node:net';
import { join } from 'node:path';
import { freePort, repeat, report, temporaryFolder } from './lib.ts';

const ROOT = join(import.meta.dirname, '../..');
const BINARY = join(ROOT, 'dist/kumo-configd');
const RUNS = 10;

if (!existsSync(BINARY)) {
  console.log('  left out: there is no dist/kumo-configd; run make build');
  process.exit();
}

const folder = temporaryFolder();
const port = await freePort();
cpSync(join(ROOT, 'policy'), join(folder, 'policy'), { recursive: true });
const policy = join(folder, 'policy/init.lua');
writeFileSync(policy, readFileSync(policy, 'utf8').replace('127.0.0.1:8000', `127.0.0.1:${port}`));

let running: ChildProcess | undefined;
process.once('exit', () => running?.kill('SIGKILL'));

const starts = await repeat(RUNS, start);
report(
  'spawn to GET /ready = 200',
  starts.map((run) => run.ready),
  'ms',
  'dist/kumo-configd on the example policy',
);
report(
  'spawn to "initialization complete"',
  starts.map((run) => run.complete),
  'ms',
  'the log line read from stderr',
);
report(
  'SIGTERM to exit',
  starts.map((run) => run.stop),
  'ms',
);
report(
  'resident memory when ready',
  starts.map((run) => run.residentMiB),
  'MiB',
);

const bare = await repeat(RUNS, () => {
  const began = performance.now();
  spawnSync(process.execPath, ['--eval', '0']);
  return performance.now() - began;
});
report('rival: node --eval 0, start to exit', bare, 'ms', 'the floor: the same Node with nothing to do');

interface Start {
  ready: number;
  complete: number;
  stop: number;
  residentMiB: number;
}

async function start(): Promise<Start> {
  const began = performance.now();
  const child = spawn(BINARY, ['run', '--policy', policy, '--state-dir', join(folder, 'state')], {
    stdio: ['ignore', 'ignore', 'pipe'],
  });
  running = child;
  const exited = new Promise<void>((resolve) => child.once('exit', () => resolve()));
  const complete = new Promise<number>((resolve, reject) => {
    let log = '';
    child.stderr!.setEncoding('utf8').on('data', (text: string) => {
      log += text;
      if (log.includes('initialization complete')) resolve(performance.now() - began);
    });
    exited.then(() => reject(new Error(`the daemon ended:\n${log}`)));
  });
  const [completeAt, readyAt] = await Promise.all([complete, untilReady(began)]);
  const status = readFileSync(`/proc/${child.pid}/status`, 'utf8');
  const residentMiB = Number(/VmRSS:\s*(\d+)/.exec(status)![1]) / 1024;
  const asked = performance.now();
  child.kill('SIGTERM');
  await exited;
  return { ready: readyAt, complete: completeAt, stop: performance.now() - asked, residentMiB };
}

/** Asks again and again, on bare sockets since fetch would add its own start to the first answer. */
async function untilReady(began: number): Promise<number> {
  while (!(await isReady())) await new Promise((resolve) => setTimeout(resolve, 1));
  return performance.now() - began;
}

function isReady(): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect(port, '127.0.0.1');
    socket.once('connect', () => socket.write('GET /api/config/v1/ready HTTP/1.1\r\nHost: localhost\r\n\r\n'));
    socket.once('data', (bytes) => {
      resolve(bytes.toString('latin1').startsWith('HTTP/1.1 200'));
      socket.destroy();
    });
    // Refused until the listener is open.
    socket.once('error', () => resolve(false));
  });
}
