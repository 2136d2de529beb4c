import assert from 'node:assert/strict';
import { suite, test } from 'node:test';
import { defaultGlobs, searchPath } from '../../src/policy/search_path.ts';

const KUMO = [
  '/opt/kumomta/share/?.lua',
  '/opt/kumomta/share/?/init.lua',
  '/opt/kumomta/etc/policy/?.lua',
  '/opt/kumomta/etc/policy/?/init.lua',
  '/usr/local/share/lua/5.4/?.lua',
];
const GLOB = '/opt/kumomta/etc/**/*.{lua,json,toml,yaml}';

suite('search path', () => {
  test('a policy in its usual place is found and watched as in KumoMTA', () => {
    assert.deepEqual(searchPath('/opt/kumomta/etc/policy/init.lua').split(';').slice(0, 5), KUMO);
    assert.deepEqual(defaultGlobs('/opt/kumomta/etc/policy/init.lua'), [GLOB]);
  });

  test('the folder of a policy that lies elsewhere comes first, and is watched too', () => {
    assert.deepEqual(searchPath('/srv/p/init.lua').split(';').slice(0, 3), [
      '/srv/p/?.lua',
      '/srv/p/?/init.lua',
      KUMO[0],
    ]);
    assert.deepEqual(defaultGlobs('/srv/p/init.lua'), [GLOB, '/srv/p/**/*.{lua,json,toml,yaml}']);
    assert.deepEqual(defaultGlobs('/opt/kumomta/etcetera/init.lua').length, 2);
  });
});
