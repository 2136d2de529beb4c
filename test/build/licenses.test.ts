import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import { licenses, packagesOf } from '../../build/licenses.ts';
import { ROOT } from '../../build/targets.ts';

const DEPENDENCIES = Object.keys(JSON.parse(readFileSync(`${ROOT}package.json`, 'utf8')).dependencies);

test('the packages are those of the bundled files, nested ones too, by name', () => {
  const inputs = ['src/a.ts', 'node_modules/b/x.js', 'node_modules/b/y.js', 'node_modules/z/node_modules/@s/a/i.js'];
  assert.deepEqual(packagesOf(inputs), ['node_modules/z/node_modules/@s/a', 'node_modules/b']);
});

test('every dependency has its licence in the text, and so have the addon and Node', () => {
  const text = licenses(DEPENDENCIES.map((name) => `node_modules/${name}/index.js`));
  for (const name of [...DEPENDENCIES, 'Node.js 22', 'uWebSockets.js: the native addon', 'BoringSSL', 'lsquic']) {
    assert.ok(text.includes(name), name);
  }
  assert.match(text, /Apache License\s+Version 2\.0/);
  assert.match(text, /OpenSSL License/);
});
