import assert from 'node:assert/strict';
import { suite, test } from 'node:test';
import { Chunks } from '../../src/lua/chunks.ts';
import { bytesOf } from '../../src/lua/fengari.ts';
import { TestVm } from '../support/lua_vm.ts';

/** Chunks over files that a test may change. */
function over(files: Record<string, string>): { chunks: Chunks; reads: string[] } {
  const reads: string[] = [];
  const chunks = new Chunks((file) => {
    reads.push(file);
    return bytesOf(files[file]!);
  });
  return { chunks, reads };
}

suite('chunks', () => {
  test('a file is read and compiled once for all contexts, whatever happens to it', async () => {
    const files = { 'a.lua': 'return 1' };
    const { chunks, reads } = over(files);
    assert.deepEqual(await new TestVm({ chunks }).runFile('a.lua'), [1]);
    files['a.lua'] = 'return 2';
    assert.deepEqual(await new TestVm({ chunks }).runFile('a.lua'), [1]);
    assert.deepEqual(reads, ['a.lua']);
  });

  test('contexts share no globals and no upvalues', async () => {
    const { chunks } = over({
      'a.lua': 'local n = 0; n = n + 1; g = (g or 0) + 1; return n, g, function() n = n + 1; return n end',
    });
    const first = new TestVm({ chunks });
    assert.deepEqual((await first.runFile('a.lua')).slice(0, 2), [1, 1]);
    assert.deepEqual((await first.runFile('a.lua')).slice(0, 2), [1, 2]);
    assert.deepEqual((await new TestVm({ chunks }).runFile('a.lua')).slice(0, 2), [1, 1]);
  });

  test('a file that does not compile is tried again, and is not among the sources', async () => {
    const files = { 'a.lua': 'x = = 1' };
    const { chunks } = over(files);
    await assert.rejects(new TestVm({ chunks }).runFile('a.lua'), { code: 'POLICY_SYNTAX' });
    assert.deepEqual([...chunks.sources().keys()], []);
    files['a.lua'] = 'return 3';
    assert.deepEqual(await new TestVm({ chunks }).runFile('a.lua'), [3]);
  });

  test('the sources are the files that were loaded, with their texts', async () => {
    const { chunks } = over({ 'a.lua': 'return dofile "b.lua"', 'b.lua': 'return 2', 'c.lua': '' });
    const vm = new TestVm({ chunks });
    await vm.runFile('a.lua');
    await vm.run('return 1', 'text.lua');
    assert.deepEqual(
      [...chunks.sources()].map(([file, text]) => [file, Buffer.from(text).toString()]),
      [
        ['a.lua', 'return dofile "b.lua"'],
        ['b.lua', 'return 2'],
      ],
    );
  });

  test('known texts stand for what is on disk', async () => {
    const { chunks } = over({ 'a.lua': 'return 1' });
    await new TestVm({ chunks }).runFile('a.lua');
    const copy = new Chunks(() => assert.fail('read from disk'), chunks.sources());
    assert.deepEqual(await new TestVm({ chunks: copy }).runFile('a.lua'), [1]);
  });

  test('a first line that starts with # is left out, and lines keep their numbers', async () => {
    const { chunks } = over({ 'a.lua': '#!/usr/bin/env lua\nerror("x")', 'b.lua': '#only', 'c.lua': 'return #"abc"' });
    const vm = new TestVm({ chunks });
    await assert.rejects(vm.runFile('a.lua'), { place: { file: 'a.lua', line: 2 } });
    assert.deepEqual(await vm.runFile('b.lua'), []);
    assert.deepEqual(await vm.runFile('c.lua'), [3]);
  });

  test('compiled Lua is refused: only text is a policy', async () => {
    const { chunks } = over({ 'a.lua': '\x1bLuaS\0' });
    await assert.rejects(new TestVm({ chunks }).runFile('a.lua'), /attempt to load a binary chunk/);
  });
});
