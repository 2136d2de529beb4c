/** One poll of 10,000 files that have not changed, and how long it keeps the event loop from anything else. */
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { systemClock } from '../../src/clock.ts';
import { Monitor } from '../../src/monitor/monitor.ts';
import { repeat, report, silent, temporaryFolder, withStall } from './lib.ts';

const RUNS = 30;
const FOLDERS = 100;
const FILES = 100;
/** The monitor reads a file again that is so young that its times might hide a change (fileset.ts). */
const OLD_MS = 2_100;

const folder = temporaryFolder();
for (let i = 0; i < FOLDERS; i++) {
  mkdirSync(join(folder, `tenants-${i}`));
  for (let j = 0; j < FILES; j++)
    writeFileSync(join(folder, `tenants-${i}`, `tenant-${j}.toml`), `max_age = "${j} h"\n`);
}

let read = 0;
const monitor = new Monitor({
  globs: [`${folder}/**/*.{lua,json,toml,yaml}`],
  // Only polled by hand here.
  intervalMs: 0x7fffffff,
  settleMs: 250,
  clock: systemClock,
  log: silent,
  onChange: () => {
    throw new Error('nothing should have changed');
  },
  onPoll: (poll) => {
    read = poll.read;
  },
});
const first = await withStall(() => monitor.start());
const firstRead = read;
report('first poll', [first.ms], 'ms', `${FOLDERS * FILES} files, ${firstRead} read and hashed`);
await sleep(OLD_MS);
await monitor.poll();

const polls = await repeat(RUNS, () => withStall(() => monitor.poll()));
report(
  'poll with nothing changed',
  polls.map((poll) => poll.ms),
  'ms',
  `${FOLDERS * FILES} files, ${read} read`,
);
report(
  'longest stall of a poll',
  polls.map((poll) => poll.stallMs),
  'ms',
);
monitor.stop();
