import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { chmodSync, chownSync, cpSync, mkdirSync, readdirSync, readFileSync } from 'node:fs';
import { connect } from 'node:net';
import { join } from 'node:path';
import { describe, test } from 'node:test';
import { BINARY, run, TestDaemon, temporaryFolder, writeFiles } from '../support/program.ts';
import { until } from '../support/wait.ts';

const POLICY = { 'init.lua': "local kumo = require 'kumo'\n" };
const NOBODY = 65534;
const isRoot = process.getuid!() === 0;

/** Whether this machine lets us mount in a namespace of our own. */
const mayMount = spawnSync('unshare', ['-m', 'true']).status === 0;

describe('the executable', () => {
  test('starts from an empty directory with an empty environment, and needs nothing beside it', async (t) => {
    const folder = temporaryFolder(t);
    const cwd = join(folder, 'empty');
    mkdirSync(cwd);
    writeFiles(join(folder, 'policy'), POLICY);
    const binary = join(folder, 'alone');
    cpSync(BINARY, binary);
    const version = spawnSync(binary, ['version'], { cwd, env: {}, encoding: 'utf8' });
    assert.match(version.stdout, /^kumo-configd \d+\.\d+\.\d+ \(Node 22\./);
    const daemon = await TestDaemon.startOn(t, folder, { cwd, env: {}, binary });
    assert.equal((await daemon.get('/api/config/v1/ready')).status, 200);
    assert.deepEqual(readdirSync(cwd), []);
  });

  test('runs as an unprivileged user', { skip: isRoot ? false : 'only root can become another user' }, async (t) => {
    const folder = temporaryFolder(t);
    chmodSync(folder, 0o755);
    writeFiles(join(folder, 'policy'), POLICY);
    mkdirSync(join(folder, 'state'));
    chownSync(join(folder, 'state'), NOBODY, NOBODY);
    // The checkout may lie where this user may not go.
    const binary = join(folder, 'kumo-configd');
    cpSync(BINARY, binary);
    const daemon = await TestDaemon.startOn(t, folder, { cwd: '/', env: {}, uid: NOBODY, gid: NOBODY, binary });
    assert.equal((await daemon.get('/api/config/v1/ready')).status, 200);
  });

  test('gives up root for the user that --user names', { skip: isRoot ? false : 'this is not root' }, async (t) => {
    const folder = temporaryFolder(t);
    chmodSync(folder, 0o755);
    writeFiles(join(folder, 'policy'), POLICY);
    const daemon = await TestDaemon.startOn(t, folder, { args: ['--user', 'nobody'] });
    const status = readFileSync(`/proc/${daemon.pid}/status`, 'utf8');
    assert.match(status, new RegExp(`^Uid:(\\t${NOBODY}){4}$`, 'm'));
  });

  const readOnly = isRoot && mayMount ? false : 'this machine does not let us mount';
  test('needs no more of the file system than its state directory to be writable', { skip: readOnly }, async (t) => {
    const folder = temporaryFolder(t);
    writeFiles(join(folder, 'policy'), POLICY);
    mkdirSync(join(folder, 'state'));
    // Everything read-only, the temporary folders gone, and no node on PATH.
    const script = `set -e
      mount --bind "$1/state" "$1/state"
      for dir in /tmp /dev/shm /var/tmp /run; do
        case "$1" in "$dir"*) ;; *) mount -t tmpfs -o ro tmpfs $dir 2>/dev/null || true ;; esac
      done
      mount -o remount,bind,ro / 2>/dev/null || mount -o remount,ro /
      if touch "$1/policy/x" 2>/dev/null; then echo "still writable" >&2; exit 97; fi
      shift
      PATH=/nowhere exec "$@"`;
    const wrapper = ['/usr/bin/unshare', '-m', '/bin/sh', '-c', script, 'sh', folder];
    const daemon = await TestDaemon.startOn(t, folder, { wrapper, cwd: '/', env: { PATH: '/usr/bin:/bin' } });
    assert.equal((await daemon.get('/api/config/v1/ready')).status, 200);
    assert.equal((await daemon.value('queue', 'example.com'))['retry_interval'], '20m');
  });

  test('heeds neither NODE_OPTIONS nor SIGUSR1, which would open the inspector', async (t) => {
    const env = { NODE_OPTIONS: '--require /nonexistent.js --inspect=127.0.0.1:0' };
    const daemon = await TestDaemon.start(t, POLICY, { env });
    daemon.signal('SIGUSR1');
    assert.equal((await daemon.get('/api/config/v1/ready')).status, 200);
    assert.doesNotMatch(daemon.log, /Debugger listening/);
  });
});

describe('two daemons', () => {
  test('never share a port: the second ends with status 1 and says which address', async (t) => {
    const first = await TestDaemon.start(t, POLICY);
    const address = first.url.slice('http://'.length);
    const folder = temporaryFolder(t);
    writeFiles(join(folder, 'policy'), POLICY);
    const policy = join(folder, 'policy/init.lua');
    const second = await run(['--policy', policy, '--state-dir', 'none', '--http', address]);
    assert.equal(second.status, 1);
    assert.match(second.stderr, new RegExp(`listen on ${address}: the address is in use`));
    assert.equal((await first.get('/api/config/v1/ready')).status, 200);
  });

  test('never share a state directory: the second ends with status 1 and names it', async (t) => {
    const first = await TestDaemon.start(t, POLICY);
    const state = join(first.folder, 'state');
    const second = await run(['--policy', join(first.folder, 'policy/init.lua'), '--state-dir', state]);
    assert.equal(second.status, 1);
    assert.match(second.stderr, new RegExp(`state directory ${state}: another daemon uses it`));
  });

  test('may follow each other on one state directory, even after a crash', async (t) => {
    const first = await TestDaemon.start(t, POLICY);
    await first.stop('SIGKILL');
    const second = await TestDaemon.startOn(t, first.folder);
    assert.equal((await second.get('/api/config/v1/ready')).status, 200);
  });
});

describe('exit statuses', () => {
  test('2 when the command line is at fault', async () => {
    for (const args of [
      ['frobnicate'],
      ['resolve'],
      ['resolve', 'queues', 'x'],
      ['run', '--workers', '0'],
      ['--nope'],
    ]) {
      const { status, stderr } = await run(args);
      assert.equal(status, 2, `${args.join(' ')} ended with ${status}`);
      assert.notEqual(stderr, '');
    }
  });

  test('3 when the server cannot be reached', async () => {
    const { status, stderr } = await run(['epoch', '--server', 'http://127.0.0.1:9']);
    assert.equal(status, 3);
    assert.match(stderr, /^http:\/\/127\.0\.0\.1:9: /);
  });

  test('1 when the policy does not load and there is nothing else to serve', async (t) => {
    const folder = temporaryFolder(t);
    writeFiles(folder, { 'init.lua': 'local x = (' });
    const { status, stderr } = await run(['run', '--policy', join(folder, 'init.lua'), '--state-dir', 'none']);
    assert.equal(status, 1);
    assert.match(stderr, /init\.lua:1: unexpected symbol near <eof>/);
  });

  test('1 when init raises, with its line', async (t) => {
    const folder = temporaryFolder(t);
    writeFiles(folder, { 'init.lua': "require('kumo').on('init', function()\n  error('no spool today')\nend)" });
    const { status, stderr } = await run(['run', '--policy', join(folder, 'init.lua'), '--state-dir', 'none']);
    assert.equal(status, 1);
    assert.match(stderr, /init\.lua:2: no spool today/);
  });
});

describe('a slow or broken client', () => {
  test('does not keep the daemon from answering others, nor from stopping', async (t) => {
    const daemon = await TestDaemon.start(t, POLICY);
    const { hostname, port } = new URL(daemon.url);
    const half = connect(Number(port), hostname);
    t.after(() => half.destroy());
    half.on('error', () => undefined);
    half.write('POST /api/config/v1/resolve HTTP/1.1\r\nHost: localhost\r\nContent-Length: 100\r\n\r\n{"kind"');
    const broken = connect(Number(port), hostname);
    broken.on('error', () => undefined);
    broken.end('\x16\x03\x01\x02\x00garbage\r\n\r\n');
    await until('an answer to others', async () => (await daemon.get('/api/config/v1/ready')).status === 200);
    assert.equal((await daemon.stop()).status, 0);
  });
});
