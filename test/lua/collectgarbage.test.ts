import assert from 'node:assert/strict';
import { suite, test } from 'node:test';
import { Float } from '../../src/objects/plain.ts';
import { runLua } from '../support/lua_vm.ts';

suite('collectgarbage', () => {
  test('answers every option of Lua 5.4 as a fresh state of it does', async () => {
    const answers = {
      '': 0,
      '"collect"': 0,
      '"stop"': 0,
      '"restart"': 0,
      '"step", 100': true,
      '"isrunning"': true,
      '"setpause", 150': 200,
      '"setstepmul", 300': 100,
      '"incremental"': 'incremental',
      '"generational"': 'incremental',
    };
    for (const [args, answer] of Object.entries(answers)) {
      assert.deepEqual(await runLua(`return collectgarbage(${args})`), [answer], args);
    }
  });

  test('remembers what a script set', async () => {
    const text = `
      collectgarbage 'stop'; local stopped = collectgarbage 'isrunning'
      collectgarbage('setpause', 150); collectgarbage 'generational'
      return stopped, collectgarbage('setpause', 200), collectgarbage 'incremental'`;
    assert.deepEqual(await runLua(text), [false, 150, 'generational']);
  });

  test('counts the memory in use in KiB', async () => {
    const [count] = await runLua("return collectgarbage 'count'");
    const kib = count instanceof Float ? count.value : (count as number);
    assert.ok(kib > 1000 && kib < 1e7, `${kib} KiB`);
  });

  test('refuses an option that Lua does not have', async () => {
    await assert.rejects(runLua("collectgarbage 'sweep'"), {
      message: "bad argument #1 to 'collectgarbage' (invalid option 'sweep')",
    });
  });
});
