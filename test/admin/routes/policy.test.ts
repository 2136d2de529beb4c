import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { pino } from 'pino';
import type { HttpListener } from '../../../src/admin/server.ts';
import { Daemon } from '../../../src/daemon.ts';
import { folderFor } from '../../epoch/folder.ts';
import { Client } from '../client.ts';

const POLICY = `local kumo = require 'kumo'
kumo.on('init', function()
  kumo.start_esmtp_listener { listen = '127.0.0.1:2525', tls_private_key = { key_data = 'hush-init' } }
end)
kumo.on('get_queue_config', function(domain, tenant)
  if domain == 'broken.example' then
    error 'no such tenant'
  end
  if domain == 'wrong.example' then
    return kumo.make_queue_config { max_agee = '7d' }
  end
  return kumo.make_queue_config { egress_pool = 'unspecified', refresh_strategy = 'Epoch' }
end)
kumo.on('get_egress_path_config', function()
  return kumo.make_egress_path {
    smtp_auth_plain_username = 'u', smtp_auth_plain_password = { key_data = 'hush-path' },
  }
end)
`;

const RESOLVE = '/api/config/v1/resolve';
const BUMP = '/api/admin/bump-configuration';

let daemon: Daemon;
let client: Client;
let policy: string;

before(async (t) => {
  policy = join(folderFor(t as Parameters<typeof folderFor>[0]), 'init.lua');
  writeFileSync(policy, POLICY);
  daemon = await Daemon.start({
    policy,
    http: ['127.0.0.1:0'],
    sidecar: false,
    stateDir: null,
    workers: 1,
    pollIntervalMs: 3_600_000,
    handlerTimeoutMs: 5_000,
    log: pino({ level: 'silent' }),
  });
  client = new Client({ address: daemon.addresses[0] } as HttpListener);
});
after(() => daemon.stop());

test('a handler that fails is 422 with file and line, and no traceback', async () => {
  for (const [domain, code, line] of [
    ['broken.example', 'HANDLER_FAILED', 7],
    ['wrong.example', 'OBJECT_INVALID', 10],
  ]) {
    const answer = await client.post(RESOLVE, { kind: 'queue', domain });
    assert.deepEqual([answer.status, answer.json.error.code], [422, code]);
    assert.deepEqual([answer.json.error.file, answer.json.error.line], [policy, line]);
    const many = await client.post(RESOLVE, { requests: [{ kind: 'queue', domain }] });
    assert.deepEqual([many.status, many.json.results], [200, [{ error: answer.json.error }]]);
    for (const { body } of [answer, many]) assert.doesNotMatch(body, /traceback/);
  }
});

test('an object is live under its name, with the line that made it', async () => {
  const name = 'a/b@example.com';
  const { status, json } = await client.post(RESOLVE, { kind: 'queue', name: 'tenant@example.com' });
  assert.deepEqual([status, json.provenance.event, json.value.max_age], [200, 'get_queue_config', '7days']);
  assert.match(json.provenance.handler, /init\.lua:5$/);
  assert.equal((await client.get(`/api/config/v1/objects/queue/${encodeURIComponent(name)}`)).status, 404);
  assert.equal((await client.post(RESOLVE, { kind: 'queue', name })).status, 200);
  const live = await client.get(`/api/config/v1/objects/queue/${encodeURIComponent(name)}`);
  assert.deepEqual([live.status, live.json.name], [200, name]);
});

test('secrets are shown by no route', async () => {
  const answers = [
    await client.post(RESOLVE, { kind: 'egress_path', source: 's', domain: 'd', site: 'mx' }),
    await client.get('/api/config/v1/objects?kind=egress_path'),
    await client.get(`/api/config/v1/objects/egress_path/${encodeURIComponent('s->mx')}`),
    await client.get('/api/config/v1/init'),
  ];
  for (const { status, body } of answers) {
    assert.equal(status, 200);
    assert.doesNotMatch(body, /hush/);
    assert.match(body, /\[redacted\]/);
  }
});

test('a bump is evaluated by the policy, and touches no object when nobody heeds its scope', async () => {
  const before = (await client.get('/api/config/v1/epoch')).json.epoch;
  const { json } = await client.post(`${BUMP}?wait=1m`, { reason: 'because' });
  assert.deepEqual([json.previous, json.epoch, json.status], [before, before + 1, 'accepted']);
  const named = await client.post(`${BUMP}?wait=1m`, { scope: 'nobody' });
  assert.deepEqual([named.json.epoch, named.json.status, named.json.dependents], [before + 2, 'accepted', 0]);
});

test('a policy that no longer loads is rejected with its line, and what was there goes on serving', async () => {
  writeFileSync(policy, `${POLICY}\nthis is no Lua\n`);
  try {
    const { epoch } = (await client.get('/api/config/v1/epoch')).json;
    const { status, json, body } = await client.post(`${BUMP}?wait=1m`);
    assert.deepEqual([status, json.error.code, json.error.file], [422, 'EPOCH_REJECTED', policy]);
    assert.equal(json.error.line, POLICY.split('\n').length + 1);
    assert.doesNotMatch(body, /traceback/);
    assert.equal((await client.get('/api/config/v1/epoch')).json.epoch, epoch);
    assert.equal((await client.post(RESOLVE, { kind: 'queue', name: 'new.example' })).status, 200);
  } finally {
    writeFileSync(policy, POLICY);
  }
});

test('the daemon is ready, and its metrics are those of its objects', async () => {
  assert.deepEqual((await client.get('/api/config/v1/ready')).json, { ready: true });
  const { epoch } = (await client.get('/api/config/v1/epoch')).json;
  const { headers, body } = await client.get('/metrics');
  assert.equal(headers['content-type'], 'text/plain; version=0.0.4; charset=utf-8');
  assert.match(body, new RegExp(`^config_epoch ${epoch}$`, 'm'));
  assert.match(body, /^config_objects\{kind="queue",state="fresh"\} [1-9]/m);
});
