import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { suite, type TestContext, test } from 'node:test';
import { Float } from '../../../src/objects/plain.ts';
import { runLua, TestVm } from '../../support/lua_vm.ts';

/** A folder with `in.txt`; Lua texts name it `DIR`. */
function folder(
  t: TestContext,
  text = 'one\ntwo\n\nfour',
): { at: (name: string) => string; lua: (text: string) => string } {
  const path = mkdtempSync(join(tmpdir(), 'kumo-configd-io-'));
  t.after(() => rmSync(path, { recursive: true, force: true }));
  writeFileSync(join(path, 'in.txt'), text);
  return { at: (name) => join(path, name), lua: (source) => source.replaceAll('DIR', path) };
}

suite('io', () => {
  test('reads by line, with or without its end, by number of bytes, and whole', async (t) => {
    const { lua } = folder(t);
    const text = lua(`
      local f = io.open('DIR/in.txt')
      return f:read(), f:read('L'), f:read(0), f:read(1), f:read('n'), f:read('a'), f:read('a'), f:read('l')`);
    assert.deepEqual(await runLua(text), ['one', 'two\n', '', '\n', undefined, 'four', '', undefined]);
  });

  test('reads numerals as Lua writes them', async (t) => {
    const { lua } = folder(t, ' 12 -3.5 0x10 1e2 next');
    const text = lua("local f = io.open('DIR/in.txt') return f:read('n', '*n', 'n', 'n', 'n')");
    assert.deepEqual(await runLua(text), [12, -3.5, 16, new Float(100), undefined]);
  });

  test('goes through lines, of a file it closes itself or of one that stays open', async (t) => {
    const { lua } = folder(t);
    const lines = "local t = {} for line in io.lines('DIR/in.txt') do t[#t + 1] = line end return table.concat(t, '|')";
    assert.deepEqual(await runLua(lua(lines)), ['one|two||four']);
    const own =
      "local f = io.open('DIR/in.txt') local n = 0 for a, b in f:lines(1, 2) do n = n + 1 end return n, io.type(f)";
    assert.deepEqual(await runLua(lua(own)), [5, 'file']);
  });

  test('writes, appends, seeks and truncates as the modes say', async (t) => {
    const { at, lua } = folder(t);
    const text = lua(`
      local f = io.open('DIR/out', 'w')
      assert(f:write('abc', 1, '\\n') == f)
      assert(f:seek('set', 1) == 1 and f:write('X') and f:seek('end') == 5 and f:close())
      local a = io.open('DIR/out', 'a') a:write('more') a:close()
      local r = io.open('DIR/out', 'r+') local line = r:read() r:seek('cur', -1) r:write('!') r:close()
      return line`);
    assert.deepEqual(await runLua(text), ['aXc1']);
    assert.equal(readFileSync(at('out'), 'utf8'), 'aXc1!more');
  });

  test('answers nil, the reason and its number where Lua does', async (t) => {
    const { lua } = folder(t);
    const missing = await runLua("return io.open('/nowhere/x')");
    assert.deepEqual(missing, [undefined, '/nowhere/x: No such file or directory', 2]);
    const readOnly = await runLua(lua("return io.open('DIR/in.txt'):write('x')"));
    assert.deepEqual(readOnly, [undefined, 'Bad file descriptor', 9]);
  });

  test('raises what is no answer: a bad mode, a closed file, a bad format, a missing file of lines', async (t) => {
    const { lua } = folder(t);
    const cases = {
      "io.open('x', 'rw')": "bad argument #2 to 'open' (invalid mode)",
      "local f = io.open('DIR/in.txt') f:close() f:read()": 'attempt to use a closed file',
      "io.open('DIR/in.txt'):read('x')": "bad argument #2 to 'read' (invalid format)",
      "io.lines('/nowhere/x')": '/nowhere/x: No such file or directory',
      "io.popen('ls')": 'not available in kumo-configd: io.popen',
    };
    for (const [text, message] of Object.entries(cases)) await assert.rejects(runLua(lua(text)), { message }, text);
  });

  test('tells files from closed ones and from anything else', async (t) => {
    const { lua } = folder(t);
    const text =
      "local f = io.open('DIR/in.txt') local a = io.type(f) f:close() return a, io.type(f), io.type(5), tostring(f)";
    assert.deepEqual(await runLua(lua(text)), ['file', 'closed file', undefined, 'file (closed)']);
  });

  test('has default files, which scripts may choose', async (t) => {
    const { at, lua } = folder(t);
    const vm = new TestVm();
    const text = `io.write('to ', 'stdout') io.output('DIR/out') io.write('to file') io.close()
      io.input('DIR/in.txt') return io.read(), io.type(io.stdout)`;
    assert.deepEqual(await vm.run(lua(text)), ['one', 'file']);
    assert.deepEqual(vm.printed, ['to ', 'stdout']);
    assert.equal(readFileSync(at('out'), 'utf8'), 'to file');
  });

  test('a temporary file has no name that others could find', async () => {
    assert.deepEqual(await runLua("local f = io.tmpfile() f:write('x') f:seek('set') return f:read('a')"), ['x']);
  });

  test('refuses what could block: a FIFO is not waited for', async (t) => {
    const { at, lua } = folder(t);
    assert.equal(spawnSync('mkfifo', [at('fifo')]).status, 0);
    const [handle, message] = await runLua(lua("return io.open('DIR/fifo')"));
    assert.deepEqual([handle, message], [undefined, `${at('fifo')}: Invalid argument`]);
  });

  test('keeps bytes that are no text', async (t) => {
    const { at, lua } = folder(t);
    await runLua(lua("local f = io.open('DIR/out', 'wb') f:write('\\0\\255\\254') f:close()"));
    assert.deepEqual([...readFileSync(at('out'))], [0, 255, 254]);
    assert.deepEqual(await runLua(lua("return #io.open('DIR/out', 'rb'):read('a')")), [3]);
  });
});
