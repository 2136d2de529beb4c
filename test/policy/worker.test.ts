import assert from 'node:assert/strict';
import { existsSync, readFileSync } from 'node:fs';
import { suite, test } from 'node:test';
import { poolOf, TestPolicy } from '../support/policy_host.ts';
import { until } from '../support/wait.ts';

const main = (body: string): string => `kumo.on('main', function(...)\n${body}\nend)\n`;

suite('policy worker', () => {
  test('what the policy asks of the process reaches the host', async (t) => {
    const policy = await TestPolicy.load(
      t,
      `kumo.set_config_monitor_globs { '/a/*.lua' }
       ${main(`kumo.bump_config_epoch 'tsa'; kumo.log_warn('careful'); kumo.validation_failed()
         kumo.define_spool { name = 'data', path = '/s' }; print(table.concat(kumo.eval_config_monitor_globs(), ' '))`)}`,
    );
    await policy.run('main');
    assert.deepEqual(policy.globs, [['/a/*.lua']]);
    assert.deepEqual(policy.bumps, [{ scope: 'tsa', place: { file: policy.policy, line: 4 } }]);
    assert.deepEqual(policy.logged, [{ level: 'warn', place: { file: policy.policy, line: 4 }, text: 'careful' }]);
    assert.deepEqual(
      policy.defined.map(({ kind, place }) => [kind, place.line]),
      [['spool', 5]],
    );
    assert.equal(policy.validationFailed, true);
    assert.equal(policy.printed, '/a /b\n');
  });

  test('globs that cannot be listed raise in the policy', async (t) => {
    const policy = await TestPolicy.load(t, main('kumo.eval_config_monitor_globs()'), {
      evalGlobs: () => Promise.reject(new Error('disk on fire')),
    });
    await assert.rejects(policy.run('main'), { message: 'disk on fire' });
  });

  test('a bad glob raises where it is set, and reaches nobody', async (t) => {
    const policy = new TestPolicy(t, { 'init.lua': `kumo.set_config_monitor_globs { 'relative/{' }` });
    await assert.rejects(policy.host.load(1), { code: 'GLOB_INVALID' });
    assert.deepEqual(policy.globs, []);
  });

  test('os.exit is an error in a policy, told to the host, and the worker goes on', async (t) => {
    const policy = await TestPolicy.load(
      t,
      `kumo.on('get_queue_config', function(d) if d == 'exit' then os.exit(3) end return kumo.make_queue_config { egress_pool = d } end)`,
    );
    assert.equal((await policy.queue('exit')).error?.message, 'os.exit is not available to a policy');
    assert.equal(poolOf(await policy.queue('a')), 'a');
    assert.deepEqual(policy.exits, [3]);
    assert.equal(policy.host.restarts, 0);
  });

  test('os.execute runs a command without the standard input of the process', async (t) => {
    const policy = await TestPolicy.load(
      t,
      main(
        "print(os.execute('exit 7')); print(os.execute('read x')); print(os.execute('kill -9 $$')); print(os.execute(':'))",
      ),
    );
    await policy.run('main');
    assert.equal(policy.printed, 'nil\texit\t7\nnil\texit\t1\nnil\tsignal\t9\ntrue\texit\t0\n');
  });

  test('a command does not outlive its call by more than a moment, nor its host', async (t) => {
    // Long enough for the command to begin, on a busy machine too.
    const policy = new TestPolicy(t, {}, { timeoutMs: 1000 });
    const command = (name: string) => `echo $$ > ${policy.at(name)}; sleep 1000; true`;
    policy.write('init.lua', main(`os.execute('${command('pid')}')`));
    await policy.use(1);
    await assert.rejects(policy.run('main'), { code: 'HANDLER_TIMEOUT' });
    await policy.host.stop();
    // Killed, as soon as the kernel gets to it. Nobody may be left to collect its status: then it stays as a zombie.
    const pid = readFileSync(policy.at('pid'), 'utf8').trim();
    assert.match(pid, /^\d+$/);
    await until('the end of the command', () => {
      const stat = existsSync(`/proc/${pid}`) ? readFileSync(`/proc/${pid}/stat`, 'utf8') : 'gone';
      return stat === 'gone' || stat.split(' ')[2] === 'Z';
    });
  });

  test('long lines and bytes are printed as they are', async (t) => {
    const policy = await TestPolicy.load(t, main(`print(('é'):rep(10000))`));
    await policy.run('main');
    assert.equal(policy.printed, `${'é'.repeat(10_000)}\n`);
  });
});
