import assert from 'node:assert/strict';
import { test } from 'node:test';
import { ConfigError } from '../../../src/errors.ts';
import { HandDaemon } from './daemon.ts';

const BUMP = '/api/admin/bump-configuration';

test('a bump is accepted under both names, with an empty body, null or an object', async (t) => {
  const daemon = new HandDaemon();
  const client = await daemon.listen(t);
  let epoch = 1;
  for (const path of [BUMP, '/api/admin/bump-config-epoch']) {
    for (const body of ['', 'null', '{}', '{"reason":"because"}']) {
      daemon.clock.advance(1000);
      const { status, json } = await client.post(`${path}?wait=5s`, body);
      assert.equal(status, 200);
      assert.deepEqual(json, { epoch: epoch + 1, previous: epoch, scope: 'global', status: 'accepted', dependents: 0 });
      epoch++;
    }
  }
  assert.deepEqual([daemon.epochs.entry?.reason, daemon.epochs.entry?.actor], ['because', '127.0.0.1']);
});

test('a bump that is not waited for, or not long enough, is pending', async (t) => {
  const daemon = new HandDaemon();
  const client = await daemon.listen(t);
  daemon.evaluate = () => new Promise(() => undefined);
  for (const query of ['', '?wait=1ms']) {
    const { status, json } = await client.post(`${BUMP}${query}`);
    assert.deepEqual([status, json.status, json.previous], [200, 'pending', 1]);
  }
  assert.equal((await client.get('/api/config/v1/epoch')).json.epoch, 1);
});

test('a bump that is waited for is answered with its verdict, however many ask meanwhile', async (t) => {
  const daemon = new HandDaemon();
  const client = await daemon.listen(t);
  const { promise, resolve } = Promise.withResolvers<void>();
  daemon.evaluate = () => promise;
  const bumped = client.post(`${BUMP}?wait=1m`);
  while (!daemon.epochs.pending) await client.get('/api/config/v1/epoch');
  for (let i = 0; i < 50; i++) assert.equal((await client.get('/api/config/v1/epoch')).json.epoch, 1);
  resolve();
  assert.equal((await bumped).json.status, 'accepted');
});

test('whoever waits for a bump that is rejected gets 422 with the place, and no traceback', async (t) => {
  const daemon = new HandDaemon();
  const client = await daemon.listen(t);
  daemon.evaluate = async () => {
    throw new ConfigError('POLICY_SYNTAX', 'unexpected symbol', {
      place: { file: 'init.lua', line: 7 },
      details: { traceback: 'stack of Lua' },
    });
  };
  const { status, json, body } = await client.post(`${BUMP}?wait=5s`);
  assert.equal(status, 422);
  const { code, message, file, line, details } = json.error;
  assert.deepEqual(
    [code, message, file, line],
    ['EPOCH_REJECTED', 'epoch 2 was rejected: unexpected symbol', 'init.lua', 7],
  );
  assert.deepEqual(details, {
    epoch: 2,
    previous: 1,
    scope: 'global',
    status: 'rejected',
    errors: [{ code: 'POLICY_SYNTAX', message: 'unexpected symbol', file: 'init.lua', line: 7 }],
  });
  assert.doesNotMatch(body, /stack of Lua/);
  const epoch = (await client.get('/api/config/v1/epoch')).json;
  assert.equal(epoch.epoch, 1);
  assert.deepEqual(epoch.last_rejected.errors, [{ file: 'init.lua', line: 7, message: 'unexpected symbol' }]);
  assert.doesNotMatch((await client.get('/api/config/v1/epochs')).body, /stack of Lua/);
  assert.doesNotMatch((await client.get('/api/config/v1/epochs/2')).body, /stack of Lua/);
});

test('a bump of a scope that nobody knows is accepted at once and touches nothing', async (t) => {
  const daemon = new HandDaemon();
  const client = await daemon.listen(t);
  daemon.evaluate = () => assert.fail('evaluated');
  const { json } = await client.post(BUMP, { scope: 'my-data.v1:eu' });
  assert.deepEqual(json, { epoch: 2, previous: 1, scope: 'my-data.v1:eu', status: 'accepted', dependents: 0 });
});

test('what is wrong with a bump is said, with the field, and takes no number', async (t) => {
  const daemon = new HandDaemon();
  const client = await daemon.listen(t);
  const cases: [string, unknown, string, string?][] = [
    ['', { scope: 'a b' }, 'INVALID_REQUEST', 'scope'],
    ['', { scope: '' }, 'INVALID_REQUEST', 'scope'],
    ['', { scope: 'x'.repeat(65) }, 'INVALID_REQUEST', 'scope'],
    ['', { scope: '-x' }, 'INVALID_REQUEST', 'scope'],
    ['', { reason: 7 }, 'INVALID_REQUEST', 'reason'],
    ['', { reson: 'typo' }, 'INVALID_REQUEST', 'reson'],
    ['', '[]', 'INVALID_REQUEST'],
    ['', '"text"', 'INVALID_REQUEST'],
    ['', '{', 'MALFORMED_JSON'],
    ['', '['.repeat(65) + ']'.repeat(65), 'TOO_DEEP'],
    ['?wait=soon', '', 'INVALID_REQUEST', 'wait'],
    ['?wait=', '', 'INVALID_REQUEST', 'wait'],
    ['?wait=-1s', '', 'INVALID_REQUEST', 'wait'],
  ];
  for (const [query, body, code, field] of cases) {
    const { status, json } = await client.post(BUMP + query, body);
    assert.deepEqual(
      [status, json.error.code, json.error.field],
      [400, code, field],
      `${query} ${JSON.stringify(body)}`,
    );
  }
  assert.equal(daemon.ledger.last?.epoch, 1);
});

test('the epoch tells where the configuration is', async (t) => {
  const daemon = new HandDaemon();
  const client = await daemon.listen(t);
  await daemon.bench.live.resolve('queue', 'example.com');
  await client.post(`${BUMP}?wait=5s`, { reason: 'because' });
  await daemon.bench.live.settled();
  const { started_at, ...rest } = (await client.get('/api/config/v1/epoch')).json;
  assert.ok(!Number.isNaN(Date.parse(started_at)));
  assert.deepEqual(rest, {
    epoch: 2,
    scopes: { files: 1, global: 2 },
    hash: 'h',
    cause: 'api',
    reason: 'because',
    actor: '127.0.0.1',
    status: 'accepted',
    last_rejected: null,
    objects: { fresh: 3, stale: 0, refreshing: 0, quarantined: 0 },
  });
});

test('the ledger is paged from the newest on', async (t) => {
  const daemon = new HandDaemon();
  const client = await daemon.listen(t);
  for (let i = 0; i < 5; i++) await client.post(BUMP, { scope: 'nobody' });
  const page = async (query: string) => {
    const { json } = await client.get(`/api/config/v1/epochs?${query}`);
    return [json.epochs.map(({ epoch }: { epoch: number }) => epoch), json.next];
  };
  assert.deepEqual(await page(''), [[6, 5, 4, 3, 2, 1], null]);
  assert.deepEqual(await page('limit=4'), [[6, 5, 4, 3], 3]);
  assert.deepEqual(await page('limit=4&before=3'), [[2, 1], null]);
  assert.deepEqual(await page('limit=3&before=4'), [[3, 2, 1], null]);
  assert.deepEqual(await page('before=1'), [[], null]);
  for (const query of ['limit=0', 'limit=1001', 'limit=x', 'limit=1e2', 'before=-1', 'limit=']) {
    const { status, json } = await client.get(`/api/config/v1/epochs?${query}`);
    assert.deepEqual([status, json.error.code, json.error.field], [400, 'INVALID_REQUEST', query.split('=')[0]], query);
  }
});

test('one entry is found by its number, written as one', async (t) => {
  const daemon = new HandDaemon();
  const client = await daemon.listen(t);
  const { json } = await client.get('/api/config/v1/epochs/1');
  assert.deepEqual([json.epoch, json.cause, json.files, json.errors], [1, 'start', [], []]);
  for (const number of ['0', '2', 'x', '1e0', '0x1', '-1', '1.0', '%201']) {
    const { status, json: body } = await client.get(`/api/config/v1/epochs/${number}`);
    assert.deepEqual([status, body.error.code], [404, 'NOT_FOUND'], number);
  }
});
