import type { us_listen_socket } from 'uWebSockets.js';
import assert from 'node:assert/strict';
import { mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { HOST } from '../../build/targets.ts';
import { candidates, EXCLUSIVE_PORT, loadFromFirst, loadUws } from '../../src/admin/addon.ts';
import { addonPath, asset } from '../../src/embedded.ts';
import { ConfigError } from '../../src/errors.ts';

const folder = mkdtempSync(join(tmpdir(), 'addon-test-'));
after(() => rmSync(folder, { recursive: true }));

test('the installation comes first, then the folders given, then the temporary ones, each once', () => {
  assert.deepEqual(candidates(['/state', '/dev/shm']), [
    '/opt/kumomta/lib/kumo-configd',
    '/state',
    '/dev/shm',
    tmpdir(),
  ]);
});

test('when no folder loads it, the error lists each with its reason, and nothing stays behind', () => {
  const load = () => loadFromFirst(['/nowhere', folder], Buffer.from('not an addon'));
  assert.throws(load, (error) => {
    assert.ok(error instanceof ConfigError);
    assert.equal(error.code, 'ADDON_UNLOADABLE');
    assert.match(error.message, /^\/nowhere: ENOENT/m);
    assert.match(error.message, new RegExp(`^${folder}: .*uws.node: (file too short|invalid ELF header)`, 'm'));
    return true;
  });
  assert.deepEqual(readdirSync(folder), []);
});

test('the first folder that loads it is used, and nothing stays behind', () => {
  const uws = loadFromFirst(['/nowhere', folder, '/nowhere-else'], asset(addonPath(HOST)));
  assert.equal(typeof uws.App, 'function');
  assert.deepEqual(readdirSync(folder), []);
});

test('a port is listened on once', () => {
  const uws = loadUws([]);
  assert.equal(loadUws([]), uws);
  const listen = (port: number): us_listen_socket | false => {
    const answers: (us_listen_socket | false)[] = [];
    uws.App().listen('127.0.0.1', port, EXCLUSIVE_PORT, (socket) => {
      answers.push(socket);
    });
    return answers[0]!;
  };
  const first = listen(0);
  assert.ok(first);
  assert.equal(listen(uws.us_socket_local_port(first)), false);
  uws.us_listen_socket_close(first);
});
