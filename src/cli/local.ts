/** A policy evaluated in the command's own process, through the same engine as the daemon's. */
import { promises as dns } from 'node:dns';
import type { Logger } from 'pino';
import { systemClock } from '../clock.ts';
import { DEFAULT_HANDLER_TIMEOUT_MS, Engine } from '../engine.ts';
import { newLogger } from '../log.ts';
import { compileGlobs } from '../monitor/globs.ts';
import { defaultGlobs } from '../policy/search_path.ts';

export interface LocalOptions {
  policy: string;
  validating?: boolean;
  handlerTimeoutMs?: number | undefined;
  log?: Logger;
  onExit?: (code: number) => void;
}

/** Makes an engine, gives it to `use`, and stops it whatever happens. The policy is not loaded yet. */
export async function withEngine<T>(options: LocalOptions, use: (engine: Engine) => Promise<T>): Promise<T> {
  const log = options.log ?? newLogger('warn', 'text');
  let globs = defaultGlobs(options.policy);
  const engine = new Engine({
    policy: options.policy,
    validating: options.validating ?? false,
    workers: 1,
    handlerTimeoutMs: options.handlerTimeoutMs ?? DEFAULT_HANDLER_TIMEOUT_MS,
    clock: systemClock,
    log,
    dns,
    epoch: 1,
    evalGlobs: () => compileGlobs(globs).list(),
    onGlobs: (patterns) => {
      globs = patterns;
    },
    onBump: (scope) => log.info({ scope }, 'the policy bumped the epoch; there is no daemon here that would heed it'),
    onPrint: (text) => process.stdout.write(text),
    onExit: options.onExit ?? ((code) => log.warn({ code }, 'the policy called os.exit, which a policy may not')),
  });
  try {
    return await use(engine);
  } finally {
    await engine.stop();
  }
}
