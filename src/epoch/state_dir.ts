/** The state directory: made when missing, and held by one daemon at a time. */
import { accessSync, constants, existsSync, mkdirSync, statSync } from 'node:fs';
import { createServer, type Server } from 'node:net';
import { dirname } from 'node:path';
import { ConfigError } from '../errors.ts';

export class StateDir {
  readonly path: string;
  private readonly lock: Server;

  private constructor(path: string, lock: Server) {
    this.path = path;
    this.lock = lock;
  }

  /** Makes and locks the directory. Throws STATE_DIR_UNUSABLE or STATE_DIR_LOCKED. */
  static async open(path: string): Promise<StateDir> {
    try {
      makeFolder(path);
      accessSync(`${path}/.`, constants.R_OK | constants.W_OK | constants.X_OK);
    } catch (thrown) {
      throw new ConfigError('STATE_DIR_UNUSABLE', `state directory ${path}: ${(thrown as Error).message}`);
    }
    return new StateDir(path, await lock(path));
  }

  close(): void {
    this.lock.close();
  }
}

/** As mkdir's `recursive`, which never returns where a file system refuses with ENOENT, as /proc does. */
function makeFolder(path: string): void {
  if (existsSync(path)) return;
  if (dirname(path) !== path) makeFolder(dirname(path));
  mkdirSync(path, { mode: 0o700 });
}

/**
 * Holds a name in Linux's abstract socket namespace, made from the directory's device and inode. The kernel drops it
 * when the process ends in whatever way, so that no stale lock is ever left; Node has no flock.
 */
function lock(path: string): Promise<Server> {
  const { dev, ino } = statSync(path);
  const server = createServer((socket) => socket.destroy());
  server.unref();
  return new Promise((resolve, reject) => {
    // Stays for good: an error in taking a connection later on must not end the daemon.
    server.on('error', (error: NodeJS.ErrnoException) => {
      const inUse = error.code === 'EADDRINUSE';
      const code = inUse ? 'STATE_DIR_LOCKED' : 'STATE_DIR_UNUSABLE';
      const message = inUse ? 'another daemon uses it' : error.message;
      reject(new ConfigError(code, `state directory ${path}: ${message}`));
    });
    server.listen(`\0kumo-configd-state:${dev}:${ino}`, () => resolve(server));
  });
}
