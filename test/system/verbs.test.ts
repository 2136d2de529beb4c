import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { existsSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { describe, test } from 'node:test';
import { run, TestDaemon, temporaryFolder, writeFiles } from '../support/program.ts';

const ROOT = join(import.meta.dirname, '../..');

const POLICY = {
  'init.lua': `local kumo = require 'kumo'
kumo.on('get_queue_config', function(domain, tenant)
  return kumo.make_queue_config { egress_pool = tenant, refresh_strategy = 'Epoch' }
end)
kumo.on('get_egress_pool', function(name)
  return kumo.make_egress_pool { name = name, entries = { { name = 's1' } } }
end)
kumo.on('get_egress_source', function(name)
  return kumo.make_egress_source { name = name }
end)
`,
};

describe('resolve', () => {
  test('gives the same object from the policy itself and from a daemon', async (t) => {
    const daemon = await TestDaemon.start(t, POLICY);
    const policy = join(daemon.folder, 'policy/init.lua');
    const here = await run(['resolve', 'queue', 't1@example.com', '--policy', policy, '--json']);
    const there = await run(['resolve', 'queue', 't1@example.com', '--server', daemon.url, '--json']);
    const value = (text: string): unknown => (JSON.parse(text) as { value: unknown }).value;
    assert.deepEqual(value(here.stdout), value(there.stdout));
    assert.deepEqual([here.status, there.status], [0, 0]);
  });

  test('prints the fields for people', async (t) => {
    const folder = temporaryFolder(t);
    writeFiles(folder, POLICY);
    const { stdout } = await run(['resolve', 'egress_pool', 'p1', '--policy', join(folder, 'init.lua')]);
    assert.match(stdout, /^# egress_pool p1: fresh, epoch 1, from init\.lua:5$/m);
    assert.match(stdout, /^entries = \[\{"name":"s1","weight":1\}\]$/m);
  });

  test('ends with status 1 and the line when the handler fails', async (t) => {
    const folder = temporaryFolder(t);
    writeFiles(folder, {
      'init.lua': "require('kumo').on('get_queue_config', function(d)\n  error('not ' .. d)\nend)",
    });
    const { status, stderr } = await run(['resolve', 'queue', 'a.example', '--policy', join(folder, 'init.lua')]);
    assert.equal(status, 1);
    assert.match(stderr, /^\S*init\.lua:2: not a\.example$/m);
  });
});

describe('bump, epoch, epochs and objects', () => {
  test('ask a running daemon, and say what they find', async (t) => {
    const daemon = await TestDaemon.start(t, POLICY);
    await daemon.value('queue', 't1@example.com');
    const server = ['--server', daemon.url];
    const bump = await run(['bump', '--reason', 'new pools', '--wait', '10s', ...server]);
    assert.equal(bump.stdout, 'epoch 2 (global) accepted; 3 objects depend on it\n');
    const epoch = await run(['epoch', ...server]);
    assert.match(epoch.stdout, /^epoch 2 \(api\) since /);
    assert.match(epoch.stdout, /^objects: fresh 3, stale 0, refreshing 0, quarantined 0$/m);
    const epochs = await run(['epochs', ...server]);
    assert.match(epochs.stdout, /^2\t\S+\tglobal\tapi\taccepted "new pools"$/m);
    const objects = await run(['objects', '--kind', 'egress_source', ...server]);
    assert.equal(objects.stdout, 'egress_source\ts1\tfresh\tepoch 2\n');
    const lines = (await run(['objects', '--json', ...server])).stdout.trim().split('\n');
    assert.deepEqual(
      lines.map((line) => (JSON.parse(line) as { kind: string }).kind),
      ['queue', 'egress_pool', 'egress_source'],
    );
  });

  test('bump --wait ends with status 1 when the epoch is rejected', async (t) => {
    const daemon = await TestDaemon.start(t, POLICY, { args: ['--poll-interval', '1h'] });
    daemon.edit({ 'init.lua': 'local x = (' });
    const { status, stderr } = await run(['bump', '--wait', '10s', '--server', daemon.url]);
    assert.equal(status, 1);
    assert.match(stderr, /init\.lua:1: epoch 2 was rejected: unexpected symbol near <eof>/);
  });
});

describe('script', () => {
  const script = async (
    t: Parameters<typeof temporaryFolder>[0],
    text: string,
    ...args: string[]
  ): ReturnType<typeof run> => {
    const folder = temporaryFolder(t);
    writeFiles(folder, { 'x.lua': text });
    return run(['script', join(folder, 'x.lua'), ...args]);
  };

  test('runs the file, then main with the arguments, and its output is the script’s alone', async (t) => {
    const text = `local kumo = require 'kumo'
print 'loaded'
kumo.on('main', function(...) print(select('#', ...), ...) end)
`;
    const { status, stdout, stderr } = await script(t, text, 'a', '--json', '-x');
    assert.deepEqual({ status, stdout, stderr }, { status: 0, stdout: 'loaded\n3\ta\t--json\t-x\n', stderr: '' });
  });

  test('is fine without main', async (t) => {
    const { status, stdout } = await script(t, "print 'only this'");
    assert.deepEqual({ status, stdout }, { status: 0, stdout: 'only this\n' });
  });

  test('ends with status 1 and FILE:LINE when main raises', async (t) => {
    const { status, stderr } = await script(t, "require('kumo').on('main', function()\n  error('x')\nend)");
    assert.equal(status, 1);
    assert.match(stderr, /^\S*x\.lua:2: x$/m);
  });

  test('ends with the status that os.exit names', async (t) => {
    const { status, stdout } = await script(t, "print 'a' os.exit(3)");
    assert.deepEqual({ status, stdout }, { status: 3, stdout: 'a\n' });
  });
});

describe('version', () => {
  test('tells version, Node and Lua dialect, and the licences of everything inside', async () => {
    const { stdout } = await run(['version', '--json']);
    assert.deepEqual(Object.keys(JSON.parse(stdout) as object), ['version', 'node', 'lua']);
    const licenses = await run(['version', '--licenses']);
    for (const name of ['fengari', 'uWebSockets', 'pino', 'commander']) assert.match(licenses.stdout, new RegExp(name));
  });
});

describe('make install', () => {
  test('lays out /opt/kumomta and the unit below DESTDIR', async (t) => {
    const folder = temporaryFolder(t);
    const { status, stderr } = spawnSync('make', ['install', `DESTDIR=${folder}`], { cwd: ROOT, encoding: 'utf8' });
    assert.equal(status, 0, stderr);
    for (const file of ['etc/policy/init.lua', 'etc/policy/sources.toml', 'sbin/kumo-configd']) {
      assert.ok(existsSync(join(folder, 'opt/kumomta', file)), file);
    }
    assert.ok(existsSync(join(folder, 'lib/systemd/system/kumo-configd.service')));
    assert.equal(statSync(join(folder, 'opt/kumomta/sbin/kumo-configd')).mode & 0o777, 0o755);
  });
});
