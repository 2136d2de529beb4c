import assert from 'node:assert/strict';
import { suite, test } from 'node:test';
import { ConfigError } from '../../src/errors.ts';
import { runLua, TestVm, type TestVmOptions } from '../support/lua_vm.ts';

const LONG = `/opt/${'long-folder-name/'.repeat(6)}policy.lua`;

async function failure(text: string, options?: TestVmOptions): Promise<ConfigError> {
  return await new TestVm(options).run(text).then(
    () => assert.fail('it did not fail'),
    (error: ConfigError) => error,
  );
}

suite('errors', () => {
  const raised: [what: string, text: string, message: string, line: number | undefined][] = [
    ['a message', '\nerror("boom")', 'boom', 2],
    ['a fault of the script', '\n\nlocal x = nil + 1', 'attempt to perform arithmetic on a nil value', 3],
    ['a call of nil', 'local t = {}\nt.x.y()', "attempt to index a nil value (field 'x')", 2],
    ['a message of several lines', 'error("a\\nb")', 'a\nb', 1],
    ['a message at its caller', 'local function f() error("boom", 2) end\nf()\n', 'boom', 2],
    ['a message without a place', 'error("boom", 0)', 'boom', undefined],
    ['a message that looks like none', 'error("12:30: too late", 0)', 'too late', 30],
    ['a number', 'error(42)', '42', undefined],
    ['nil', 'error(nil)', 'nil was raised as an error', undefined],
    ['nothing', 'error()', 'nil was raised as an error', undefined],
    ['a boolean', 'error(true)', 'a boolean was raised as an error', undefined],
    ['a table', 'error({})', 'a table was raised as an error', undefined],
    [
      'a table with a text',
      'error(setmetatable({ n = 5 }, { __tostring = function(t) return "n=" .. t.n end }))',
      'n=5',
      undefined,
    ],
    [
      'a table with a text and a place',
      'error(setmetatable({}, { __tostring = function() return "my.lua:7: hm" end }))',
      'hm',
      7,
    ],
    [
      'a table whose text fails',
      'error(setmetatable({}, { __tostring = function() error("x") end }))',
      'a table was raised as an error',
      undefined,
    ],
    [
      'a table whose text is none',
      'error(setmetatable({}, { __tostring = function() return {} end }))',
      'a table was raised as an error',
      undefined,
    ],
    [
      'a table whose text waits',
      'error(setmetatable({}, { __tostring = function() return wait("x") end }))',
      'a table was raised as an error',
      undefined,
    ],
    ['an error in a coroutine', 'local f = coroutine.wrap(function()\nerror("boom") end)\nf()', 'boom', 2],
    [
      'an error in a resumed coroutine',
      'local co = coroutine.create(function()\nerror("boom") end)\nlocal _, e = coroutine.resume(co)\nerror(e, 0)',
      'boom',
      2,
    ],
    ['a failed assertion', 'assert(false, "no")', 'no', 1],
    ['an error of a message handler', 'xpcall(error, function() error("x") end); error("after")', 'after', 1],
    ['a stack overflow', 'local function f() return 1 + f() end f()', 'stack overflow', 1],
  ];
  for (const [what, text, message, line] of raised) {
    test(`${what} is told with its line`, async () => {
      const error = await failure(text);
      assert.equal(error.code, 'HANDLER_FAILED');
      assert.ok(error.message.startsWith(message), error.message);
      assert.equal(error.place.line, line);
    });
  }

  test('a table whose text never ends is still an error in time', async () => {
    const error = await failure('error(setmetatable({}, { __tostring = function() while true do end end }))', {
      timeoutMs: 50,
    });
    assert.equal(error.message, 'a table was raised as an error');
  });

  test('the details hold the traceback', async () => {
    const error = await failure(
      'local function inner() error("boom") end\nlocal function outer() inner() end\nouter()',
    );
    const { traceback } = error.details as { traceback: string };
    assert.match(
      traceback,
      /test\.lua:1: in (upvalue|local|function) '?inner'?[\s\S]*test\.lua:2: in [\s\S]*test\.lua:3: in/,
    );
  });

  test('an error in a module is placed in the module', async () => {
    const files = {
      './helper.lua': 'local M = {}\nfunction M.f()\n  error("boom")\nend\nreturn M',
      './bad.lua': '\n\nerror("at load")',
    };
    assert.deepEqual((await failure('require("helper").f()', { files })).place, { file: './helper.lua', line: 3 });
    assert.deepEqual((await failure('require "bad"', { files })).place, { file: './bad.lua', line: 3 });
  });

  test('a syntax error in a module is placed in the module', async () => {
    const error = await failure('\nrequire "bad"', { files: { './bad.lua': 'local x =\n\n= 1' } });
    assert.equal(error.code, 'POLICY_SYNTAX');
    assert.deepEqual(error.place, { file: './bad.lua', line: 3 });
    assert.match(error.message, /unexpected symbol near '='/);
  });

  test('an error in a helper that ships is placed in the helper', async () => {
    const helper = (module: string) =>
      module === 'policy-extras.x' ? '\nreturn function() error("boom") end' : undefined;
    const error = await failure('require("policy-extras.x")()', { helper });
    assert.deepEqual(error.place, { file: 'kumo-configd:policy-extras/x.lua', line: 2 });
  });

  test('the place names the whole path of a file whose name Lua shortens', async () => {
    const vm = new TestVm({ files: { [LONG]: '\nerror("boom")' } });
    await assert.rejects(vm.runFile(LONG), { message: 'boom', place: { file: LONG, line: 2 } });
  });

  test('so it does when another file ends alike', async () => {
    const other = `/etc${LONG}`;
    const text = 'local function f()\nerror("boom")\nend\nreturn f()';
    const vm = new TestVm({ files: { [LONG]: 'return 1', [other]: text.replace('return f()', 'f()') } });
    await vm.runFile(LONG);
    await assert.rejects(vm.runFile(other), { place: { file: other, line: 2 } });
    await vm.run('return 1');
    const again = new TestVm({ files: { [LONG]: text.replace('return f()', 'f()'), [other]: 'return 1' } });
    await again.runFile(other);
    await assert.rejects(again.runFile(LONG), { place: { file: LONG, line: 2 } });
  });

  test('a syntax error of a file with a long path names the whole path', async () => {
    const vm = new TestVm({ files: { [LONG]: 'x = = 1' } });
    await assert.rejects(vm.runFile(LONG), { code: 'POLICY_SYNTAX', place: { file: LONG, line: 1 } });
  });

  test('text that was loaded is placed by its first line', async () => {
    const error = await failure('load("error(\'boom\')\\nmore()")()');
    assert.equal(error.place.file, '[string "error(\'boom\')..."]');
  });

  test('a failure of the host keeps its code, its field and its own place', async () => {
    const vm = new TestVm();
    vm.global('refuse', () => {
      throw new ConfigError('OBJECT_INVALID', 'no', { place: { field: 'a.b' }, details: { expected: 'u16' } });
    });
    vm.global('elsewhere', () => {
      throw new ConfigError('POLICY_FAILED', 'bad data', { place: { file: 'data.json', line: 9 } });
    });
    const error = await vm.run('\nrefuse()').catch((thrown: ConfigError) => thrown as never);
    assert.deepEqual((error as unknown as ConfigError).place, { file: 'test.lua', line: 2, field: 'a.b' });
    assert.equal((error as unknown as ConfigError).code, 'OBJECT_INVALID');
    const { expected, traceback } = (error as unknown as ConfigError).details as Record<string, string>;
    assert.equal(expected, 'u16');
    assert.match(traceback!, /test\.lua:2: in/);
    await assert.rejects(vm.run('pcall(elsewhere); elsewhere()', 'b.lua'), { place: { file: 'data.json', line: 9 } });
  });

  test('a failure of the host that is caught and raised again is the same failure', async () => {
    const vm = new TestVm();
    vm.global('refuse', () => {
      throw new ConfigError('OBJECT_INVALID', 'no');
    });
    const text = 'local _, err = pcall(refuse)\n\nerror(err)';
    await assert.rejects(vm.run(text), { code: 'OBJECT_INVALID', message: 'no', place: { file: 'test.lua', line: 1 } });
  });

  test('what the host throws without meaning to is INTERNAL, and no more than an error', async () => {
    const vm = new TestVm();
    vm.global('bug', () => {
      throw new TypeError('undefined is not a function');
    });
    await assert.rejects(vm.run('bug()'), { code: 'INTERNAL', message: 'undefined is not a function' });
    assert.deepEqual(await vm.run('return (pcall(bug))', 'b.lua'), [false]);
  });

  test('asking for too much memory is an error of the script', async () => {
    const error = await failure('return ("x"):rep(1 << 20):rep(1 << 20)');
    assert.notEqual(error.code, 'INTERNAL');
  });

  test('a policy cannot reach the metatable of errors', async () => {
    const text = 'local _, err = pcall(fail, "x"); return getmetatable(err), (pcall(setmetatable, err, {}))';
    assert.deepEqual(await runLua(text), [false, false]);
  });
});
