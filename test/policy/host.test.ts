import assert from 'node:assert/strict';
import { suite, test } from 'node:test';
import fc from 'fast-check';
import type { CallResult } from '../../src/policy/host.ts';
import { Status } from '../../src/policy/protocol.ts';
import { poolOf, TestPolicy } from '../support/policy_host.ts';

/** Answers with what it was asked, after what the domain says. */
const ECHO = `
  kumo.on('get_queue_config', function(domain, tenant, campaign, routing_domain)
    if domain == 'hang' then while true do end end
    if domain == 'bomb' then (('a'):rep(200000)):find(('.-'):rep(40) .. 'b') end
    if domain == 'sleep' then kumo.sleep(1e6) end
    if domain == 'wait' then kumo.sleep(0.01) end
    if domain == 'huge' then held = ('x'):rep(1e9) .. 'y' end
    if domain == 'fail' then error('asked to') end
    local parts = { domain, tenant or 'nil', campaign or 'nil', routing_domain or 'nil' }
    return kumo.make_queue_config { egress_pool = table.concat(parts, '|') }
  end)
`;

const slowly = (ms: number, result: Promise<CallResult>): Promise<CallResult & { tookMs: number }> => {
  const startedAt = performance.now();
  return result.then((value) => {
    const tookMs = performance.now() - startedAt;
    assert.ok(tookMs < ms, `it took ${tookMs} ms`);
    return { ...value, tookMs };
  });
};

suite('policy host', () => {
  test('each of many calls gets its own answer, whichever worker answers and whether its handler waits', async (t) => {
    const policy = await TestPolicy.load(t, ECHO, { workers: 2 });
    const argument = fc.option(fc.string({ unit: 'grapheme', maxLength: 8 }), { nil: undefined });
    const call = fc.tuple(fc.oneof(fc.constant('wait'), fc.domain()), argument, argument, argument);
    await fc.assert(
      fc.asyncProperty(fc.array(call, { minLength: 1, maxLength: 300 }), async (calls) => {
        const results = await Promise.all(calls.map((args) => policy.queue(...args)));
        assert.deepEqual(
          results.map(poolOf),
          calls.map((args) => args.map((arg) => arg ?? 'nil').join('|')),
        );
      }),
      { numRuns: 20 },
    );
  });

  test('calls are spread over the workers', async (t) => {
    const policy = await TestPolicy.load(
      t,
      `local me = tostring({})
       kumo.on('get_queue_config', function() kumo.sleep(0.01) return kumo.make_queue_config { egress_pool = me } end)`,
      { workers: 2 },
    );
    const results = await Promise.all(Array.from({ length: 20 }, () => policy.queue('a')));
    assert.ok(new Set(results.map(poolOf)).size > 1);
  });

  test('waiting calls do not keep others from the same worker', async (t) => {
    const policy = await TestPolicy.load(t, ECHO, { timeoutMs: 300 });
    const waiting = Array.from({ length: 20 }, () => policy.queue('sleep'));
    assert.equal(poolOf(await slowly(250, policy.queue('a.com'))), 'a.com|nil|nil|nil');
    for (const result of await Promise.all(waiting)) assert.equal(result.error?.code, 'HANDLER_TIMEOUT');
  });

  test('more calls than there are contexts wait for their turn, and all of them end', async (t) => {
    const policy = await TestPolicy.load(t, ECHO);
    const results = await Promise.all(Array.from({ length: 200 }, () => policy.queue('wait')));
    assert.equal(results.filter((result) => result.status === Status.VALUE).length, 200);
  });

  test('calls that all wait for ever all end with a timeout', async (t) => {
    const policy = await TestPolicy.load(t, ECHO, { timeoutMs: 50 });
    const results = await Promise.all(Array.from({ length: 150 }, () => policy.queue('sleep')));
    for (const result of results) assert.equal(result.error?.code, 'HANDLER_TIMEOUT');
    assert.equal(poolOf(await policy.queue('a')), 'a|nil|nil|nil');
  });

  test('a handler that never ends fails at its deadline; what came with it is answered by another worker', async (t) => {
    const policy = await TestPolicy.load(t, ECHO, { workers: 2, timeoutMs: 1500 });
    const hanging = policy.queue('hang');
    const others = Array.from({ length: 50 }, (_, i) => slowly(1000, policy.queue(`d${i}`)));
    for (const [i, result] of (await Promise.all(others)).entries()) assert.equal(poolOf(result), `d${i}|nil|nil|nil`);
    // New calls keep clear of the worker that is stuck.
    assert.equal(poolOf(await slowly(100, policy.queue('later'))), 'later|nil|nil|nil');
    const { error } = await hanging;
    assert.equal(error?.code, 'HANDLER_TIMEOUT');
    assert.equal(error?.line, 4);
    assert.equal(policy.host.restarts, 0);
  });

  test('a worker that does not come back is replaced: its call fails by name, the others are answered', async (t) => {
    const policy = await TestPolicy.load(t, ECHO, { workers: 1, timeoutMs: 50 });
    const results = await Promise.all([policy.queue('a'), policy.queue('bomb', 't1'), policy.queue('b')]);
    assert.deepEqual([results[0], results[2]].map(poolOf), ['a|nil|nil|nil', 'b|nil|nil|nil']);
    assert.equal(results[1].error?.code, 'WORKER_LOST');
    assert.match(results[1].error!.message, /while it ran get_queue_config\("bomb", "t1"\)/);
    assert.equal(policy.host.restarts, 1);
    assert.match(policy.errors[0]!, /^policy worker replaced: it did not come back/);
  });

  test('the call that is blamed is the one that went on after a wait, not the one that began last', async (t) => {
    const policy = await TestPolicy.load(
      t,
      `kumo.on('get_queue_config', function(domain)
         kumo.sleep(domain == 'bomb' and 0.01 or 0.05)
         if domain == 'bomb' then (('a'):rep(200000)):find(('.-'):rep(40) .. 'b') end
         return kumo.make_queue_config { egress_pool = domain }
       end)`,
      { timeoutMs: 1000 },
    );
    const results = await Promise.all([policy.queue('bomb'), policy.queue('innocent')]);
    assert.equal(results[0].error?.code, 'WORKER_LOST');
    assert.equal(poolOf(results[1]), 'innocent');
    assert.equal(policy.host.restarts, 1);
  });

  test('a huge string is an error or the end of its worker, not of the process', async (t) => {
    const policy = await TestPolicy.load(t, ECHO, { timeoutMs: 500 });
    const { error } = await policy.queue('huge');
    assert.notEqual(error, undefined);
    assert.equal(poolOf(await policy.queue('a')), 'a|nil|nil|nil');
  });

  test('a replaced worker runs the texts of the generation, whatever the files say by then', async (t) => {
    const policy = await TestPolicy.load(
      t,
      { 'init.lua': `require 'module'\n${ECHO}`, 'module.lua': 'return 1' },
      { timeoutMs: 50 },
    );
    policy.write('init.lua', 'this is no Lua');
    policy.write('module.lua', 'error("new")');
    const [lost, other] = await Promise.all([policy.queue('bomb'), policy.queue('a')]);
    assert.equal(lost.error?.code, 'WORKER_LOST');
    assert.equal(poolOf(other), 'a|nil|nil|nil');
  });

  test('all workers run the texts that the first one read', async (t) => {
    const policy = new TestPolicy(t, { 'init.lua': ECHO, 'data.json': '1' }, { workers: 2 });
    policy.write(
      'init.lua',
      `local f = io.stdout; os.rename('${policy.at('init.lua')}', '${policy.at('gone.lua')}')\n${ECHO}`,
    );
    assert.deepEqual(await policy.use(1), ['get_queue_config']);
    const results = await Promise.all(Array.from({ length: 50 }, () => policy.queue('wait')));
    assert.equal(results.filter((result) => result.status === Status.VALUE).length, 50);
  });

  test('a data file that breaks fails the calls of a replaced worker with its error until it is mended', async (t) => {
    const files = { 'init.lua': '', 'data.json': '{}' };
    const policy = new TestPolicy(t, files, { timeoutMs: 50 });
    policy.write('init.lua', `kumo.json_load('${policy.at('data.json')}')\n${ECHO}`);
    await policy.use(1);
    policy.write('data.json', '{');
    await policy.queue('bomb');
    const { error } = await policy.queue('a');
    assert.equal(error?.file, policy.at('data.json'));
    policy.write('data.json', '{}');
    assert.equal(poolOf(await policy.queue('a')), 'a|nil|nil|nil');
  });

  test('a candidate that does not load leaves the generation that serves', async (t) => {
    const policy = await TestPolicy.load(t, ECHO, { workers: 2 });
    policy.write('init.lua', 'local x =\n= 1');
    await assert.rejects(policy.host.load(2), {
      code: 'POLICY_SYNTAX',
      place: { file: policy.policy, line: 3, field: undefined },
    });
    const result = await policy.queue('a');
    assert.equal(poolOf(result), 'a|nil|nil|nil');
  });

  test('calls go to the generation in use; what was sent before ends in the one before', async (t) => {
    const policy = await TestPolicy.load(t, ECHO, { workers: 2 });
    policy.write(
      'init.lua',
      "kumo.on('get_queue_config', function() return kumo.make_queue_config { egress_pool = 'new' } end)",
    );
    const loaded = await policy.host.load(2);
    assert.deepEqual(loaded, { events: ['get_queue_config'], files: [policy.policy] });
    assert.equal(poolOf(await policy.queue('a')), 'a|nil|nil|nil');
    const early = policy.queue('wait');
    await new Promise(setImmediate);
    policy.host.use(2);
    const [before, after] = await Promise.all([early, policy.queue('a')]);
    assert.deepEqual([poolOf(before), poolOf(after)], ['wait|nil|nil|nil', 'new']);
  });

  test('a call to a generation that is not there is an error', async (t) => {
    const policy = await TestPolicy.load(t, ECHO);
    policy.host.use(9);
    const { error } = await policy.queue('a');
    assert.deepEqual([error?.code, error?.message], ['INTERNAL', 'generation 9 is not loaded']);
    await assert.rejects(policy.host.run(9, ['init']), { code: 'INTERNAL' });
  });

  test('an argument that cannot cross threads fails the call, not the process', async (t) => {
    const policy = await TestPolicy.load(t, ECHO);
    const { error } = await policy.queue((() => 1) as never);
    assert.equal(error?.code, 'INTERNAL');
    assert.equal(poolOf(await policy.queue('a')), 'a|nil|nil|nil');
  });

  test('a receiver that throws keeps no other from its result', async (t) => {
    const policy = await TestPolicy.load(t, ECHO);
    policy.host.call('get_queue_config', ['a'], () => {
      throw new Error('receiver');
    });
    assert.equal(poolOf(await policy.queue('b')), 'b|nil|nil|nil');
    assert.deepEqual(policy.errors, ['the result of a handler call could not be taken']);
  });

  test('so it is with one that throws on what the policy does', async (t) => {
    const policy = new TestPolicy(
      t,
      { 'init.lua': `kumo.validation_failed()\n${ECHO}` },
      {
        onValidationFailed: () => {
          throw new Error('receiver');
        },
      },
    );
    await policy.use(1);
    assert.equal(poolOf(await policy.queue('b')), 'b|nil|nil|nil');
    assert.deepEqual(policy.errors, ['a message of a policy worker could not be handled']);
  });

  test('a handler that fills the heap ends its worker, not the process, and the others are answered', async (t) => {
    const policy = await TestPolicy.load(
      t,
      `kumo.on('get_queue_config', function(domain)
         local t = {}
         while domain == 'bomb' do t = { t } end
         return kumo.make_queue_config { egress_pool = domain }
       end)`,
      { timeoutMs: 60_000, heapMb: 32 },
    );
    const [bomb, other] = await Promise.all([policy.queue('bomb'), policy.queue('a')]);
    assert.equal(bomb.error?.code, 'WORKER_LOST');
    assert.match(bomb.error.message, /get_queue_config\("bomb"\): it failed: .*memory limit/);
    assert.equal(poolOf(other), 'a');
    assert.equal(policy.host.restarts, 1);
  });

  test('a policy that takes the globals away harms itself alone', async (t) => {
    const policy = await TestPolicy.load(
      t,
      `string = nil; tostring = nil; coroutine = nil; package.loaded = nil; package = nil; error = nil; pcall = nil
       setmetatable(_G, { __index = function() while true do end end, __newindex = function() while true do end end })
       kumo.on('get_queue_config', function(d) return kumo.make_queue_config { egress_pool = d .. _KUMO_CURRENT_EVENT } end)`,
      { timeoutMs: 200 },
    );
    assert.equal(poolOf(await policy.queue('a ')), 'a get_queue_config');
  });

  test('stopping fails what waits, and what comes later', async (t) => {
    const policy = await TestPolicy.load(t, ECHO, { workers: 2 });
    policy.write('init.lua', 'while true do end');
    const waiting = [policy.queue('sleep'), policy.queue('hang'), policy.queue('a')];
    const run = policy.host.run(1, ['init']);
    const load = policy.host.load(2);
    const outcomes = Promise.allSettled([run, load]);
    await policy.host.stop();
    for (const result of await Promise.all([...waiting, policy.queue('late')])) {
      assert.ok(result.status === Status.VALUE || result.error?.code === 'SHUTTING_DOWN');
    }
    assert.equal((await policy.queue('late')).error?.code, 'SHUTTING_DOWN');
    for (const outcome of await outcomes) {
      assert.ok(outcome.status === 'fulfilled' || outcome.reason.code === 'SHUTTING_DOWN');
    }
    await assert.rejects(policy.host.load(3), { code: 'SHUTTING_DOWN' });
    await assert.rejects(policy.host.run(1, ['init']), { code: 'SHUTTING_DOWN' });
  });

  test('stopping ends a worker that hangs', async (t) => {
    const policy = await TestPolicy.load(t, ECHO, { timeoutMs: 60_000 });
    const hanging = policy.queue('bomb');
    await new Promise(setImmediate);
    await policy.host.stop();
    assert.equal((await hanging).error?.code, 'SHUTTING_DOWN');
  });

  test('a policy that hangs while it is loaded is a candidate that does not load', async (t) => {
    const policy = await TestPolicy.load(t, ECHO, { timeoutMs: 50 });
    policy.write('init.lua', 'while true do pcall(error) end');
    await assert.rejects(policy.host.load(2), {
      code: 'HANDLER_TIMEOUT',
      place: { file: policy.policy, line: 2, field: undefined },
    });
    policy.write('init.lua', "; (('a'):rep(200000)):find(('.-'):rep(40) .. 'b')");
    await assert.rejects(policy.host.load(3), { code: 'WORKER_LOST', message: /while it ran the load of the policy/ });
    assert.equal(poolOf(await policy.queue('a')), 'a|nil|nil|nil');
  });
});
