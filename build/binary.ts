/**
 * Builds the program as one executable: `node build/binary.ts [TARGET]`, where TARGET is this machine's platform unless
 * given. The host's build is `dist/kumo-configd`, another target's `dist/kumo-configd-TARGET`.
 *
 * An asset's name in the executable is the file's path in the checkout, which is how src/embedded.ts asks for it.
 */
import { execFileSync } from 'node:child_process';
import { chmodSync, copyFileSync, mkdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import { globSync } from 'tinyglobby';
import { addonPath, LICENSES, WORKER_BUNDLE } from '../src/embedded.ts';
import { bundleAll } from './bundle.ts';
import { licenses } from './licenses.ts';
import { HOST, nodeFor, pins, ROOT, type Target, verify } from './targets.ts';

/** The mark in Node's own executable that says where to look for the injected blob. */
const FUSE = 'NODE_SEA_FUSE_fce680ab2cc467b6e072b8b5df1996b2';
const BLOB_CONFIG = 'dist/sea-config.json';

process.chdir(ROOT);
const target = (process.argv[2] ?? HOST) as Target;
const pinned = pins.targets[target];
if (pinned === undefined)
  throw new Error(`no target ${target}; build/pins.json has ${Object.keys(pins.targets).join(', ')}`);

const node = nodeFor(target);
const addon = addonPath(target);
verify(node, pinned.node);
verify(addon, pinned.addon);

mkdirSync('dist', { recursive: true });
writeFileSync(LICENSES, licenses(await bundleAll()));

const shipped = globSync(['policy/**', 'build/package/*.service']);
const assets = [WORKER_BUNDLE, LICENSES, addon, ...shipped.sort()];
const config = JSON.parse(readFileSync('sea-config.json', 'utf8'));
writeFileSync(
  BLOB_CONFIG,
  JSON.stringify({
    ...config,
    // V8's code cache fits only the machine that wrote it.
    useCodeCache: config.useCodeCache && target === HOST,
    assets: Object.fromEntries(assets.map((file) => [file, file])),
  }),
);
run('--experimental-sea-config', BLOB_CONFIG);

const output = target === HOST ? 'dist/kumo-configd' : `dist/kumo-configd-${target}`;
// Made beside its place and moved there whole: a daemon that runs from there keeps its old file.
const fresh = `${output}.new`;
copyFileSync(node, fresh);
run('node_modules/postject/dist/cli.js', fresh, 'NODE_SEA_BLOB', config.output, '--sentinel-fuse', FUSE);
chmodSync(fresh, 0o755);
renameSync(fresh, output);
console.log(`${output}: built for ${target} with Node ${pins.node}`);

/** Runs this Node; what it prints matters only when it fails. */
function run(...args: string[]): void {
  execFileSync(process.execPath, args, { stdio: ['ignore', 'ignore', 'pipe'] });
}
