/** `objects`: the live objects of a running daemon. */
import { Command } from 'commander';
import { ask } from './client.ts';
import { jsonOption, serverOption } from './options.ts';
import { print } from './print.ts';

interface ObjectsOptions {
  server: string;
  kind?: string;
  state?: string;
  prefix?: string;
  json?: boolean;
}

interface Page {
  objects: { kind: string; name: string; state: string; epoch: number; last_error: { message: string } | null }[];
  next: string | null;
}

const PAGE = 1000;

export function objectsCommand(): Command {
  return new Command('objects')
    .description('the live objects of a running daemon, one a line (--json: one JSON object a line)')
    .option('--kind <kind>', 'only this kind')
    .option('--state <state>', 'only fresh, stale, refreshing or quarantined ones')
    .option('--prefix <text>', 'only names that begin so')
    .addOption(serverOption())
    .addOption(jsonOption())
    .action(async ({ server, json, ...filters }: ObjectsOptions) => {
      const query = new URLSearchParams({ limit: String(PAGE), ...filters });
      for (;;) {
        const page = (await ask(server, 'GET', `/api/config/v1/objects?${query}`)) as Page;
        for (const object of page.objects) print(json === true ? JSON.stringify(object) : line(object));
        if (page.next === null) return;
        query.set('cursor', page.next);
      }
    });
}

function line({ kind, name, state, epoch, last_error }: Page['objects'][number]): string {
  const error = last_error === null ? '' : `\t${last_error.message}`;
  return `${kind}\t${name}\t${state}\tepoch ${epoch}${error}`;
}
