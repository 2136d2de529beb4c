/** `run`: the daemon. */
import { Command, Option } from 'commander';
import { Daemon } from '../daemon.ts';
import { DEFAULT_HANDLER_TIMEOUT_MS, DEFAULT_WORKERS } from '../engine.ts';
import { ConfigError, ERRORS, toConfigError } from '../errors.ts';
import { type Format, type Level, LOG_FORMATS, LOG_LEVELS, newLogger } from '../log.ts';
import { collect, duration, policyOption, positiveInteger, timeoutOption } from './options.ts';
import { printError } from './print.ts';
import { becomeUser } from './user.ts';

interface RunOptions {
  policy: string;
  http: string[];
  sidecar?: boolean;
  stateDir?: string;
  workers?: number;
  pollInterval?: number;
  handlerTimeout?: number;
  user?: string;
  logLevel: Level;
  logFormat: Format;
  json?: boolean;
}

const DEFAULT_STATE_DIR = '/var/lib/kumo-configd';
const DEFAULT_POLL_MS = 10_000;

export function runCommand(end: (status: number) => void): Command {
  return new Command('run')
    .description('start the daemon')
    .addOption(policyOption())
    .option('--http <ip:port>', 'open this admin listener, besides those that init starts', collect, [])
    .option('--sidecar', "leave init's own HTTP listeners to the MTA on the same policy")
    .option('--state-dir <dir>', `where the ledger is kept, or none (default: ${DEFAULT_STATE_DIR})`)
    .addOption(new Option('--workers <n>', 'threads that run Lua').argParser(positiveInteger))
    .addOption(new Option('--poll-interval <duration>', 'between two looks at the files').argParser(duration))
    .addOption(timeoutOption())
    .option('--user <name>', 'the user to run as, when started as root')
    .addOption(new Option('--log-level <level>', 'least level that is logged').choices(LOG_LEVELS).default('info'))
    .addOption(new Option('--log-format <format>', 'how the log is written').choices(LOG_FORMATS).default('text'))
    .option('--json', 'the same as --log-format json')
    .action(async (options: RunOptions) => {
      end(await run(options));
    });
}

/** Runs the daemon until a signal ends it; resolves to the exit status. */
async function run(options: RunOptions): Promise<number> {
  const log = newLogger(options.logLevel, options.json === true ? 'json' : options.logFormat);
  const ended = new Promise<void>((resolve) => {
    process.once('SIGTERM', resolve);
    process.once('SIGINT', resolve);
  });
  // Until the daemon polls at SIGHUP, the signal must not end it either.
  let onHangup = (): void => undefined;
  process.on('SIGHUP', () => onHangup());
  const stateDir = stateDirOf(options.stateDir);
  if (options.user !== undefined) becomeUser(options.user, stateDir?.path);
  else if (process.geteuid?.() === 0) log.warn('running as root; --user names another user to run as');
  let daemon: Daemon;
  try {
    daemon = await Daemon.start({
      policy: options.policy,
      http: options.http,
      sidecar: options.sidecar ?? false,
      stateDir,
      workers: options.workers ?? DEFAULT_WORKERS,
      pollIntervalMs: options.pollInterval ?? DEFAULT_POLL_MS,
      handlerTimeoutMs: options.handlerTimeout ?? DEFAULT_HANDLER_TIMEOUT_MS,
      log,
    });
  } catch (thrown) {
    const error = toConfigError(thrown);
    if (error.code === 'INTERNAL') log.error({ err: thrown }, 'the daemon could not start');
    printError(error);
    return ERRORS[error.code].exit;
  }
  onHangup = () => void daemon.poll();
  await ended;
  log.info('stopping');
  await daemon.stop();
  return 0;
}

/** What --state-dir means; systemd names the directory that it made in $STATE_DIRECTORY. */
function stateDirOf(given: string | undefined): { path: string; required: boolean } | null {
  if (given === 'none') return null;
  if (given === '') throw new ConfigError('USAGE', '--state-dir: a directory, or none, expected');
  if (given !== undefined) return { path: given, required: true };
  return { path: process.env['STATE_DIRECTORY'] ?? DEFAULT_STATE_DIR, required: false };
}
