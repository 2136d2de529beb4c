import assert from 'node:assert/strict';
import { test } from 'node:test';
import { HandDaemon } from './daemon.ts';

test('the daemon is alive from the first moment, and ready when it says so', async (t) => {
  const daemon = new HandDaemon();
  const client = await daemon.listen(t);
  daemon.notReady = 'starting';
  assert.equal((await client.get('/api/check-liveness/v1')).status, 200);
  const early = await client.get('/api/config/v1/ready');
  assert.deepEqual([early.status, early.json.error.code, early.json.error.message], [503, 'NOT_READY', 'starting']);
  daemon.notReady = null;
  const { status, json } = await client.get('/api/config/v1/ready');
  assert.deepEqual([status, json], [200, { ready: true }]);
});

test('what init defined, and the metrics, are there to be read', async (t) => {
  const client = await new HandDaemon().listen(t);
  assert.deepEqual((await client.get('/api/config/v1/init')).json, { listeners: [] });
  const { headers, body } = await client.get('/metrics');
  assert.deepEqual([headers['content-type'], body], ['text/plain; version=0.0.4; charset=utf-8', 'config_epoch 1\n']);
});
