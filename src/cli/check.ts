/** `check`: everything about a policy that can be known without mail. */
import { Command, Option } from 'commander';
import type { Engine } from '../engine.ts';
import { ConfigError, ERRORS, toConfigError } from '../errors.ts';
import type { ResolveRequest } from '../kinds/index.ts';
import { warningsOf } from '../objects/warnings.ts';
import { withEngine } from './local.ts';
import { jsonOption, policyOption, timeoutOption } from './options.ts';
import { print, printJson } from './print.ts';

const WARNINGS = ['error', 'warn', 'ignore'] as const;

interface CheckOptions {
  policy: string;
  warnings: (typeof WARNINGS)[number];
  handlerTimeout?: number;
  json?: boolean;
}

interface Problem {
  level: 'error' | 'warning';
  error: ConfigError;
}

/** A domain of nobody's (RFC 2606): mail to a domain that the policy does not know must work, too. */
const PROBE = 'example.com';

export function checkCommand(end: (status: number) => void): Command {
  return new Command('check')
    .description('load the policy, run init in validation mode, and check what it makes')
    .addOption(policyOption())
    .addOption(new Option('--warnings <what>', 'what to do with warnings').choices(WARNINGS).default('warn'))
    .addOption(timeoutOption())
    .addOption(jsonOption())
    .action(async (options: CheckOptions) => {
      const checked: string[] = [];
      const found = await problemsOf(options, checked);
      const problems = options.warnings === 'ignore' ? found.filter(({ level }) => level === 'error') : found;
      const failed = problems.some(({ level }) => level === 'error' || options.warnings === 'error');
      report(options, problems, checked, failed);
      end(failed ? 1 : 0);
    });
}

function report(options: CheckOptions, problems: Problem[], checked: string[], failed: boolean): void {
  for (const { level, error } of problems) {
    process.stderr.write(`${error.located()}${level === 'warning' ? ' (warning)' : ''}\n`);
    if (level === 'error') process.stderr.write(`  ${error.code}: ${ERRORS[error.code].hint}\n`);
  }
  if (options.json === true) {
    const shown = problems.map(({ level, error }) => ({ level, ...error.toJSON() }));
    printJson({ policy: options.policy, ok: !failed, checked, problems: shown });
  } else if (!failed) {
    print(`${options.policy}: fine; checked ${checked.join(', ')}`);
  }
}

function problemsOf(options: CheckOptions, checked: string[]): Promise<Problem[]> {
  const local = { policy: options.policy, validating: true, handlerTimeoutMs: options.handlerTimeout };
  return withEngine(local, async (engine) => {
    const problems: Problem[] = [];
    const attempt = async <T>(what: string, run: () => T | Promise<T>): Promise<T | undefined> => {
      try {
        const result = await run();
        checked.push(what);
        return result;
      } catch (thrown) {
        problems.push({ level: 'error', error: toConfigError(thrown) });
        return undefined;
      }
    };
    const loaded = await attempt('the policy', () => engine.load());
    // Nothing can be asked of a policy that does not load.
    if (loaded === undefined) return problems;
    await attempt('init', () => engine.run(['pre_init', 'init']));
    await attempt('validate_config', () => engine.run(['validate_config']));
    if (engine.validationFailed) {
      const message = 'Validation failed: a validate_config handler called kumo.validation_failed()';
      problems.push({ level: 'error', error: new ConfigError('CHECK_FAILED', message) });
    }
    await checkObjects(engine, attempt);
    problems.push(...warnings(engine));
    return problems;
  });
}

/** Asks for an unknown domain's queue, what it stands on, and the paths from every source that this brings up. */
async function checkObjects(
  engine: Engine,
  attempt: <T>(what: string, run: () => T | Promise<T>) => Promise<T | undefined>,
): Promise<void> {
  const resolve = (request: ResolveRequest, name: string): Promise<unknown> =>
    attempt(`${request.kind} ${name}`, () => engine.resolve(request));
  await resolve({ kind: 'queue', name: PROBE }, PROBE);
  await resolve({ kind: 'listener_domain', name: PROBE }, PROBE);
  for (const source of engine.live.stores.egress_source.after(0)) {
    await resolve({ kind: 'egress_path', source: source.name, site: PROBE }, `${source.name}->${PROBE}`);
  }
}

function warnings(engine: Engine): Problem[] {
  const problems: Problem[] = [];
  for (const store of Object.values(engine.live.stores)) {
    for (const object of store.after(0)) {
      const value = JSON.parse(object.value.text) as Record<string, unknown> | null;
      if (value === null) continue;
      for (const message of warningsOf(store.kind.name, value)) {
        const text = `${store.kind.name} '${object.name}': ${message}`;
        const [file, line] = object.provenance?.handler?.split(/:(?=\d+$)/) ?? [];
        const place = { file, line: line === undefined ? undefined : Number(line) };
        problems.push({ level: 'warning', error: new ConfigError('OBJECT_INVALID', text, { place }) });
      }
    }
  }
  return problems;
}
