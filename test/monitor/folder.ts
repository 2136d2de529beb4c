import {
  mkdirSync,
  mkdtempSync,
  realpathSync,
  renameSync,
  rmSync,
  symlinkSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import type { TestContext } from 'node:test';

/** A temporary folder of one test. Every write gets a modification time of its own, a second after the last one. */
export class Folder {
  readonly path: string;
  #seconds = Date.UTC(2020, 0, 1) / 1000;

  constructor(t: TestContext) {
    this.path = realpathSync(mkdtempSync(join(tmpdir(), 'monitor-')));
    t.after(() => rmSync(this.path, { recursive: true, force: true }));
  }

  at(name: string): string {
    return join(this.path, name);
  }

  write(name: string, content = name): void {
    mkdirSync(dirname(this.at(name)), { recursive: true });
    writeFileSync(this.at(name), content);
    this.touch(name, this.#seconds++);
  }

  /** Sets the modification time, in seconds since 1970. */
  touch(name: string, seconds: number): void {
    utimesSync(this.at(name), seconds, seconds);
  }

  link(name: string, target: string): void {
    mkdirSync(dirname(this.at(name)), { recursive: true });
    symlinkSync(target, this.at(name));
  }

  rename(from: string, to: string): void {
    renameSync(this.at(from), this.at(to));
  }

  remove(name: string): void {
    rmSync(this.at(name), { recursive: true });
  }
}
