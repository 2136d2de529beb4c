/**
 * `make bench`: measures, and judges nothing. Runs every benchmark in a process of its own, so that none works in the
 * heap or with the compiled code that another left behind; names on the command line choose some.
 *
 *     node test/bench/main.ts [--json FILE] [NAME…]
 */
import { execFileSync, fork } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { cpus, totalmem } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { type Figure, line, printed } from './lib.ts';

const ALL = ['startup', 'calls', 'resolve', 'http', 'refresh', 'poll', 'memory', 'hang'];

const { values, positionals } = parseArgs({ options: { json: { type: 'string' } }, allowPositionals: true });
const unknown = positionals.find((name) => !ALL.includes(name));
if (unknown !== undefined) {
  console.error(`no benchmark '${unknown}'; there are ${ALL.join(', ')}`);
  process.exit(2);
}

const machine = {
  cpu: cpus()[0]!.model,
  cores: cpus().length,
  memoryGiB: Number((totalmem() / 2 ** 30).toFixed(1)),
  node: process.version,
  date: new Date().toISOString(),
  commit: commit(),
};
console.log(`${machine.cpu}, ${machine.cores} cores, ${machine.memoryGiB} GiB; Node ${machine.node}`);
console.log(`${machine.date}, commit ${machine.commit}`);
console.log('Each line: the median of several runs, and in brackets the lowest and the highest of them.');

const figures: (Figure & { benchmark: string })[] = [];
for (const name of positionals.length > 0 ? positionals : ALL) {
  console.log(`\n${name}`);
  await run(name);
}
if (values.json !== undefined) {
  const entries = figures.map((figure) => ({ ...figure, ...printed(figure) }));
  writeFileSync(values.json, `${JSON.stringify({ machine, figures: entries }, null, 2)}\n`);
}

/** Runs one benchmark, printing its figures as they come. */
function run(benchmark: string): Promise<void> {
  const child = fork(join(import.meta.dirname, `${benchmark}.ts`), { execArgv: ['--expose-gc'] });
  child.on('message', (figure: Figure) => {
    figures.push({ benchmark, ...figure });
    console.log(line(figure));
  });
  return new Promise((resolve) => {
    // 'close' comes after the last message.
    child.once('close', (code, signal) => {
      if (code !== 0) {
        console.log(`  ${benchmark} ended early: ${signal ?? `status ${code}`}`);
        process.exitCode = 1;
      }
      resolve();
    });
  });
}

/** The commit that is measured; `+` when the checkout differs from it. */
function commit(): string {
  try {
    return execFileSync('git', ['describe', '--always', '--dirty=+'], {
      cwd: import.meta.dirname,
      encoding: 'utf8',
    }).trim();
  } catch {
    // Not a git checkout, or no git: the figures are as good without.
    return 'unknown';
  }
}
