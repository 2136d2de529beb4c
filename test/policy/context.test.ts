import assert from 'node:assert/strict';
import { suite, test } from 'node:test';
import type { ConfigError, ErrorReport } from '../../src/errors.ts';
import { Status } from '../../src/policy/protocol.ts';
import { poolOf, TestPolicy } from '../support/policy_host.ts';

const queue = (pool: string) => `return kumo.make_queue_config { egress_pool = ${pool} }`;
const on = (event: string, body: string) =>
  `kumo.on('${event}', function(...)\nlocal a, b, c, d = ...\n${body}\nend)\n`;

function assertError(error: ErrorReport | null | undefined, expected: Partial<ErrorReport>): void {
  assert.ok(error);
  for (const [key, value] of Object.entries(expected)) assert.equal(error[key as keyof ErrorReport], value);
}

suite('context', () => {
  test('handlers of a Multiple event are asked in order until one returns a value', async (t) => {
    const policy = await TestPolicy.load(
      t,
      on(
        'get_queue_config',
        'trace = "1"; if a == "first" then return kumo.make_queue_config { egress_pool = trace } end',
      ) +
        on('get_queue_config', 'trace = trace .. "2"; return (function() end)()') +
        on('get_queue_config', `trace = trace .. "3"; kumo.sleep(0.001); if a == "third" then ${queue('trace')} end`) +
        on('get_queue_config', `trace = trace .. "4"; if a == "fourth" then ${queue('trace')} end`),
    );
    const results = await Promise.all([policy.queue('first'), policy.queue('third'), policy.queue('fourth')]);
    assert.deepEqual(results.map(poolOf), ['1', '123', '1234']);
    const none = await policy.queue('none');
    assert.deepEqual([none.status, none.value, none.provenance?.handler], [Status.NONE, null, null]);
  });

  test('an explicit nil stops the chain and is no queue config', async (t) => {
    const policy = await TestPolicy.load(
      t,
      on('get_queue_config', 'return nil') + on('get_queue_config', queue('"x"')),
    );
    assertError((await policy.queue('a')).error, {
      code: 'HANDLER_NO_VALUE',
      message: 'error converting Lua nil to QueueConfig',
      file: policy.policy,
      line: 2,
    });
  });

  const wrong: [what: string, event: string, body: string, message: string][] = [
    ['a plain table', 'get_queue_config', 'return {}', 'error converting Lua table to QueueConfig'],
    ['a string', 'get_egress_pool', 'return "p"', 'error converting Lua string to EgressPool'],
    [
      'an object of another type',
      'get_egress_source',
      'return kumo.make_queue_config {}',
      'error converting Lua QueueConfig to EgressSource',
    ],
    ['nil', 'get_egress_path_config', 'return nil', 'error converting Lua nil to EgressPathConfig'],
    ['a number', 'get_listener_domain', 'return 5', 'error converting Lua number to EsmtpDomain'],
    ['nothing', 'get_egress_pool', '', 'Event get_egress_pool did not return a value'],
  ];
  for (const [what, event, body, message] of wrong) {
    test(`${event} must not return ${what}`, async (t) => {
      const policy = await TestPolicy.load(t, on(event, body));
      assertError((await policy.call(event, 'a', 'b', {})).error, { code: 'HANDLER_NO_VALUE', message, line: 2 });
    });
  }

  test('nil is an answer of get_listener_domain, and so is no value', async (t) => {
    const policy = await TestPolicy.load(t, on('get_listener_domain', 'if a == "nil" then return nil end'));
    assert.equal((await policy.call('get_listener_domain', 'nil', 'l', {})).status, Status.NIL);
    assert.equal((await policy.call('get_listener_domain', 'none', 'l', {})).status, Status.NIL);
    assert.equal((await policy.call('get_egress_pool', 'p')).status, Status.NONE);
  });

  test('an error of a handler ends the chain, with its line and its traceback', async (t) => {
    const policy = await TestPolicy.load(
      t,
      on('get_queue_config', 'error("no " .. a)') + on('get_queue_config', queue('"x"')),
    );
    const { error } = await policy.queue('luck');
    assertError(error, { code: 'HANDLER_FAILED', message: 'no luck', file: policy.policy, line: 4 });
    assert.match((error!.details as { traceback: string }).traceback, /stack traceback:/);
    assertError((await policy.queue('again')).error, { message: 'no again' });
  });

  test('a nil among the arguments is a nil in its place', async (t) => {
    const policy = await TestPolicy.load(
      t,
      on('get_queue_config', queue(`select('#', ...) .. tostring(a) .. tostring(b) .. tostring(c) .. tostring(d)`)),
    );
    assert.equal(poolOf(await policy.queue('d', undefined, 'c', undefined)), '4dnilcnil');
  });

  test('a second handler of a Single event is refused in the words of KumoMTA', async (t) => {
    const policy = new TestPolicy(t, { 'init.lua': on('get_egress_pool', '') + on('get_egress_pool', '') });
    await assert.rejects(policy.host.load(1), {
      code: 'POLICY_FAILED',
      message: `get_egress_pool event already has a handler defined at ${policy.policy}:2`,
      place: { file: policy.policy, line: 6, field: undefined },
    });
  });

  test('registering from within a handler is refused in the words of KumoMTA', async (t) => {
    const policy = await TestPolicy.load(
      t,
      on('get_queue_config', "kumo.on('x', print)") + on('init', "kumo.on('y', print)"),
    );
    const text = (event: string, current: string) =>
      `Attempting to register an event handler via \`kumo.on('${event}', ...)\` from within the event handler ` +
      `'${current}'. You must move your event handler registration so that it is setup directly when the policy is ` +
      'loaded in order for it to consistently trigger and handle events.';
    assertError((await policy.queue('a')).error, { message: text('x', 'get_queue_config'), line: 4 });
    await assert.rejects(policy.run('init'), { message: text('y', 'init') });
  });

  test('main may register handlers', async (t) => {
    const policy = await TestPolicy.load(t, on('main', on('get_egress_pool', 'print(a)')));
    await policy.run('main');
    assertError((await policy.call('get_egress_pool', 'p')).error, { code: 'HANDLER_NO_VALUE' });
  });

  test('main gets its arguments as positionals', async (t) => {
    const policy = await TestPolicy.load(t, on('main', 'print(select("#", ...), ...)'));
    await policy.run('main', 'a', '', 'b c');
    assert.equal(policy.printed, '3\ta\t\tb c\n');
  });

  test('_KUMO_CURRENT_EVENT names the event, also between events and never during the load', async (t) => {
    const policy = await TestPolicy.load(
      t,
      `loaded = tostring(_KUMO_CURRENT_EVENT)\n${on('init', 'print(loaded, _KUMO_CURRENT_EVENT)')}${on('get_queue_config', queue('_KUMO_CURRENT_EVENT'))}`,
    );
    await policy.run('init');
    assert.equal(policy.printed, 'nil\tinit\n');
    assert.equal(poolOf(await policy.queue('a')), 'get_queue_config');
  });

  test('_VALIDATING_CONFIG is true when validating, else nil', async (t) => {
    const text = 'print(_VALIDATING_CONFIG)';
    assert.equal((await TestPolicy.load(t, text)).printed, 'nil\n');
    assert.equal((await TestPolicy.load(t, text, { validating: true })).printed, 'true\n');
  });

  test('get_event_registrars tells the call stack of each registration', async (t) => {
    const policy = await TestPolicy.load(
      t,
      `local function register() kumo.on('pre_init', print) end
       register()
       kumo.on('pre_init', print)
       print(kumo.get_event_registrars('none'))
       for _, stack in ipairs(kumo.get_event_registrars('pre_init')) do print(#stack, stack[1]:match('[^/]*$'), stack[2] and stack[2]:match('[^/]*$')) end`,
    );
    assert.equal(policy.printed, 'nil\n2\tinit.lua:2\tinit.lua:3\n1\tinit.lua:4\tnil\n');
  });

  test('pre_init handlers run in order, and in the same context as init', async (t) => {
    const policy = await TestPolicy.load(
      t,
      on('pre_init', 'n = (n or 0) + 1') + on('pre_init', 'n = n * 10') + on('init', 'print(n)'),
    );
    await policy.host.run(1, ['pre_init', 'init', 'validate_config']);
    assert.equal(policy.printed, '10\n');
  });

  test('the events of the start stop at the first that fails', async (t) => {
    const policy = await TestPolicy.load(t, on('pre_init', 'error("no")') + on('init', 'print("init")'));
    await assert.rejects(policy.host.run(1, ['pre_init', 'init']), { code: 'HANDLER_FAILED', message: 'no' });
    assert.equal(policy.printed, '');
  });

  test('provenance names the handler and the files that the load and the call read', async (t) => {
    const policy = new TestPolicy(t, { 'init.lua': '', 'a.json': '{}', 'sub/b.toml': '', 'c.json': '[1]' });
    policy.write(
      'init.lua',
      `kumo.json_load '${policy.at('a.json')}'\n` +
        on('get_queue_config', `if a == 'reads' then kumo.toml_load '${policy.at('sub/b.toml')}' end ${queue('a')}`) +
        on('get_egress_pool', `kumo.json_load '${policy.at('c.json')}'; return kumo.make_egress_pool { name = a }`),
    );
    await policy.use(1);
    const provenance = { event: 'get_queue_config', handler: 'init.lua:3', memoize: [] };
    assert.deepEqual((await policy.queue('reads')).provenance, { ...provenance, files: ['a.json', 'sub/b.toml'] });
    assert.deepEqual((await policy.queue('reads not')).provenance, { ...provenance, files: ['a.json'] });
    assert.deepEqual((await policy.call('get_egress_pool', 'p')).provenance, {
      event: 'get_egress_pool',
      handler: 'init.lua:7',
      files: ['a.json', 'c.json'],
      memoize: [],
    });
  });

  test('an answer is for one connection when its handler looked at the metadata', async (t) => {
    const policy = await TestPolicy.load(
      t,
      on(
        'get_listener_domain',
        `local relay = a == 'reads' and c:get_meta('peer') == 'p1'
        return kumo.make_listener_domain { relay_to = relay }`,
      ),
    );
    const ask = (domain: string) => policy.call('get_listener_domain', domain, '127.0.0.1:25', { peer: 'p1' });
    const [reads, not] = [await ask('reads'), await ask('not')];
    assert.deepEqual([reads.forConnection, not.forConnection], [true, false]);
    assert.equal((JSON.parse(reads.value!) as { relay_to: boolean }).relay_to, true);
  });

  test('a timeout that is caught is a timeout all the same, and its context is not used again', async (t) => {
    const policy = await TestPolicy.load(
      t,
      on(
        'get_queue_config',
        `local was = dirty; dirty = true
        if a == 'sleep' then pcall(kumo.sleep, 1e6) end
        if a == 'caught' then pcall(pcall, kumo.sleep, 1e6); error('something else') end
        if a == 'nested' then coroutine.wrap(function() while true do pcall(kumo.sleep, 1e6) end end)() end
        ${queue('tostring(was)')}`,
      ),
      { timeoutMs: 60 },
    );
    for (const how of ['sleep', 'caught', 'nested']) {
      const result = await policy.queue(how);
      assertError(result.error, { code: 'HANDLER_TIMEOUT', message: 'the call did not end within 60 ms' });
      assert.ok(result.durationUs < 500_000, `${how} took ${result.durationUs} us`);
      assert.equal(poolOf(await policy.queue('a')), 'nil');
      assert.equal(poolOf(await policy.queue('a')), 'true');
      await policy.use(1 + policy.globs.length);
      policy.globs.push([]);
    }
  });

  test('a policy that is not there, or is no file, is told so and blocks nothing', async (t) => {
    const policy = new TestPolicy(t, {});
    await assert.rejects(policy.host.load(1), (error: ConfigError) => {
      assert.equal(error.code, 'POLICY_NOT_FOUND');
      assert.equal(error.message, `reading policy file "${policy.policy}": No such file or directory (os error 2)`);
      return true;
    });
    policy.write('init.lua/x', '');
    await assert.rejects(policy.host.load(2), { message: /Is a directory \(os error 21\)$/ });
  });
});
