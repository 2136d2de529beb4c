import assert from 'node:assert/strict';
import { suite, test } from 'node:test';
import { runLua, TestVm } from '../support/lua_vm.ts';

suite('vm', () => {
  test('modules are sought along package.path, in its order', async () => {
    const path = '/own/?.lua;/own/?/init.lua;/share/?.lua';
    const files = {
      '/own/b/init.lua': 'return "own"',
      '/share/b.lua': 'return "share"',
      '/share/c/d.lua': 'return ...',
    };
    assert.deepEqual(await runLua("return package.path, require 'b', require 'c.d'", { path, files }), [
      path,
      'own',
      'c.d',
    ]);
  });

  test('a policy may change package.path', async () => {
    const text = "package.path = '/more/?.lua;' .. package.path; return require 'm'";
    assert.deepEqual(await runLua(text, { files: { '/more/m.lua': 'return 1' } }), [1]);
    await assert.rejects(runLua("package.path = nil; require 'm'"), { message: "'package.path' must be a string" });
  });

  test('a module is run once, and gets its name and its file', async () => {
    const files = { './m.lua': 'n = (n or 0) + 1; return { ... }' };
    assert.deepEqual(await runLua("return require 'm', n, rawequal(require 'm', require 'm')", { files }), [
      ['m', './m.lua'],
      1,
      true,
    ]);
  });

  test('a helper that ships is found, unless a file of its name is on package.path', async () => {
    const helper = (module: string) => (module === 'policy-extras.x' ? 'return "shipped"' : undefined);
    assert.deepEqual(await runLua("return require 'policy-extras.x'", { helper }), ['shipped']);
    const files = { './policy-extras/x.lua': 'return "mine"' };
    assert.deepEqual(await runLua("return require 'policy-extras.x'", { helper, files }), ['mine']);
  });

  test('what was preloaded wins, and a module that is nowhere is told with all places, at its line', async () => {
    assert.deepEqual(await runLua("package.preload.p = function() return 'pre' end; return require 'p'"), ['pre']);
    await assert.rejects(runLua("\nrequire 'gone'"), {
      message:
        "module 'gone' not found:\n\tno field package.preload['gone']\n\tno file './gone.lua'" +
        "\n\tno helper 'gone' in kumo-configd\n\tcan't load C modules in safe mode",
      place: { file: 'test.lua', line: 2 },
    });
  });

  test('require needs no global package', async () => {
    assert.deepEqual(await runLua("package = nil; return require 'm'", { files: { './m.lua': 'return 1' } }), [1]);
  });

  test('native libraries are refused in the words of KumoMTA', async () => {
    await assert.rejects(runLua("package.loadlib('libc.so.6', '*')"), {
      message: 'safety error: package.loadlib is disabled in safe mode',
    });
    assert.deepEqual(await runLua('return package.cpath, package.jspath'), ['', undefined]);
  });

  test('there is no debug, no kumo and no fengari among the globals', async () => {
    assert.deepEqual(await runLua('return debug, kumo, fengari, js, package.loaded.debug'), Array(5).fill(undefined));
  });

  test('print writes its arguments as text, separated by tabs', async () => {
    const vm = new TestVm();
    await vm.run("print(1, 'a\\0b', nil, true, setmetatable({}, { __tostring = function() return 'T' end })); print()");
    assert.deepEqual(vm.printed, ['1\ta\0b\tnil\ttrue\tT\n', '\n']);
  });

  test("os.exit is the host's to decide, with the code of stock Lua", async () => {
    const codes: number[] = [];
    const vm = new TestVm({
      exit: (code) => {
        codes.push(code);
        throw new Error('no exit');
      },
    });
    const text =
      "for _, code in ipairs { 3, true, false, '4' } do pcall(os.exit, code) end; pcall(os.exit); pcall(os.exit, nil); return 1";
    assert.deepEqual(await vm.run(text), [1]);
    assert.deepEqual(codes, [3, 0, 1, 4, 0, 0]);
  });

  test('os.execute waits, and answers as Lua 5.4', async () => {
    const commands: string[] = [];
    const execute = async (command: string) => {
      commands.push(command);
      return command === 'kill' ? { signal: 9 } : { code: Number(command) };
    };
    const text =
      "return { os.execute('0') }, select('#', os.execute('2')), select(2, os.execute('2')), { select(2, os.execute('kill')) }, os.execute()";
    assert.deepEqual(await runLua(text, { execute }), [[true, 'exit', 0], 3, 'exit', ['signal', 9], true]);
    assert.deepEqual(commands, ['0', '2', '2', 'kill']);
    assert.deepEqual(await runLua("return (os.execute('1'))", { execute }), [undefined]);
  });

  test('loadfile gives a function, or nil and what is wrong', async () => {
    const files = { 'a.lua': 'return x', 'bad.lua': '\n= 1' };
    assert.deepEqual(await runLua("return loadfile('a.lua', 't', { x = 5 })(), loadfile('a.lua')()", { files }), [
      5,
      undefined,
    ]);
    assert.deepEqual(await runLua("return loadfile 'bad.lua'", { files }), [
      undefined,
      "bad.lua:2: unexpected symbol near '='",
    ]);
    assert.deepEqual(await runLua("return loadfile 'none.lua'", { files }), [undefined, 'no file none.lua']);
  });

  test('dofile runs a file and gives all that it returns', async () => {
    assert.deepEqual(await runLua("return dofile 'a.lua'", { files: { 'a.lua': 'return 1, nil, 3' } }), [
      1,
      undefined,
      3,
    ]);
  });

  test('a caught error is caught, with every result and argument passed on', async () => {
    const text =
      "return { pcall(function(...) return ... end, 1, 2) }, { xpcall(error, function(e) return 'h' .. e end, 'x') }, (pcall(pcall))";
    assert.deepEqual(await runLua(text), [[true, 1, 2], [false, 'hx'], false]);
  });
});
