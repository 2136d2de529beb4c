/** The command line: one file a verb, and what all of them share. */
import { Command, CommanderError } from 'commander';
import { ERRORS, toConfigError } from '../errors.ts';
import { bumpCommand } from './bump.ts';
import { checkCommand } from './check.ts';
import { epochCommand, epochsCommand } from './epoch.ts';
import { objectsCommand } from './objects.ts';
import { printError } from './print.ts';
import { resolveCommand } from './resolve.ts';
import { runCommand } from './run.ts';
import { scriptCommand } from './script.ts';
import { versionCommand } from './version.ts';

const USAGE = 2;

/** Runs the verb that `args` name; resolves to the exit status. */
export async function main(args: string[]): Promise<number> {
  let status = 0;
  const end = (code: number): void => {
    status = code;
  };
  const program = new Command('kumo-configd')
    .description("KumoMTA's configuration lifecycle: checks, serves and renews a policy's configuration")
    .exitOverride()
    .enablePositionalOptions();
  const commands = [
    runCommand(end),
    checkCommand(end),
    resolveCommand(),
    bumpCommand(end),
    epochCommand(),
    epochsCommand(),
    objectsCommand(),
    scriptCommand(end),
    versionCommand(),
  ];
  // `run` is what a unit file written for kumod means: options, and no verb.
  for (const command of commands) {
    command.exitOverride();
    program.addCommand(command, { isDefault: command.name() === 'run' });
  }
  // kumod's way to ask for a check.
  const given = args.includes('--validate') ? ['check', ...args.filter((arg) => arg !== '--validate')] : args;
  try {
    await program.parseAsync(given, { from: 'user' });
  } catch (thrown) {
    // Commander has printed what is wrong with the command line, or the help that was asked for.
    if (thrown instanceof CommanderError) return thrown.exitCode === 0 ? 0 : USAGE;
    const error = toConfigError(thrown);
    printError(error);
    return ERRORS[error.code].exit;
  }
  return status;
}
