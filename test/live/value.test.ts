import assert from 'node:assert/strict';
import { test } from 'node:test';
import { kinds } from '../../src/kinds/index.ts';
import { Values } from '../../src/live/value.ts';

test('secrets do not leave the process, and what has none is shown as it is', () => {
  const paths = new Values(kinds.egress_path);
  const secret = { smtp_auth_plain_username: 'u', smtp_auth_plain_password: { key_data: 'hunter2' } };
  const value = paths.hold(JSON.stringify(kinds.egress_path.type.read(secret)));
  assert.match(value.text, /hunter2/);
  assert.doesNotMatch(value.publicText, /hunter2/);
  const plain = paths.hold(JSON.stringify(kinds.egress_path.type.read({})));
  assert.equal(plain.publicText, plain.text);
});
