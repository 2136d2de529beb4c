import { posix } from 'node:path';
import { ConfigError } from '../errors.ts';

/** One component of a compiled pattern, linked to the one that the next lower path component must match. */
export interface Step {
  /** `**`: stays in force for every directory below. */
  readonly recursive: boolean;
  /** The only name that matches, when there is only one. */
  readonly literal: string | null;
  matches(name: string): boolean;
  /** null after the last component: a file whose name matches is a hit. */
  readonly next: Step | null;
}

/**
 * Compiles a glob of KumoMTA (its filenamegen 0.2) into its first step; a relative pattern starts at `/`. Each
 * component stands alone, so braces and classes never span a `/`.
 *
 * @throws ConfigError GLOB_INVALID with the pattern and what is wrong with it
 */
export function compilePattern(pattern: string): Step {
  const refuse = (why: string) => new ConfigError('GLOB_INVALID', `bad glob ${JSON.stringify(pattern)}: ${why}`);
  if (pattern === '') throw refuse('it is empty');
  if (pattern.includes('\0')) throw refuse('it contains a NUL character');
  const components = posix
    .normalize(`/${pattern}`)
    .split('/')
    .filter((component) => component !== '');
  let next: Step | null = null;
  for (const component of components.reverse()) {
    try {
      next = compileComponent(component, next);
    } catch (error) {
      throw refuse((error as Error).message);
    }
  }
  if (next === null) throw refuse('it names a directory');
  return next;
}

function compileComponent(component: string, next: Step | null): Step {
  // As the last component `**` behaves as `*`.
  if (component === '**' && next !== null) {
    return { recursive: true, literal: null, matches: (name) => !name.startsWith('.'), next };
  }
  const { source, literal } = translate(component);
  if (literal !== null) return { recursive: false, literal, matches: (name) => name === literal, next };
  const regex = new RegExp(`^(?:${source})$`, 'su');
  return { recursive: false, literal: null, matches: (name) => regex.test(name), next };
}

/** A component as a regular expression, and as plain text when no character of it is special. */
function translate(component: string): { source: string; literal: string | null } {
  const chars = [...component];
  let source = '';
  let literal: string | null = '';
  let inAlternative = false;
  let alternativeStartsName = false;
  let startsName = true;

  for (let i = 0; i < chars.length; i++) {
    const char = chars[i]!;
    const atStart: boolean = startsName;
    startsName = false;
    // Only a written dot matches the leading dot of a name.
    const guard = atStart ? '(?!\\.)' : '';
    if (char === '?') source += `${guard}.`;
    else if (char === '*') source += `${guard}.*`;
    else if (char === '[') {
      const end = classEnd(chars, i);
      source += guard + translateClass(chars.slice(i + 1, end));
      i = end;
    } else if (char === '{') {
      if (inAlternative) throw new Error('cannot start an alternative inside an alternative');
      inAlternative = true;
      alternativeStartsName = startsName = atStart;
      source += '(?:';
    } else if (char === ',' && inAlternative) {
      startsName = alternativeStartsName;
      source += '|';
    } else if (char === '}' && inAlternative) {
      inAlternative = false;
      source += ')';
    } else {
      const plain = char === '\\' && i + 1 < chars.length ? chars[++i]! : char;
      source += quote(plain);
      if (literal !== null) literal += plain;
      continue;
    }
    literal = null;
  }
  if (inAlternative) throw new Error('missing closing alternative');
  return { source, literal };
}

/** Index of the `]` that closes the class opened at `start`; `[:alpha:]` and the like nest. */
function classEnd(chars: string[], start: number): number {
  let depth = 0;
  for (let i = start; i < chars.length; i++) {
    if (chars[i] === '\\') i++;
    else if (chars[i] === '[') depth++;
    else if (chars[i] === ']' && --depth === 0) return i;
  }
  throw new Error('missing closing class');
}

const POSIX_CLASSES: Record<string, string> = {
  alnum: '0-9A-Za-z',
  alpha: 'A-Za-z',
  ascii: '\\x00-\\x7f',
  blank: '\\t ',
  cntrl: '\\x00-\\x1f\\x7f',
  digit: '0-9',
  graph: '!-~',
  lower: 'a-z',
  print: ' -~',
  punct: '!-\\/:-@\\[-`\\{-~',
  space: '\\t\\n\\v\\f\\r ',
  upper: 'A-Z',
  word: '0-9A-Za-z_',
  xdigit: '0-9A-Fa-f',
};

function translateClass(chars: string[]): string {
  const negated = chars[0] === '!' || chars[0] === '^';
  const body = chars.slice(negated ? 1 : 0).join('');
  if (body === '') throw new Error('empty class');
  const source = body.replace(/\[:(\w+):\]|\\(.)|[^-]/gsu, (part, name?: string, quoted?: string) => {
    if (name !== undefined) {
      const set = POSIX_CLASSES[name];
      if (set === undefined) throw new Error(`unknown class [:${name}:]`);
      return set;
    }
    if (quoted === '-') return '\\-';
    return quote(quoted ?? part);
  });
  return `[${negated ? '^' : ''}${source}]`;
}

function quote(char: string): string {
  return /[\\^$.*+?()[\]{}|/]/.test(char) ? `\\${char}` : char;
}
