/**
 * Loads the uWebSockets.js addon. Only `run` needs it, so nothing else pays for it or fails by it.
 *
 * The system loads native code from files alone, so the executable must put its addon on a disk for a moment. Which
 * folders allow that is known only by trying: a mount with `noexec` takes the file and refuses to load it.
 */

import type * as uWebSockets from 'uWebSockets.js';
import { createHash } from 'node:crypto';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import pins from '../../build/pins.json' with { type: 'json' };
import { addonPath, asset, isBinary, sourcePath } from '../embedded.ts';
import { ConfigError } from '../errors.ts';

declare module 'uWebSockets.js' {
  interface TemplatedApp {
    /** As the others; exists at run time, but is missing from the package's types. */
    listen(
      host: uWebSockets.RecognizedString,
      port: number,
      options: uWebSockets.ListenOptions,
      cb: (listenSocket: uWebSockets.us_listen_socket | false) => void,
    ): uWebSockets.TemplatedApp;
  }
}

/** What the addon exports. */
export type UwsModule = typeof uWebSockets;

/** The option of `listen` without which two daemons would silently share a port. */
export const EXCLUSIVE_PORT = 1;

const PLATFORM = `${process.platform}-${process.arch}`;
const ADDON = addonPath(PLATFORM);

let loaded: UwsModule | undefined;

/** The addon, loaded at the first call; `searchDirs`, such as the state directory, may hold it while it loads. */
export function loadUws(searchDirs: string[]): UwsModule {
  loaded ??= isBinary ? loadFromFirst(candidates(searchDirs), verified()) : open(sourcePath(ADDON));
  return loaded;
}

/** The folders that are tried, in order. */
export function candidates(searchDirs: string[]): string[] {
  return [...new Set(['/opt/kumomta/lib/kumo-configd', ...searchDirs, tmpdir(), '/dev/shm'])];
}

/** Loads the addon from the first folder that allows it, leaving nothing behind in any. */
export function loadFromFirst(folders: string[], bytes: Uint8Array): UwsModule {
  const refusals: string[] = [];
  for (const folder of folders) {
    try {
      return loadFrom(folder, bytes);
    } catch (error) {
      refusals.push(`${folder}: ${(error as Error).message}`);
    }
  }
  throw new ConfigError('ADDON_UNLOADABLE', `the HTTP server's native code cannot be loaded:\n${refusals.join('\n')}`, {
    details: refusals,
  });
}

function loadFrom(folder: string, bytes: Uint8Array): UwsModule {
  // mkdtemp makes the folder 0700, so nobody can exchange the file between the writing and the loading.
  const own = mkdtempSync(join(folder, 'kumo-configd-'));
  try {
    const file = join(own, 'uws.node');
    writeFileSync(file, bytes, { mode: 0o600, flag: 'wx' });
    return open(file);
  } finally {
    // Once loaded, the code stays mapped without its file.
    rmSync(own, { recursive: true, force: true });
  }
}

function open(file: string): UwsModule {
  const module = { exports: {} };
  process.dlopen(module, file);
  return module.exports as UwsModule;
}

/** The addon's bytes, which must be the ones that were pinned when this was built. */
function verified(): Uint8Array {
  const bytes = asset(ADDON);
  const pinned = (pins.targets as Record<string, { addon: string }>)[PLATFORM]?.addon;
  if (createHash('sha256').update(bytes).digest('hex') === pinned) return bytes;
  throw new ConfigError('ADDON_UNLOADABLE', `the ${PLATFORM} addon is not the one that was pinned when this was built`);
}
