import assert from 'node:assert/strict';
import { suite, test } from 'node:test';
import fc from 'fast-check';
import { lua } from '../../src/lua/fengari.ts';
import { pushPlain, toPlain } from '../../src/lua/values.ts';
import { Float, Opaque, type Plain } from '../../src/objects/plain.ts';
import { runLua, TestVm } from '../support/lua_vm.ts';

const { L } = new TestVm();

function roundTrip(value: Plain): Plain {
  pushPlain(L, value);
  const back = toPlain(L, -1);
  lua.lua_pop(L, 1);
  return back;
}

/** Bytes that are no UTF-8 text; what is text comes back as text. */
const bytes = fc.uint8Array({ minLength: 1, maxLength: 80 }).filter((value) => {
  try {
    new TextDecoder('utf-8', { fatal: true }).decode(value);
    return false;
  } catch {
    return true;
  }
});
const text = fc.oneof(
  fc.string({ unit: 'binary', maxLength: 100 }),
  fc.constantFrom(
    '',
    '\0',
    'a\0b',
    '__proto__',
    'constructor',
    '\ufeff',
    '\ufeffx',
    '🦉',
    'é'.repeat(70),
    'x'.repeat(200),
  ),
);
const scalar = fc.oneof(
  fc.boolean(),
  fc.integer(),
  fc.double({ noInteger: true, noNaN: true }),
  fc.integer().map((n) => new Float(n)),
  text,
  bytes,
  fc.constant(null),
);
const { plain } = fc.letrec<{ plain: Plain }>((tie) => ({
  plain: fc.oneof(
    { depthSize: 'small', withCrossShrink: true },
    scalar,
    fc.array(tie('plain'), { minLength: 1, maxLength: 6 }),
    // A map with no text keys at all is an empty table, and so is an empty list.
    fc.dictionary(text, tie('plain'), { maxKeys: 6, noNullPrototype: true }),
  ),
}));

suite('values', () => {
  test('plain data comes back from Lua as it went in', () => {
    fc.assert(fc.property(plain, (value) => assert.deepStrictEqual(roundTrip(value), value)));
  });

  test('data is in Lua what Lua makes of it', async () => {
    const vm = new TestVm();
    vm.global('data', { int: 5, float: new Float(5), half: 0.5, text: 'é\0', list: [1, [2]], none: null, minus0: -0 });
    const script = `
      return math.type(data.int), math.type(data.float), math.type(data.half), #data.text, data.list[2][1],
        type(data.none), data.none == nil, 1 / data.minus0 < 0`;
    assert.deepEqual(await vm.run(script), ['integer', 'float', 'float', 3, 2, 'userdata', false, true]);
  });

  test('a key that came from outside finds what Lua stored under it, and the reverse', async () => {
    const vm = new TestVm();
    vm.global('data', { 'key-é': 1, __proto__key: 2 });
    assert.deepEqual(await vm.run(`data.new = 3; return data['key-é'], data['__proto' .. '__key'], data`), [
      1,
      2,
      { 'key-é': 1, __proto__key: 2, new: 3 },
    ]);
  });

  test('an integer and a float of the same value are told apart', async () => {
    assert.deepEqual(await runLua('return 5, 5.0, 5.5, -0.0, 2^31'), [
      5,
      new Float(5),
      5.5,
      new Float(-0),
      new Float(2 ** 31),
    ]);
  });

  const tables: [lua: string, plain: Plain][] = [
    ['{}', {}],
    ['{ 1, 2, 3 }', [1, 2, 3]],
    ['{ 1, nil, 3 }', [1, undefined, 3]],
    ['{ nil, 2 }', { 2: 2 }],
    ['{ [1] = 1, [1000] = 2 }', { 1: 1, 1000: 2 }],
    ['{ 1, 2, x = 3 }', { 1: 1, 2: 2, x: 3 }],
    ['{ [0] = 0, 1 }', { 0: 0, 1: 1 }],
    ['{ [1.5] = 1, [true] = 2, [-1] = 3 }', { '1.5': 1, true: 2, '-1': 3 }],
    ['{ { {} } }', [[{}]]],
    ['{ [1.0] = "a", [2.0] = "b" }', ['a', 'b']],
    ['(function() local t = { 1, 2, x = 3 }; t.x = nil; t[2] = nil; return t end)()', [1]],
  ];
  for (const [script, expected] of tables) {
    test(`the table ${script} is ${JSON.stringify(expected)}`, async () => {
      assert.deepEqual(await runLua(`return ${script}`), [expected]);
    });
  }

  test('a __proto__ key is a key like any other and changes no object', async () => {
    const [map] = await runLua('return { ["__proto__"] = { admin = true }, b = 1 }');
    assert.equal(Object.getPrototypeOf(map), Object.prototype);
    assert.deepEqual(Object.keys(map as object), ['__proto__', 'b']);
    assert.equal((map as { admin?: boolean }).admin, undefined);
  });

  test('what is no data is named, not passed', async () => {
    const [made] = await runLua('return { f = print, t = coroutine.create(print), u = io.stdout }');
    assert.deepEqual(made, { f: new Opaque('function'), t: new Opaque('thread'), u: new Opaque('userdata') });
    assert.throws(() => pushPlain(L, new Opaque('thread')), { code: 'POLICY_FAILED' });
  });

  test('a value behind the end of the stack is nil', () => {
    lua.lua_settop(L, 0);
    assert.equal(toPlain(L, 1), undefined);
  });

  test('a table within itself is an error with a line', async () => {
    const expected = {
      code: 'POLICY_FAILED',
      message: 'recursive table detected',
      place: { file: 'test.lua', line: 2 },
    };
    await assert.rejects(runLua('local t = {}; t.a = t; t.b = t\nwait(t)'), expected);
    await assert.rejects(runLua('local t = {}; t[1] = { x = t }\nwait(t)'), expected);
  });

  test('a key that is no text, number or boolean is an error', async () => {
    await assert.rejects(runLua('wait({ [{}] = 1 })'), {
      message: 'a table key must be a string, a number or a boolean',
    });
  });
});
