/** What the functions of `kumo.*` may ask of the process around them. They know nothing of threads. */
import type { ErrorPlace } from '../errors.ts';
import type { LuaFunction, LuaState } from '../lua/fengari.ts';

export type LogLevel = 'debug' | 'info' | 'warn' | 'error';

/** What `init` defines; see GET /api/config/v1/init. */
export type DefinitionKind =
  | 'esmtp_listener'
  | 'http_listener'
  | 'spool'
  | 'local_logs'
  | 'log_hook'
  | 'log_disposition_hook'
  | 'limit';

export interface KumoHost {
  /** True in `check`: listeners and spools are only checked. */
  readonly validating: boolean;
  /** Registers the function at the stack index `handler`; throws what KumoMTA raises for a refused one. */
  on(L: LuaState, event: string, handler: number): void;
  registrars(event: string): string[][] | undefined;
  define(kind: DefinitionKind, value: unknown, place: ErrorPlace): void;
  validationFailed(): void;
  /** Bumps the configuration epoch in `scope`. */
  bump(scope: string, place: ErrorPlace): void;
  /** Replaces the monitored globs; throws GLOB_INVALID and keeps the old ones if one is bad. */
  setGlobs(globs: string[]): void;
  /** Sorted absolute paths of the monitored files. */
  evalGlobs(): Promise<string[]>;
  /** Reads a data file, recorded as something the running call depends on. Throws what the author should see. */
  readFile(file: string): Uint8Array;
  log(level: LogLevel, place: ErrorPlace, text: string): void;
  /** Resolves after `seconds`; the running call's deadline goes on. */
  sleep(seconds: number): Promise<void>;
}

/** A function of the API: called with the host and the Lua state, it pushes its results and returns their number. */
export type KumoFunction = (host: KumoHost, L: LuaState) => number;

export function bind(host: KumoHost, f: KumoFunction): LuaFunction {
  return (L) => f(host, L);
}
