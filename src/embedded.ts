/**
 * The one place that knows whether the program runs from its single executable or from the sources. A file that ships
 * is named by its path in the checkout; the build gives it to the executable as an asset of that very name.
 *
 * `node:sea` answers in a worker thread as it does in the main one, so all of this may be called from both.
 */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { getRawAsset, isSea } from 'node:sea';
import { Worker, type WorkerOptions } from 'node:worker_threads';

/** Whether this is the single executable. */
export const isBinary: boolean = isSea();

export const LICENSES = 'dist/THIRD-PARTY-LICENSES.txt';
export const WORKER_BUNDLE = 'dist/bundle/policy-worker.js';

/** The uWebSockets.js addon for a platform, as `linux-x64`, and for the ABI of this Node. */
export function addonPath(target: string): string {
  const name = `uws_${target.replace('-', '_')}_${process.versions.modules}.node`;
  return `node_modules/uWebSockets.js/dist/bin/${name}`;
}

/** Where a shipped file lies when we run from the sources. */
export function sourcePath(path: string): string {
  return join(import.meta.dirname, '..', path);
}

/** The bytes of a shipped file, not to be written to: in the executable they are its own read-only memory. */
export function asset(path: string): Uint8Array {
  return isBinary ? new Uint8Array(getRawAsset(path)) : readFileSync(sourcePath(path));
}

/** The text of a shipped file, or undefined when none of that path ships. */
export function shippedText(path: string): string | undefined {
  try {
    return new TextDecoder().decode(asset(path));
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code === 'ENOENT' || code === 'ERR_SINGLE_EXECUTABLE_APPLICATION_ASSET_NOT_FOUND') return undefined;
    throw error;
  }
}

/** The Lua text of a shipped helper: of `policy/policy-extras/NAME.lua` for the module `policy-extras.NAME`. */
export function helperSource(module: string): string | undefined {
  // Whatever a script may `require`, only plain names below the one folder are looked for.
  const name = /^policy-extras\.([\w-]+)$/.exec(module)?.[1];
  return name === undefined ? undefined : shippedText(`policy/policy-extras/${name}.lua`);
}

/** The licences of all that the executable contains. */
export function licenses(): string {
  return shippedText(LICENSES) ?? `The build writes them to ${LICENSES}; run make build.\n`;
}

/** Starts one policy worker. */
export function newPolicyWorker(options: WorkerOptions = {}): Worker {
  // A worker that is given `env` or `execArgv` reads NODE_OPTIONS again, even where the executable itself ignores it.
  const { NODE_OPTIONS: _, ...env } = (typeof options.env === 'object' ? options.env : undefined) ?? process.env;
  const settled = { ...options, env };
  return isBinary
    ? new Worker(shippedText(WORKER_BUNDLE)!, { ...settled, eval: true })
    : new Worker(sourcePath('src/policy/worker.ts'), settled);
}
