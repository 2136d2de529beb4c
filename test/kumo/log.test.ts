import assert from 'node:assert/strict';
import { suite, test } from 'node:test';
import { TestKumo } from '../support/lua_kumo.ts';

suite('log', () => {
  test('each level has its function, and tells the place of the call', async () => {
    const vm = new TestKumo();
    await vm.kumo('kumo.log_debug "d"\nkumo.log_info("a", "b")\nkumo.log_warn()\nkumo.log_error(nil)');
    assert.deepEqual(
      vm.logged.map(([level, text, { line }]) => [level, text, line]),
      [
        ['debug', 'd', 1],
        ['info', 'a b', 2],
        ['warn', '', 3],
        ['error', 'nil', 4],
      ],
    );
  });

  const shown: [lua: string, text: string][] = [
    ['3', '3'],
    ['3.0', '3'],
    ['-0.0', '-0'],
    ['0.1', '0.1'],
    ['1.5e-7', '0.00000015'],
    ['1e21', '1000000000000000000000'],
    ['1/0', 'inf'],
    ['-1/0', '-inf'],
    ['0/0', 'NaN'],
    ['true, nil', 'true nil'],
    ['"é🦉\\0"', 'é🦉\0'],
    ['"a\\255é\\195"', 'a\\xFFé\\xC3'],
    ['setmetatable({}, { __tostring = function() return "T" end })', 'T'],
    ['kumo.make_queue_config({}).egress_pool', 'null'],
  ];
  for (const [lua, text] of shown) {
    test(`${lua} is logged as ${text}`, async () => {
      const vm = new TestKumo();
      await vm.kumo(`kumo.log_info(${lua})`);
      assert.equal(vm.logged[0]![1], text);
    });
  }

  test('tables and functions are named, not expanded', async () => {
    const vm = new TestKumo();
    await vm.kumo('kumo.log_info({}, print, setmetatable({}, { __name = "My" }), kumo.make_queue_config {})');
    assert.match(vm.logged[0]![1], /^table: 0x\w+ function: \S+ My: 0x\w+ QueueConfig: 0x\w+$/);
  });

  test('a line that is too long is cut', async () => {
    const vm = new TestKumo();
    await vm.kumo('kumo.log_info(("x"):rep(100000))');
    assert.equal(vm.logged[0]![1].length, 16_385);
  });
});
