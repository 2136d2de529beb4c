/** The platforms that the program is built for, and the pinned parts of each. */
import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import pins from './pins.json' with { type: 'json' };

export { pins };
export type Target = keyof typeof pins.targets;

/** The top of the checkout; every other path of the build is relative to it. */
export const ROOT = fileURLToPath(new URL('../', import.meta.url));

/** The platform that the build runs on. */
export const HOST = `${process.platform}-${process.arch}`;

/** The Node executable of a target: the installed one, or, since npm does not install another platform's, fetched. */
export function nodeFor(target: Target): string {
  const installed = `node_modules/node-${target}/bin/node`;
  if (existsSync(installed)) return installed;
  const folder = `dist/node-${target}`;
  const node = `${folder}/package/bin/node`;
  if (existsSync(node)) return node;
  mkdirSync(folder, { recursive: true });
  const options = ['--silent', '--pack-destination', folder];
  const archive = execFileSync('npm', ['pack', `node-${target}@${pins.node}`, ...options], { encoding: 'utf8' }).trim();
  execFileSync('tar', ['-xzf', `${folder}/${archive}`, '-C', folder, 'package/bin/node']);
  return node;
}

/** Ends the build unless the file's bytes are the pinned ones. */
export function verify(file: string, pinned: string): void {
  const found = createHash('sha256').update(readFileSync(file)).digest('hex');
  if (found !== pinned) throw new Error(`${file} has the SHA-256 ${found}, but build/pins.json says ${pinned}`);
}
