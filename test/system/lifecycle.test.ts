import assert from 'node:assert/strict';
import { cpSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, test } from 'node:test';
import { TestDaemon, temporaryFolder } from '../support/program.ts';
import { until } from '../support/wait.ts';

const EXAMPLE = join(import.meta.dirname, '../../policy');

interface Epoch {
  epoch: number;
  cause: string;
  last_rejected: { epoch: number; errors: { file: string; line: number; message: string }[] } | null;
  objects: Record<string, number>;
}

/** A policy whose queues have the retry interval that retry.toml names. */
const POLICY = {
  'init.lua': `
    local kumo = require 'kumo'
    local here = package.path:match '([^;]*/)%?'
    local retry = kumo.toml_load(here .. 'retry.toml')
    kumo.on('get_queue_config', function(domain)
      return kumo.make_queue_config { retry_interval = retry.interval, refresh_strategy = 'Epoch' }
    end)
  `,
  'retry.toml': 'interval = "5m"\n',
};

async function epoch(daemon: TestDaemon): Promise<Epoch> {
  return (await daemon.get<Epoch>('/api/config/v1/epoch')).body;
}

describe('a running daemon', () => {
  test('resolves a complete queue of the shipped example, and the pool and sources that it stands on', async (t) => {
    const folder = temporaryFolder(t);
    cpSync(EXAMPLE, join(folder, 'policy'), { recursive: true });
    const daemon = await TestDaemon.startOn(t, folder, { args: ['--sidecar'] });
    const { status, body } = await daemon.post('/api/config/v1/resolve', {
      kind: 'queue',
      name: 'newsletter@gmail.com',
    });
    assert.equal(status, 200);
    const { loaded_at, last_used_at, provenance, ...rest } = body as Record<string, Record<string, unknown>>;
    assert.deepEqual(rest, {
      kind: 'queue',
      name: 'newsletter@gmail.com',
      value: {
        retry_interval: '20m',
        max_retry_interval: '2h',
        max_age: '3days',
        egress_pool: 'dedicated',
        max_message_rate: '1000/m',
        protocol: { smtp: { mx_list: [], treat_mx_list_as_secure: false } },
        reap_interval: '10m',
        refresh_interval: '1m',
        refresh_strategy: 'Epoch',
        strategy: 'SingletonTimerWheel',
        shrink_policy: [],
      },
      epoch: 1,
      state: 'fresh',
      strategy: 'Epoch',
      refresh_interval: '1m',
      last_error: null,
    });
    assert.ok(loaded_at !== undefined && last_used_at !== undefined);
    assert.match(String(provenance!['handler']), /^init\.lua:\d+$/);
    assert.ok((provenance!['files'] as string[]).includes('tenants.json'));
    const live = await daemon.get<{ objects: { kind: string; name: string }[] }>('/api/config/v1/objects');
    assert.deepEqual(live.body.objects.map(({ kind, name }) => `${kind} ${name}`).sort(), [
      'egress_pool dedicated',
      'egress_source ip-3',
      'egress_source ip-4',
      'queue newsletter@gmail.com',
    ]);
  });

  test('serves the new value by itself after a file under the globs is edited', async (t) => {
    const daemon = await TestDaemon.start(t, POLICY);
    assert.equal((await daemon.value('queue', 'example.com'))['retry_interval'], '5m');
    daemon.edit({ 'retry.toml': 'interval = "7m"\n' });
    await until('the new value', async () => (await daemon.value('queue', 'example.com'))['retry_interval'] === '7m');
    const { epoch: number, cause } = await epoch(daemon);
    assert.deepEqual({ number, cause }, { number: 2, cause: 'files' });
  });

  test('gives the next epoch for a bump, under both names, and tells whether it was accepted', async (t) => {
    const daemon = await TestDaemon.start(t, POLICY);
    const first = await daemon.post('/api/admin/bump-configuration?wait=10s', { reason: 'trying' });
    assert.deepEqual(first.body, { epoch: 2, previous: 1, scope: 'global', status: 'accepted', dependents: 0 });
    const second = await daemon.post('/api/admin/bump-config-epoch?wait=10s');
    assert.deepEqual(second.body, { epoch: 3, previous: 2, scope: 'global', status: 'accepted', dependents: 0 });
    const { body } = await daemon.get<{ epochs: Record<string, unknown>[] }>('/api/config/v1/epochs');
    assert.deepEqual(
      body.epochs.map(({ epoch, cause, reason, actor }) => ({ epoch, cause, reason, actor })),
      [
        { epoch: 3, cause: 'api', reason: null, actor: '127.0.0.1' },
        { epoch: 2, cause: 'api', reason: 'trying', actor: '127.0.0.1' },
        { epoch: 1, cause: 'start', reason: null, actor: null },
      ],
    );
  });

  test('rejects a policy that does not load, loudly and with its line, and goes on serving the one before', async (t) => {
    const daemon = await TestDaemon.start(t, POLICY);
    await daemon.value('queue', 'example.com');
    daemon.edit({ 'init.lua': `${POLICY['init.lua']}\nlocal x = = 1\n` });
    const rejected = await until('the rejection', async () => (await epoch(daemon)).last_rejected);
    assert.equal(rejected.epoch, 2);
    assert.match(rejected.errors[0]!.file, /policy\/init\.lua$/);
    assert.equal(rejected.errors[0]!.line, 9);
    assert.equal((await epoch(daemon)).epoch, 1);
    assert.equal((await daemon.value('queue', 'example.com'))['retry_interval'], '5m');
    // What was not live before is made with the policy that is still good.
    assert.equal((await daemon.value('queue', 'other.example'))['retry_interval'], '5m');
    assert.match(daemon.log, /epoch rejected: .*init\.lua:9: unexpected symbol near '='/);
    const metrics = await daemon.get<string>('/metrics');
    assert.match(metrics.body, /^config_last_reload_successful 0$/m);
    const bump = await daemon.post<{ error: { code: string; line: number } }>('/api/admin/bump-configuration?wait=10s');
    assert.equal(bump.status, 422);
    assert.deepEqual([bump.body.error.code, bump.body.error.line], ['EPOCH_REJECTED', 9]);
  });

  test('heals by itself once the policy is mended', async (t) => {
    const daemon = await TestDaemon.start(t, POLICY);
    daemon.edit({ 'init.lua': 'this is not Lua' });
    await until('the rejection', async () => (await epoch(daemon)).last_rejected !== null);
    daemon.edit({ ...POLICY, 'retry.toml': 'interval = "9m"\n' });
    await until('the new value', async () => (await daemon.value('queue', 'example.com'))['retry_interval'] === '9m');
  });

  test('quarantines an object whose refresh fails, and serves its last good value with the error beside it', async (t) => {
    const daemon = await TestDaemon.start(t, POLICY);
    await daemon.value('queue', 'example.com');
    daemon.edit({ 'retry.toml': 'interval = "soon"\n' });
    const object = await until('the quarantine', async () => {
      const { body } = await daemon.get<Record<string, unknown>>('/api/config/v1/objects/queue/example.com');
      return body['state'] === 'quarantined' && body;
    });
    assert.equal((object['value'] as Record<string, unknown>)['retry_interval'], '5m');
    const error = object['last_error'] as Record<string, unknown>;
    assert.equal(error['code'], 'OBJECT_INVALID');
    assert.equal(error['field'], 'retry_interval');
    assert.equal(error['line'], 6);
    assert.match(String(error['message']), /expected a duration/);
    daemon.edit({ 'retry.toml': 'interval = "1m"\n' });
    await until('the recovery', async () => (await daemon.value('queue', 'example.com'))['retry_interval'] === '1m');
  });

  test('polls the files at once at SIGHUP', async (t) => {
    const daemon = await TestDaemon.start(t, POLICY, { args: ['--poll-interval', '1h'] });
    await daemon.value('queue', 'example.com');
    daemon.edit({ 'retry.toml': 'interval = "7m"\n' });
    daemon.signal('SIGHUP');
    await until('the new value', async () => (await daemon.value('queue', 'example.com'))['retry_interval'] === '7m');
  });

  test('counts epochs on across restarts, and takes a number at start only for different files', async (t) => {
    const first = await TestDaemon.start(t, POLICY);
    await first.post('/api/admin/bump-configuration?wait=10s');
    assert.equal((await epoch(first)).epoch, 2);
    await first.stop();
    const second = await TestDaemon.startOn(t, first.folder);
    assert.equal((await epoch(second)).epoch, 2);
    await second.stop();
    writeFileSync(join(first.folder, 'policy/retry.toml'), 'interval = "8m"\n');
    const third = await TestDaemon.startOn(t, first.folder);
    const { epoch: number, cause } = await epoch(third);
    assert.deepEqual({ number, cause }, { number: 3, cause: 'start' });
  });

  test('bumps its own epoch when the policy asks for it, and says which line did', async (t) => {
    const daemon = await TestDaemon.start(t, {
      'init.lua': `
        local kumo = require 'kumo'
        kumo.on('init', function()
          kumo.bump_config_epoch()
        end)
      `,
    });
    const entry = await until('the bump', async () => {
      const { body } = await daemon.get<{ epochs: { cause: string; actor: string }[] }>('/api/config/v1/epochs');
      return body.epochs.find(({ cause }) => cause === 'lua');
    });
    assert.match(entry.actor, /init\.lua:4$/);
  });

  test('ends at SIGTERM and SIGINT with status 0 and leaves nothing behind but its ledger', async (t) => {
    for (const signal of ['SIGTERM', 'SIGINT'] as const) {
      const daemon = await TestDaemon.start(t, POLICY);
      const ended = await daemon.stop(signal);
      assert.deepEqual({ status: ended.status, signal: ended.signal }, { status: 0, signal: null });
      await assert.rejects(daemon.get('/api/check-liveness/v1'), 'its port is closed');
      assert.deepEqual(readdirSync(join(daemon.folder, 'state')), ['ledger.jsonl']);
      assert.match(readFileSync(join(daemon.folder, 'state/ledger.jsonl'), 'utf8'), /"cause":"start"/);
    }
  });

  test('lists what init defined, and says that carrying mail is not its work', async (t) => {
    const folder = temporaryFolder(t);
    cpSync(EXAMPLE, join(folder, 'policy'), { recursive: true });
    const daemon = await TestDaemon.startOn(t, folder, { args: ['--sidecar'] });
    const { body } = await daemon.get<Record<string, unknown>>('/api/config/v1/init');
    const { esmtp, http } = body['listeners'] as Record<string, { listen: string; defined_at: string }[]>;
    assert.equal(esmtp![0]!.listen, '127.0.0.1:2525');
    assert.match(esmtp![0]!.defined_at, /init\.lua:\d+$/);
    assert.equal(http![0]!.listen, '127.0.0.1:8000');
    assert.deepEqual(
      (body['spools'] as { name: string }[]).map(({ name }) => name),
      ['data', 'meta'],
    );
    assert.match(daemon.log, /carrying mail is the work of the MTA/);
  });
});

describe('a handler that never ends', () => {
  const HANG = {
    'init.lua': `
      local kumo = require 'kumo'
      kumo.on('get_queue_config', function(domain)
        while domain == 'hang.example' do end
        return kumo.make_queue_config {}
      end)
    `,
  };

  test('answers with an error after its deadline, while other handlers and the admin API go on', async (t) => {
    const daemon = await TestDaemon.start(t, HANG, { args: ['--handler-timeout', '1s'] });
    const hanging = daemon.post<{ error: Record<string, unknown> }>('/api/config/v1/resolve', {
      kind: 'queue',
      name: 'hang.example',
    });
    let others = 0;
    const over = hanging.then(() => true);
    while (!(await Promise.race([over, daemon.value('queue', `q${others}.example`).then(() => false)]))) others++;
    const { status, body } = await hanging;
    assert.equal(status, 422);
    assert.equal(body.error['code'], 'HANDLER_TIMEOUT');
    assert.match(String(body.error['message']), /did not end within 1000 ms/);
    assert.equal(body.error['line'], 4);
    assert.ok(others > 20, `only ${others} other handlers were answered meanwhile`);
  });
});
