import assert from 'node:assert/strict';
import { test } from 'node:test';
import { redact, redisThrottles } from '../../src/objects/index.ts';
import { assertRefused } from './refusal.ts';

const DEFAULTS = {
  read_from_replicas: false,
};

test('a redis configuration is completed with the defaults of KumoMTA', () => {
  assert.deepEqual(redisThrottles.read({ node: 'redis://127.0.0.1' }), {
    ...{ node: 'redis://127.0.0.1' },
    ...DEFAULTS,
  });
});

test('a node is a URL or a list of them', () => {
  assert.deepEqual(redisThrottles.read({ node: ['redis://a', 'redis://b'] }).node, ['redis://a', 'redis://b']);
  assertRefused(() => redisThrottles.read({}), 'node', 'missing field `node`');
  assertRefused(() => redisThrottles.read({ node: 5 }), 'node', 'invalid type: integer `5`, expected a string');
  assertRefused(
    () => redisThrottles.read({ node: ['a', 5] }),
    'node[2]',
    'invalid type: integer `5`, expected a string',
  );
});

test('a misspelt name is refused, though KumoMTA ignores it', () => {
  assertRefused(
    () => redisThrottles.read({ node: 'a', user_name: 'x' }),
    'user_name',
    /\(did you mean `username`\?\)$/,
  );
});

test('redaction hides the password, also in the URLs', () => {
  const printed = redisThrottles.read({ node: ['redis://u:secret@h:1/0', 'redis://h:1'], password: 'secret' });
  assert.deepEqual(redact(redisThrottles, printed), {
    ...DEFAULTS,
    node: ['redis://u:[redacted]@h:1/0', 'redis://h:1'],
    password: '[redacted]',
  });
});
