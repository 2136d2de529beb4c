/** `bump`: moves the epoch of a running daemon. */
import { Command } from 'commander';
import { ask } from './client.ts';
import { duration, jsonOption, serverOption } from './options.ts';
import { print, printJson } from './print.ts';

interface BumpOptions {
  server: string;
  reason?: string;
  scope?: string;
  wait?: string;
  json?: boolean;
}

interface Bumped {
  epoch: number;
  previous: number;
  scope: string;
  status: string;
  dependents: number;
}

export function bumpCommand(end: (status: number) => void): Command {
  return new Command('bump')
    .description('bump the configuration epoch; with --wait, tell whether it was accepted')
    .option('--reason <text>', 'why; goes into the ledger')
    .option('--scope <name>', 'what the bump is about')
    .option('--wait <duration>', 'wait this long for the verdict', (text) => {
      duration(text);
      return text;
    })
    .addOption(serverOption())
    .addOption(jsonOption())
    .action(async ({ server, reason, scope, wait, json }: BumpOptions) => {
      const query = wait === undefined ? '' : `?wait=${encodeURIComponent(wait)}`;
      const body = { reason, scope };
      const bumped = (await ask(server, 'POST', `/api/admin/bump-configuration${query}`, body)) as Bumped;
      if (json === true) printJson(bumped);
      else print(`epoch ${bumped.epoch} (${bumped.scope}) ${bumped.status}; ${bumped.dependents} objects depend on it`);
      end(0);
    });
}
