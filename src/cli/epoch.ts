/** `epoch` and `epochs`: where the configuration of a running daemon stands, and how it got there. */
import { Command, Option } from 'commander';
import type { EpochEntry } from '../epoch/entry.ts';
import { ask } from './client.ts';
import { jsonOption, positiveInteger, serverOption } from './options.ts';
import { print, printJson } from './print.ts';

interface EpochAnswer {
  epoch: number;
  cause: string | null;
  started_at: string | null;
  scopes: Record<string, number>;
  last_rejected: {
    epoch: number;
    at: string;
    errors: { file: string | null; line: number | null; message: string }[];
  } | null;
  objects: Record<string, number>;
}

export function epochCommand(): Command {
  return new Command('epoch')
    .description('the current epoch of a running daemon')
    .addOption(serverOption())
    .addOption(jsonOption())
    .action(async ({ server, json }: { server: string; json?: boolean }) => {
      const answer = (await ask(server, 'GET', '/api/config/v1/epoch')) as EpochAnswer;
      if (json === true) printJson(answer);
      else show(answer);
    });
}

function show({ epoch, cause, started_at, scopes, last_rejected, objects }: EpochAnswer): void {
  print(`epoch ${epoch} (${cause ?? 'none yet'}) since ${started_at ?? 'never'}`);
  print(`scopes: ${counts(scopes)}`);
  print(`objects: ${counts(objects)}`);
  if (last_rejected === null) return;
  print(`last rejected: epoch ${last_rejected.epoch} at ${last_rejected.at}`);
  for (const { file, line, message } of last_rejected.errors) {
    print(`  ${file === null ? '' : `${file}:${line ?? '?'}: `}${message}`);
  }
}

const counts = (numbers: Record<string, number>): string =>
  Object.entries(numbers)
    .map(([name, number]) => `${name} ${number}`)
    .join(', ');

export function epochsCommand(): Command {
  return new Command('epochs')
    .description('the ledger of epochs of a running daemon, newest first')
    .addOption(new Option('--limit <n>', 'how many').argParser(positiveInteger).default(20))
    .addOption(serverOption())
    .addOption(jsonOption())
    .action(async ({ server, limit, json }: { server: string; limit: number; json?: boolean }) => {
      const answer = (await ask(server, 'GET', `/api/config/v1/epochs?limit=${limit}`)) as { epochs: EpochEntry[] };
      if (json === true) printJson(answer);
      else for (const entry of answer.epochs) print(entryLine(entry));
    });
}

function entryLine(entry: EpochEntry): string {
  const why = entry.reason === null ? '' : ` "${entry.reason}"`;
  const error = entry.errors[0] === undefined ? '' : `: ${entry.errors[0].message}`;
  return `${entry.epoch}\t${entry.started_at}\t${entry.scope}\t${entry.cause}\t${entry.status}${why}${error}`;
}
