/** The configuration epoch and what it watches. */
import { ConfigError } from '../errors.ts';
import { callerPlace } from '../lua/errors.ts';
import { suspend } from '../lua/suspend.ts';
import { pushPlain, toPlain } from '../lua/values.ts';
import type { Plain } from '../objects/plain.ts';
import type { KumoFunction } from './host.ts';

function isEmptyMap(value: Plain): boolean {
  return typeof value === 'object' && value?.constructor === Object && Object.keys(value).length === 0;
}

export const epochFunctions: Record<string, KumoFunction> = {
  /** `kumo.bump_config_epoch(scope?)`: the scope is ours, KumoMTA knows one epoch only. */
  bump_config_epoch: (host, L) => {
    const scope = toPlain(L, 1);
    if (scope !== undefined && typeof scope !== 'string') {
      throw new ConfigError('POLICY_FAILED', "bad argument #1 to 'bump_config_epoch' (the name of a scope expected)");
    }
    host.bump(scope ?? 'global', callerPlace(L, 1));
    return 0;
  },
  set_config_monitor_globs: (host, L) => {
    const given = toPlain(L, 1);
    // An empty table is a map until somebody says otherwise.
    const globs = isEmptyMap(given) ? [] : given;
    if (!Array.isArray(globs) || !globs.every((glob) => typeof glob === 'string')) {
      throw new ConfigError(
        'POLICY_FAILED',
        "bad argument #1 to 'set_config_monitor_globs' (array of strings expected)",
      );
    }
    host.setGlobs(globs);
    return 0;
  },
  eval_config_monitor_globs: (host, L) =>
    suspend(L, host.evalGlobs(), (L, files) => {
      pushPlain(L, files);
      return 1;
    }),
};
