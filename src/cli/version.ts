/** `version`: what this is, and under which licences. */
import { Command } from 'commander';
import packageJson from '../../package.json' with { type: 'json' };
import { licenses } from '../embedded.ts';
import { jsonOption } from './options.ts';
import { print, printJson } from './print.ts';

const LUA = 'Lua 5.4 as KumoMTA policies use it, on fengari 0.1.5';

export function versionCommand(): Command {
  return new Command('version')
    .description('version, Node and Lua dialect')
    .option('--licenses', 'the licences of everything inside')
    .addOption(jsonOption())
    .action((options: { licenses?: boolean; json?: boolean }) => {
      const version = { version: packageJson.version, node: process.versions.node, lua: LUA };
      if (options.licenses === true) print(licenses());
      else if (options.json === true) printJson(version);
      else print(`kumo-configd ${version.version} (Node ${version.node}; ${version.lua})`);
    });
}
