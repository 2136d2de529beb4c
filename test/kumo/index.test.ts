import assert from 'node:assert/strict';
import { suite, test } from 'node:test';
import { runKumo, TestKumo } from '../support/lua_kumo.ts';

suite('kumo', () => {
  test('it is a module and no global, and its parts are no modules', async () => {
    const vm = new TestKumo();
    assert.deepEqual(
      await vm.run("return kumo, rawequal(require 'kumo', require 'kumo'), (pcall(require, 'kumo.serde'))"),
      [undefined, true, false],
    );
  });

  test('reading what is not there says so, with the line', async () => {
    await assert.rejects(runKumo('\nlocal f = kumo.no_such'), {
      code: 'POLICY_FAILED',
      message: 'not available in kumo-configd: kumo.no_such',
      place: { file: 'test.lua', line: 2 },
    });
    await assert.rejects(runKumo('kumo.serde.no_such()'), {
      message: 'not available in kumo-configd: kumo.serde.no_such',
    });
  });

  test('a bump goes to the scope that is named, else to the global one', async () => {
    const vm = new TestKumo();
    await vm.kumo('kumo.bump_config_epoch()\nkumo.bump_config_epoch "tsa"');
    assert.deepEqual(vm.bumps, [
      { scope: 'global', place: { file: 'test.lua', line: 1 } },
      { scope: 'tsa', place: { file: 'test.lua', line: 2 } },
    ]);
    await assert.rejects(runKumo('kumo.bump_config_epoch(5)'), { message: /^bad argument #1 to 'bump_config_epoch'/ });
  });

  test('globs are set as a whole, and listed', async () => {
    const vm = new TestKumo();
    assert.deepEqual(
      await vm.kumo("kumo.set_config_monitor_globs { 'a', 'b' }; return kumo.eval_config_monitor_globs()"),
      [['/a', '/b']],
    );
    await assert.rejects(runKumo('kumo.set_config_monitor_globs "a"'), { message: /array of strings expected/ });
    await assert.rejects(runKumo('kumo.set_config_monitor_globs { "a", 5 }'), { message: /array of strings expected/ });
  });

  test('a bad glob raises and leaves the old ones', async () => {
    const vm = new TestKumo();
    await vm.kumo("kumo.set_config_monitor_globs { 'a' }; pcall(kumo.set_config_monitor_globs, { 'bad' })");
    assert.deepEqual(vm.globs, ['a']);
    await assert.rejects(runKumo("kumo.set_config_monitor_globs { 'bad' }"), { code: 'GLOB_INVALID' });
  });

  test('no globs at all are an empty list', async () => {
    const vm = new TestKumo();
    await vm.kumo('kumo.set_config_monitor_globs { "a" }; kumo.set_config_monitor_globs {}');
    assert.deepEqual(vm.globs, []);
  });

  test('validation_failed neither raises nor returns', async () => {
    const vm = new TestKumo();
    assert.deepEqual(await vm.kumo('return select("#", kumo.validation_failed())'), [0]);
    assert.equal(vm.failures, 1);
  });

  test('sleep waits for as many seconds as it is told, under both its names', async () => {
    const vm = new TestKumo();
    assert.deepEqual(
      await vm.kumo('kumo.sleep(2); kumo.time.sleep(0.5); kumo.sleep "1"; return select("#", kumo.sleep(0))'),
      [0],
    );
    assert.deepEqual(vm.slept, [2, 0.5, 1, 0]);
  });

  for (const bad of ['-1', '0/0', '1/0', 'nil', '{}', '"x"', '']) {
    test(`sleep(${bad}) is refused`, async () => {
      await assert.rejects(runKumo(`kumo.sleep(${bad})`), {
        code: 'POLICY_FAILED',
        message: /^bad argument #1 to 'sleep'/,
      });
    });
  }

  test('on wants a name and a function', async () => {
    await assert.rejects(runKumo('kumo.on()'), { message: "bad argument #1 to 'on' (string expected, got no value)" });
    await assert.rejects(runKumo('kumo.on("x", {})'), { message: "bad argument #2 to 'on' (function expected)" });
  });
});
