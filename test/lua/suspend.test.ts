import assert from 'node:assert/strict';
import { suite, test } from 'node:test';
import { runLua, TestVm } from '../support/lua_vm.ts';

const ACROSS = 'attempt to yield across a C-call boundary';

suite('suspend', () => {
  const places: [where: string, text: string, expected: unknown[]][] = [
    ['the body of a handler', 'return wait(1)', [1]],
    ['pcall', 'return pcall(function() return wait(1), wait(2) end)', [true, 1, 2]],
    ['xpcall', 'return xpcall(wait, error, 1)', [true, 1]],
    ['a pcall in a pcall', 'return pcall(pcall, wait, 1)', [true, true, 1]],
    ['a pcall that then fails', 'return (pcall(function() wait(1) error("x") end))', [false]],
    ['__index', 'return setmetatable({}, { __index = function(_, k) return wait(k) end }).key', ['key']],
    [
      '__newindex',
      'local got; setmetatable({}, { __newindex = function(_, _, v) got = wait(v) end }).a = 1; return got',
      [1],
    ],
    ['__call', 'return setmetatable({}, { __call = function(_, v) return wait(v) end })(3)', [3]],
    ['__add', 'return setmetatable({}, { __add = function(_, v) return wait(v) end }) + 3', [3]],
    ['__concat', 'return setmetatable({}, { __concat = function(_, v) return wait(v) end }) .. "x"', ['x']],
    [
      '__eq',
      'local m = { __eq = function() return wait(true) end }; return setmetatable({}, m) == setmetatable({}, m)',
      [true],
    ],
    [
      '__lt',
      'local m = { __lt = function() return wait(true) end }; return setmetatable({}, m) < setmetatable({}, m)',
      [true],
    ],
    ['__len', 'return #setmetatable({}, { __len = function() return wait(7) end })', [7]],
    [
      'a generic for',
      'local sum = 0; for v in function(_, last) return wait(last < 4 and last + 1 or nil) end, nil, 0 do sum = sum + v end; return sum',
      [10],
    ],
    ['a file that is run by dofile', 'return dofile "waits.lua"', [5]],
    ['coroutine.wrap', 'return coroutine.wrap(function() return wait(1) end)()', [1]],
    ['coroutine.resume', 'return coroutine.resume(coroutine.create(function() return wait(1) end))', [true, 1]],
    [
      'a coroutine in a coroutine in a pcall in a coroutine',
      'local w = coroutine.wrap; return w(function() return pcall(w(function() return w(function() return wait(1), wait(2) end)() end)) end)()',
      [true, 1, 2],
    ],
  ];
  for (const [where, text, expected] of places) {
    test(`a host function waits inside ${where}`, async () => {
      assert.deepEqual(await runLua(text, { files: { 'waits.lua': 'return wait(5)' } }), expected);
    });
  }

  test('a coroutine yields values between its waits, in order', async () => {
    const text = `
      local co = coroutine.wrap(function(a)
        local b = coroutine.yield(wait(a + 1))
        wait 'nothing'
        local c = coroutine.yield(b + 1, wait 'two')
        return wait(c + 1), 'end'
      end)
      return { co(1) }, { co(10) }, { co(20) }, (pcall(co))`;
    assert.deepEqual(await runLua(text), [[2], [11, 'two'], [21, 'end'], false]);
  });

  test('a generator whose body waits drives a generic for', async () => {
    const text = `
      local function each(n) return coroutine.wrap(function() for i = 1, n do coroutine.yield(wait(i)) end end) end
      local seen = {}
      for i in each(3) do for j in each(i) do seen[#seen + 1] = wait(i * 10 + j) end end
      return seen`;
    assert.deepEqual(await runLua(text), [[11, 21, 22, 31, 32, 33]]);
  });

  const refused: [where: string, text: string][] = [
    ['the comparator of table.sort', 'table.sort({ 1, 2 }, function() return wait(true) end)'],
    ['a callback of string.gsub', 'string.gsub("a", "a", function() return wait("b") end)'],
    ['the body of a module', 'require "waits"'],
    [
      'a coroutine in the comparator of table.sort',
      'table.sort({ 1, 2 }, coroutine.wrap(function() return wait(true) end))',
    ],
  ];
  for (const [where, text] of refused) {
    test(`a wait is refused in ${where}, and the handler may go on`, async () => {
      const vm = new TestVm({ files: { './waits.lua': 'return wait(5)' } });
      const [ok, message, after] = await vm.run(
        `local ok, err = pcall(function() ${text} end); return ok, tostring(err), wait(1)`,
      );
      assert.equal(ok, false);
      assert.ok((message as string).includes(ACROSS), message as string);
      assert.equal(after, 1);
      await assert.rejects(vm.run(text, 'again.lua'), { code: 'POLICY_FAILED', message: ACROSS });
    });
  }

  test('a refused wait is raised inside the coroutine that asked for it', async () => {
    const text = `
      local inner
      table.sort({ 1, 2 }, coroutine.wrap(function() inner = { pcall(wait, true) }; return false end))
      return inner[1], tostring(inner[2])`;
    const [ok, message] = await runLua(text);
    assert.equal(ok, false);
    assert.ok((message as string).includes(ACROSS));
  });

  test('the error of what was awaited is raised where it was awaited', async () => {
    await assert.rejects(runLua('local x = 1\nfail("broken pipe")'), {
      code: 'POLICY_FAILED',
      message: 'broken pipe',
      place: { file: 'test.lua', line: 2 },
    });
  });

  test('that error can be caught, and reads as its message and a traceback', async () => {
    const [ok, text, type] = await runLua(
      'local ok, err = pcall(function() fail("broken pipe") end)\nreturn ok, tostring(err), type(err)',
    );
    assert.equal(ok, false);
    assert.equal(type, 'userdata');
    assert.match(text as string, /^test\.lua:1: broken pipe\nstack traceback:\n[\s\S]*test\.lua:1:/);
  });

  test('that error passes through coroutines to the one that resumed them', async () => {
    const text =
      'return select("#", coroutine.resume(coroutine.create(function() fail("x") end))), pcall(coroutine.wrap(function() fail("y") end))';
    const [count, ok] = await runLua(text);
    assert.deepEqual([count, ok], [2, false]);
  });

  test('coroutine.yield in the body of a handler is an error, not a wait for nobody', async () => {
    await assert.rejects(runLua('\ncoroutine.yield(1)'), {
      code: 'POLICY_FAILED',
      message: 'attempt to yield from outside a coroutine',
      place: { file: 'test.lua', line: 2 },
    });
    assert.deepEqual(await runLua('wait(1); return (pcall(coroutine.yield, 1))'), [false]);
  });

  test('coroutine.yield is refused where KumoMTA refuses it', async () => {
    const text = 'return coroutine.wrap(function() table.sort({ 1, 2 }, function() coroutine.yield() end) end)()';
    await assert.rejects(runLua(text), { message: ACROSS });
  });

  test('resuming answers as stock Lua does', async () => {
    const text = `
      local co = coroutine.create(function(...) local a = coroutine.yield(...); error('bad ' .. a, 0) end)
      local r = { { coroutine.resume(co, 1, 2) }, { coroutine.resume(co, 'x') }, { coroutine.resume(co) } }
      local self = { coroutine.resume((coroutine.running())) }
      return r[1], r[2], r[3], self, coroutine.status(co)`;
    assert.deepEqual(await runLua(text), [
      [true, 1, 2],
      [false, 'bad x'],
      [false, 'cannot resume dead coroutine'],
      [false, 'cannot resume non-suspended coroutine'],
      'dead',
    ]);
  });

  test('what is no coroutine is refused in the words of Lua', async () => {
    await assert.rejects(runLua('coroutine.resume(1)'), {
      message: "bad argument #1 to 'resume' (coroutine expected, got number)",
    });
    await assert.rejects(runLua('coroutine.wrap()'), {
      message: "bad argument #1 to 'wrap' (function expected, got no value)",
    });
  });

  test('a thousand waits in a row leave nothing on the stack', async () => {
    const text =
      'local n = 0; for i = 1, 1000 do n = n + wait(1) + coroutine.wrap(function() return wait(1) end)() end; return n';
    assert.deepEqual(await runLua(text), [2000]);
  });
});
