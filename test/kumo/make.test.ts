import assert from 'node:assert/strict';
import { suite, test } from 'node:test';
import type { ConfigError } from '../../src/errors.ts';
import { runKumo, TestKumo } from '../support/lua_kumo.ts';

async function refusal(text: string): Promise<ConfigError> {
  return await runKumo(text).then(
    () => assert.fail('it was not refused'),
    (error: ConfigError) => error,
  );
}

suite('make', () => {
  test('a wrong field is told in the words of KumoMTA, with its path and its line', async () => {
    const error = await refusal('\nkumo.make_queue_config {\n  max_age = true }');
    assert.equal(error.code, 'OBJECT_INVALID');
    assert.match(error.message, /^make_queue_config: deserialize error: .*, while processing \{"max_age":true\}$/);
    assert.deepEqual(error.place, { file: 'test.lua', line: 2, field: 'max_age' });
    assert.equal((error.details as { object: string }).object, 'QueueConfig');
  });

  test('an unknown field is told with those that there are', async () => {
    assert.match((await refusal('kumo.make_egress_pool { nam = "p" }')).message, /unknown field `nam`, expected/);
  });

  test('what is no table is told', async () => {
    for (const value of ['', 'nil', '5', '"x"', 'true', 'print']) {
      assert.match(
        (await refusal(`kumo.make_queue_config(${value})`)).message,
        /deserialize error: .*, while processing/,
      );
    }
  });

  test('no secret reaches a message, not even under a misspelt name', async () => {
    const fields = ['socks5_proxy_password = "hush"', 'socks5_proxy_pasword = "hush"', 'token = { "hush" }'];
    for (const field of fields) {
      const { message } = await refusal(`kumo.make_egress_source { name = "s", bad = 1, ${field} }`);
      assert.doesNotMatch(message, /hush/);
      assert.match(message, /\[redacted\]/);
    }
  });

  test('a long table is cut in the message', async () => {
    const { message } = await refusal('kumo.make_egress_pool { name = ("x"):rep(5000), bad = 1 }');
    assert.ok(message.length < 1500);
    assert.ok(message.endsWith('…'));
  });

  test('a made object reads field by field and cannot be changed', async () => {
    const text = `
      local q = kumo.make_queue_config { egress_pool = 'p' }
      return q.egress_pool, q.refresh_strategy, q.provider_name == nil, type(q.provider_name),
        (pcall(function() q.egress_pool = 'x' end)), (pcall(function() return q.no_such end)), getmetatable(q)`;
    assert.deepEqual(await runKumo(text), ['p', 'Ttl', false, 'userdata', false, false, false]);
  });

  test('what init defines is recorded with its line', async () => {
    const vm = new TestKumo();
    await vm.kumo(
      'kumo.define_spool { name = "data", path = "/s" }\nkumo.start_http_listener { listen = "127.0.0.1:1" }',
    );
    assert.deepEqual(
      vm.defined.map(({ kind, place }) => [kind, place.line]),
      [
        ['spool', 1],
        ['http_listener', 2],
      ],
    );
    assert.equal((vm.defined[0]!.value as { path: string }).path, '/s');
  });

  const definers = [
    'start_esmtp_listener',
    'start_http_listener',
    'define_spool',
    'configure_local_logs',
    'configure_log_hook',
    'configure_log_disposition_hook',
  ];
  for (const definer of definers) {
    test(`${definer} refuses what its schema does not know`, async () => {
      const error = await refusal(`\nkumo.${definer} { no_such_field = 1 }`);
      assert.equal(error.code, 'OBJECT_INVALID');
      assert.equal(error.place.line, 2);
    });
  }
});
