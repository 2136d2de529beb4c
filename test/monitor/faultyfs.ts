import * as nodeFs from 'node:fs';
import type { MonitorFs } from '../../src/monitor/fs.ts';

/** The real file system, which counts what is read and fails where a test says so. */
export class FaultyFs implements MonitorFs {
  readonly reads: string[] = [];
  /** Code with which each operation fails, by path. */
  readonly failing = {
    readdir: new Map<string, string>(),
    stat: new Map<string, string>(),
    readFile: new Map<string, string>(),
  };

  readdir: MonitorFs['readdir'] = (path, options, done) => {
    if (!this.#fails('readdir', path, done)) nodeFs.readdir(path, options, done);
  };

  stat: MonitorFs['stat'] = (path, done) => {
    if (!this.#fails('stat', path, done)) nodeFs.stat(path, done);
  };

  readFile: MonitorFs['readFile'] = (path, done) => {
    this.reads.push(path);
    if (!this.#fails('readFile', path, done)) nodeFs.readFile(path, done);
  };

  #fails(operation: keyof FaultyFs['failing'], path: string, done: (error: Error, value: never) => void): boolean {
    const code = this.failing[operation].get(path);
    if (code === undefined) return false;
    const error = Object.assign(new Error(`${code}: ${operation} '${path}'`), { code });
    setImmediate(() => done(error, undefined as never));
    return true;
  }
}
