/**
 * What build/patches adds to fengari: the syntax of Lua 5.4 and its meaning. Each case says what Lua prints; where the
 * system has lua5.4, that must say the same, so that no expectation is a guess.
 */
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { suite, test } from 'node:test';
import { TestVm } from '../support/lua_vm.ts';

/** `closer(name)` is a value that prints its name, and the error if there is one, when it is closed. */
const PRELUDE = `local function closer(name)
  return setmetatable({}, { __close = function(_, e) print('close ' .. name, e) end })
end
`;

interface Case {
  what: string;
  lua: string;
  prints: string;
}

const CASES: Case[] = [
  { what: 'a constant is read like any local', lua: 'local x <const> = 5 print(x + 1)', prints: '6\n' },
  {
    what: 'a constant cannot be assigned to, by name or as an upvalue, and the compiler says which',
    lua: `print(select(2, load 'local x <const> = 1; x = 2'))
      print(select(2, load 'local x <const> = 1; return function() x = 2 end'))`,
    prints: `[string "local x <const> = 1; x = 2"]:1: attempt to assign to const variable 'x'
[string "local x <const> = 1; return function() x = 2 ..."]:1: attempt to assign to const variable 'x'\n`,
  },
  {
    what: 'an attribute that Lua does not have is refused',
    lua: "print(select(2, load 'local x <constant> = 1'))",
    prints: `[string "local x <constant> = 1"]:1: unknown attribute 'constant'\n`,
  },
  {
    what: 'to-be-closed variables are closed at the end of their block, the last one first',
    lua: "do local a <close> = closer 'a' local b <close> = closer 'b' print 'in' end print 'out'",
    prints: 'in\nclose b\tnil\nclose a\tnil\nout\n',
  },
  {
    what: 'break closes them',
    lua: "for i = 1, 3 do local c <close> = closer(i) if i == 2 then break end end print 'out'",
    prints: 'close 1\tnil\nclose 2\tnil\nout\n',
  },
  {
    what: 'goto out of the block closes them',
    lua: "do local c <close> = closer 'c' goto out end ::out:: print 'out'",
    prints: 'close c\tnil\nout\n',
  },
  {
    what: 'return closes them after its values are known',
    lua: `local function f() local n = 1 local c <close> = setmetatable({}, { __close = function() n = 2 end }) return n end
      print(f())`,
    prints: '1\n',
  },
  {
    what: 'an error closes them, and they see it',
    lua: "print(pcall(function() local c <close> = closer 'c' error('boom', 0) end))",
    prints: 'close c\tboom\nfalse\tboom\n',
  },
  {
    what: 'an error in a closing takes the place of the one before, and the others are closed all the same',
    lua: `print(pcall(function()
        local a <close> = closer 'a'
        local b <close> = setmetatable({}, { __close = function() error('second', 0) end })
        error('first', 0)
      end))`,
    prints: 'close a\tsecond\nfalse\tsecond\n',
  },
  {
    what: 'nil and false need no closing; anything else without __close is refused by its name',
    lua: 'local a <close> = nil local b <close> = false print(pcall(function() local x <close> = 42 end))',
    prints: `false\tinput:4: variable 'x' got a non-closable value\n`,
  },
  {
    what: 'one list of locals has one to-be-closed variable',
    lua: "print(select(2, load 'local a <close>, b <close> = 1, 2'))",
    prints: `[string "local a <close>, b <close> = 1, 2"]:1: multiple to-be-closed variables in local list\n`,
  },
  {
    what: 'the generic for closes its fourth value, at its end and when it is left',
    lua: `for i in next, { 1 }, nil, closer 'end' do print(i) end
      for i in next, { 1, 2 }, nil, closer 'break' do break end`,
    prints: '1\nclose end\tnil\nclose break\tnil\n',
  },
  {
    what: 'coroutine.close closes what a suspended coroutine holds open',
    lua: `local co = coroutine.create(function() local c <close> = closer 'c' coroutine.yield() end)
      coroutine.resume(co) print(coroutine.close(co), coroutine.status(co))`,
    prints: 'close c\tnil\ntrue\tdead\n',
  },
  {
    what: 'coroutine.close tells the error that a closing raised, and refuses the running coroutine',
    lua: `local co = coroutine.create(function()
        local c <close> = setmetatable({}, { __close = function() error('no', 0) end }) coroutine.yield()
      end)
      coroutine.resume(co) print(coroutine.close(co))
      print(select(2, pcall(coroutine.close, (coroutine.running()))))`,
    prints: 'false\tno\ncannot close a running coroutine\n',
  },
  { what: 'the dialect names itself', lua: 'print(_VERSION, type(warn))', prints: 'Lua 5.4\tfunction\n' },
];

const native = spawnSync('lua5.4', ['-v']).status === 0;

suite('the Lua 5.4 dialect', () => {
  for (const { what, lua, prints } of CASES) {
    const text = PRELUDE + lua;
    test(what, async () => {
      const vm = new TestVm();
      await vm.run(text, 'input');
      assert.equal(vm.printed.join(''), prints);
    });
    test(`${what}: so says lua5.4`, { skip: native ? false : 'lua5.4 is not installed' }, () => {
      const { stdout, stderr } = spawnSync('lua5.4', ['-e', `assert(load(io.read('a'), '@input'))()`], {
        input: text,
        encoding: 'utf8',
      });
      assert.equal(stderr, '');
      assert.equal(stdout, prints);
    });
  }

  test('a wait inside a closing block goes on, and the closing comes after it', async () => {
    const vm = new TestVm();
    await vm.run(`${PRELUDE} do local c <close> = closer 'c' print(wait 'waited') end print 'out'`);
    assert.equal(vm.printed.join(''), 'waited\nclose c\tnil\nout\n');
  });
});
