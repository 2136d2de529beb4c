import { posix } from 'node:path';
import { ConfigError } from '../errors.ts';
import { type DirectoryEntry, defaultFs, type FileStat, isForbidden, isGone, type MonitorFs } from './fs.ts';
import { compilePattern, type Step } from './pattern.ts';

/** KumoMTA's own; a policy kept elsewhere is not monitored unless globs are set. */
export const DEFAULT_GLOBS = ['/opt/kumomta/etc/**/*.{lua,json,toml,yaml}'];

/** More directories than any configuration has; a glob that gets there (`/**`) has gone astray. */
const MAX_DIRECTORIES = 100_000;

export interface Globs {
  readonly patterns: readonly string[];
  /**
   * Absolute paths of the regular files that match now, unique, in the order of their bytes. Symlinks are followed;
   * what is missing or must not be read yields nothing.
   *
   * @throws the error of the file system when it fails in any other way, ConfigError GLOB_INVALID when the globs reach
   * more than 100,000 directories
   */
  list(fs?: MonitorFs): Promise<string[]>;
  /** Whether a file at this absolute path would be listed. */
  covers(path: string): boolean;
}

/** Compiles all patterns or throws ConfigError GLOB_INVALID for the first bad one. */
export function compileGlobs(patterns: readonly string[]): Globs {
  const start = closure(patterns.map(compilePattern));
  return {
    patterns,
    list: async (fs = defaultFs) => {
      const found = await new Walk(fs, patterns).from(start);
      return inByteOrder(found);
    },
    covers(path) {
      let steps = start;
      const names = posix.normalize(path).slice(1).split('/');
      const last = names.pop()!;
      for (const name of names) steps = below(steps, name);
      return isHit(steps, last);
    },
  };
}

/** `**` also stands for no directory at all, so the step after it is in force where it is. */
function closure(steps: Iterable<Step>): Set<Step> {
  const all = new Set(steps);
  for (const step of all) if (step.recursive) all.add(step.next!);
  return all;
}

/** The steps in force inside the directory `name`. */
function below(steps: Set<Step>, name: string): Set<Step> {
  const next: Step[] = [];
  for (const step of steps) {
    if (step.next !== null && step.matches(name)) next.push(step.recursive ? step : step.next);
  }
  return closure(next);
}

function isHit(steps: Set<Step>, name: string): boolean {
  for (const step of steps) if (step.next === null && step.matches(name)) return true;
  return false;
}

/** One evaluation of the globs: only directories that can lead to a hit are read, each with all patterns at once. */
class Walk {
  readonly #fs: MonitorFs;
  readonly #patterns: readonly string[];
  readonly #found: string[] = [];
  #directories = 0;

  constructor(fs: MonitorFs, patterns: readonly string[]) {
    this.#fs = fs;
    this.#patterns = patterns;
  }

  async from(start: Set<Step>): Promise<string[]> {
    await this.#visit('', start);
    return this.#found;
  }

  /** `directory` is '' for the root, so that `directory + '/' + name` is right everywhere. */
  async #visit(directory: string, steps: Set<Step>): Promise<void> {
    if (++this.#directories > MAX_DIRECTORIES) {
      const globs = this.#patterns.join(' ');
      throw new ConfigError('GLOB_INVALID', `the globs reach more than ${MAX_DIRECTORIES} directories: ${globs}`);
    }
    // Parents of a fixed path need not be readable, as long as they can be entered.
    const names = onlyLiterals(steps);
    const entries = names ?? (await this.#readdir(directory || '/'));
    // The walk has failed meanwhile: what is under way must end too.
    if (this.#directories > MAX_DIRECTORIES) return;
    const visits: Promise<void>[] = [];
    for (const entry of entries) {
      if (typeof entry === 'string') visits.push(this.#resolve(`${directory}/${entry}`, entry, steps));
      else if (entry.isFile()) {
        if (isHit(steps, entry.name)) this.#found.push(`${directory}/${entry.name}`);
      } else if (entry.isDirectory()) {
        const inside = below(steps, entry.name);
        if (inside.size > 0) visits.push(this.#visit(`${directory}/${entry.name}`, inside));
      } else visits.push(this.#resolve(`${directory}/${entry.name}`, entry.name, steps));
    }
    await Promise.all(visits);
  }

  /** A symlink, or a path whose type is not known yet. */
  async #resolve(path: string, name: string, steps: Set<Step>): Promise<void> {
    const hit = isHit(steps, name);
    const inside = below(steps, name);
    if (!hit && inside.size === 0) return;
    const stat = await this.#stat(path);
    if (stat === null) return;
    if (stat.isFile()) {
      if (hit) this.#found.push(path);
    } else if (stat.isDirectory() && inside.size > 0 && !(await this.#loops(path, stat, inside))) {
      await this.#visit(path, inside);
    }
  }

  /** Whether `**` would come back to a directory that it is in. */
  async #loops(path: string, stat: FileStat, inside: Set<Step>): Promise<boolean> {
    if (![...inside].some((step) => step.recursive)) return false;
    for (let parent = path; parent !== '/'; ) {
      parent = posix.dirname(parent);
      const above = await this.#stat(parent);
      if (above?.ino === stat.ino && above.dev === stat.dev) return true;
    }
    return false;
  }

  #readdir(path: string): Promise<DirectoryEntry[]> {
    return new Promise((resolve, reject) => {
      this.#fs.readdir(path, { withFileTypes: true }, (error, entries) => {
        if (error === null) resolve(entries);
        else if (isGone(error) || isForbidden(error)) resolve([]);
        else reject(error);
      });
    });
  }

  #stat(path: string): Promise<FileStat | null> {
    return new Promise((resolve, reject) => {
      this.#fs.stat(path, (error, stat) => {
        if (error === null) resolve(stat);
        else if (isGone(error) || isForbidden(error)) resolve(null);
        else reject(error);
      });
    });
  }
}

function onlyLiterals(steps: Set<Step>): Set<string> | null {
  const names = new Set<string>();
  for (const { literal } of steps) {
    if (literal === null) return null;
    names.add(literal);
  }
  return names;
}

function inByteOrder(paths: string[]): string[] {
  // UTF-16 order, which is much faster to sort by, differs from byte order only in the presence of surrogates.
  if (!paths.some((path) => /[\ud800-\udfff]/.test(path))) return paths.sort();
  return paths.sort((a, b) => Buffer.compare(Buffer.from(a), Buffer.from(b)));
}
