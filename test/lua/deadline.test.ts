import assert from 'node:assert/strict';
import { suite, test } from 'node:test';
import { TestVm } from '../support/lua_vm.ts';

const LIMIT_MS = 50;
/** Far more than any of these needs on a busy machine, far less than a hang. */
const MUCH_MS = 1000;

const LOOPS = {
  'a loop': 'while true do end',
  'a loop of caught errors': 'while true do pcall(error) end',
  'a loop that catches itself': 'local function f() while true do pcall(f) end end f()',
  'a loop under xpcall whose message handler loops':
    'local function f() while true do end end while true do xpcall(f, f) end',
  'a message handler that loops': 'xpcall(error, function() while true do end end)',
  'recursion that catches itself': 'local function f() pcall(f) return f() end f()',
  'a coroutine that loops': 'coroutine.wrap(function() while true do end end)()',
  'coroutines that are made for ever': 'local f = function() end while true do coroutine.wrap(f)() end',
  'coroutines that catch in coroutines that loop':
    'local function f() while true do pcall(coroutine.wrap(f)) end end f()',
  'short coroutines in short coroutines':
    'local w = coroutine.wrap; local function f(n) for _ = 1, 500 do if n > 0 then w(f)(n - 1) end end end while true do f(20) end',
  'a coroutine that yields for ever':
    'local co = coroutine.wrap(function() while true do coroutine.yield() end end) while true do co() end',
  'a comparator that loops': 'table.sort({ 1, 2 }, function() while true do end end)',
  'a callback of gsub that loops': '("a"):gsub("a", function() while true do end end)',
  'a metamethod that loops': 'return setmetatable({}, { __index = function() while true do end end }).x',
  'an iterator that never ends': 'for _ in function() return 1 end do end',
  'waits for ever': 'while true do wait(1) end',
  'caught errors of waits': 'while true do pcall(fail, "x") end',
};

suite('deadline', () => {
  for (const [what, text] of Object.entries(LOOPS)) {
    test(`${what} ends near its deadline`, async () => {
      const vm = new TestVm({ timeoutMs: LIMIT_MS });
      const startedAt = performance.now();
      await assert.rejects(vm.run(text));
      const took = performance.now() - startedAt;
      assert.ok(took >= LIMIT_MS && took < MUCH_MS, `it took ${took} ms`);
      assert.equal(vm.deadline.passed, true);
    });
  }

  test('the error says how long it was and at which line the script was', async () => {
    const vm = new TestVm({ timeoutMs: LIMIT_MS });
    await assert.rejects(vm.run('local x = 1\nwhile true do end'), {
      code: 'HANDLER_TIMEOUT',
      message: 'the call did not end within 50 ms',
      place: { file: 'test.lua', line: 2 },
    });
  });

  test('what ends in time is not touched, and the next run has its own time', async () => {
    const vm = new TestVm({ timeoutMs: 60_000 });
    const text = 'local n = 0; for i = 1, 200000 do n = n + 1 end; return n';
    assert.deepEqual(await vm.run(text), [200_000]);
    assert.deepEqual(await vm.run(text), [200_000]);
    assert.equal(vm.deadline.passed, false);
  });

  test('no deadline runs between runs', async () => {
    const vm = new TestVm({ timeoutMs: LIMIT_MS });
    await vm.run('return 1');
    vm.deadline.stop();
    assert.equal(vm.deadline.remainingMs(), Infinity);
  });
});
