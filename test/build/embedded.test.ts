import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import { globSync } from 'tinyglobby';
import { ROOT } from '../../build/targets.ts';
import { helperSource, isBinary, newPolicyWorker, shippedText } from '../../src/embedded.ts';

test('from the sources, a shipped file is read from the checkout', () => {
  assert.equal(isBinary, false);
  assert.equal(shippedText('package.json'), readFileSync(`${ROOT}package.json`, 'utf8'));
  assert.equal(shippedText('no/such/file'), undefined);
});

test('only helpers are found as helpers', () => {
  for (const module of ['policy-extras.no_such', 'policy-extras', 'policy-extras.', 'policy-extras.../init', 'init']) {
    assert.equal(helperSource(module), undefined, module);
  }
});

test('every helper that ships is found by its module name', () => {
  for (const file of globSync('policy/policy-extras/*.lua', { cwd: ROOT })) {
    const name = file.slice(file.lastIndexOf('/') + 1, -'.lua'.length);
    assert.equal(helperSource(`policy-extras.${name}`), readFileSync(ROOT + file, 'utf8'));
  }
});

test('nothing else asks where its source file is, for in the binary there is none', () => {
  const asking = globSync('src/**/*.ts', { cwd: ROOT }).filter((file) =>
    /import\.meta\./.test(readFileSync(ROOT + file, 'utf8')),
  );
  assert.deepEqual(asking, ['src/embedded.ts']);
});

test('a worker does not read NODE_OPTIONS, whatever it is given', async () => {
  const worker = newPolicyWorker({ env: { ...process.env, NODE_OPTIONS: '--require /nonexistent' }, execArgv: [] });
  await new Promise<void>((resolve, reject) => worker.once('online', resolve).once('error', reject));
  await worker.terminate();
});
