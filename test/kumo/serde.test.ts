import assert from 'node:assert/strict';
import { suite, test } from 'node:test';
import { Float } from '../../src/objects/plain.ts';
import { runKumo } from '../support/lua_kumo.ts';

suite('serde', () => {
  const read: [format: string, text: string, expected: unknown][] = [
    ['json', '{"a":[1,null,3.0,"é"],"n":null,"e":[],"o":{}}', { a: [1, undefined, new Float(3), 'é'], e: {}, o: {} }],
    ['json', '"text"', 'text'],
    ['json', 'null', undefined],
    ['toml', 'a = 1\nb = 1.0\nc = [1, 2]\n[d.e]\nf = "x"', { a: 1, b: new Float(1), c: [1, 2], d: { e: { f: 'x' } } }],
    ['toml', 'a = 1979-05-27T07:32:00Z', { a: { $__toml_private_datetime: '1979-05-27T07:32:00.000Z' } }],
    ['toml', 'a = 1979-05-27', { a: { $__toml_private_datetime: '1979-05-27' } }],
    ['toml', 'a = inf', { a: Infinity }],
    [
      'yaml',
      'a: yes\nb: ~\nc: 5\nd: 5.0\ne: on\n"<<": 1\n7: x',
      { a: 'yes', c: 5, d: new Float(5), e: 'on', '<<': 1, 7: 'x' },
    ],
    ['yaml', 'a: &x [1, 2]\nb: *x', { a: [1, 2], b: [1, 2] }],
    ['yaml', 'a: 1\na: 2', { a: 2 }],
    ['yaml', '', undefined],
  ];
  for (const [format, text, expected] of read) {
    test(`${format}: ${JSON.stringify(text)} is read`, async () => {
      const script = `return kumo.serde.${format}_load 'f', kumo.serde.${format}_parse(kumo.serde.${format}_load and [==[${text}]==])`;
      assert.deepEqual(await runKumo(script, { f: text }), [expected, expected]);
    });
  }

  test('a null in a list is a hole, and the key of one in a map is gone', async () => {
    const [third, length, missing] = await runKumo(
      `local t = kumo.json_parse '[1,null,3]'; return t[3], #t, next(kumo.json_parse '{"a":null}') == nil`,
    );
    assert.deepEqual([third, length, missing], [3, 3, true]);
  });

  const wrong: [format: string, text: string, line: number | undefined, message: RegExp][] = [
    ['json', '{"a":\n x}', 2, /^parsing f as json: expected value at line 2 column 2$/],
    ['toml', 'a = 1\nb = ]', 2, /^parsing f as toml: TOML parse error at line 2, column 5\n/],
    ['toml', 'a = 1\na = 2', 2, /^parsing f as toml: TOML parse error/],
    ['yaml', 'a: 1\nb: [', 2, /^parsing f as yaml: /],
    ['yaml', 'a: 1\n---\nb: 2', undefined, /^parsing f as yaml: .*multiple documents/],
    ['yaml', 'a: &a [*a]', undefined, /^parsing f as yaml: /],
  ];
  for (const [format, text, line, message] of wrong) {
    test(`${format}: ${JSON.stringify(text)} is refused at the line of the file`, async () => {
      await assert.rejects(
        runKumo(`kumo.${format === 'yaml' ? 'serde.' : ''}${format}_load 'f'`, { f: text }),
        (error) => {
          const { place } = error as unknown as { place: { file: string; line?: number } };
          assert.match((error as Error).message, message);
          assert.equal(place.file, 'f');
          if (line !== undefined) assert.equal(place.line, line);
          return true;
        },
      );
    });
  }

  test('a text that is parsed is placed at the line of the policy, with the text in the message', async () => {
    await assert.rejects(runKumo(`\nkumo.json_parse '{x'`), {
      message: 'parsing {x as json: key must be a string at line 1 column 2',
      place: { file: 'test.lua', line: 2 },
    });
  });

  test('a file that is not there is told, and so is one that is no text', async () => {
    await assert.rejects(runKumo(`kumo.toml_load 'none'`), { message: 'reading file none: none' });
    await assert.rejects(runKumo(`kumo.toml_load 'f'`, { f: Uint8Array.of(0xff) }), {
      message: 'reading file f: stream did not contain valid UTF-8',
    });
  });

  const written: [lua: string, json: string][] = [
    ['nil', 'null'],
    ['', 'null'],
    ['3, 4', '3'],
    ['3.0', '3.0'],
    ['1.5', '1.5'],
    ['1e100', '1e100.0'.replace('.0', '')],
    ['1/0', 'null'],
    ['0/0', 'null'],
    ['true', 'true'],
    ['"a\\"\\n/é"', '"a\\"\\n/é"'],
    ['"\\255a"', '[255,97]'],
    ['{}', '{}'],
    ['{ 1, 2, x = 3 }', '[1,2]'],
    ['{ [2] = 1, [1.5] = 2, [true] = 3, x = { y = { 1 } } }', '{"1.5":2,"2":1,"true":3,"x":{"y":[1]}}'],
    ['{ ["1"] = "a" }', '{"1":"a"}'],
    ['{ ["__proto__"] = 1 }', '{"__proto__":1}'],
    ['kumo.json_parse "[]"', '{}'],
  ];
  for (const [lua, json] of written) {
    test(`json_encode(${lua}) is ${json}`, async () => {
      assert.deepEqual(await runKumo(`return kumo.json_encode(${lua})`), [json]);
    });
  }

  test('json_encode_pretty indents by two and sorts the keys', async () => {
    assert.deepEqual(await runKumo('return kumo.json_encode_pretty { b = { 1, { c = 2 } }, a = {} }'), [
      '{\n  "a": {},\n  "b": [\n    1,\n    {\n      "c": 2\n    }\n  ]\n}',
    ]);
  });

  test('a configuration object is written with all its fields', async () => {
    const [json] = await runKumo("return kumo.json_encode { q = kumo.make_egress_pool { name = 'p' } }");
    assert.deepEqual(JSON.parse(json as string), { q: { name: 'p', entries: [], ttl: '1m' } });
  });

  test('what is no data cannot be written', async () => {
    await assert.rejects(runKumo('kumo.json_encode { print }'), { message: 'cannot serialize <function>' });
    await assert.rejects(runKumo('kumo.json_encode(io.stdout)'), { message: /has no __pairs metamethod/ });
    await assert.rejects(runKumo('local t = {}; t.t = t; kumo.json_encode(t)'), {
      message: 'recursive table detected',
    });
    await assert.rejects(runKumo('kumo.json_encode { ["\\255"] = 1 }'), { code: 'POLICY_FAILED' });
  });

  test('JSON and TOML have their old names on kumo, YAML has not', async () => {
    await runKumo('return kumo.json_load, kumo.toml_parse, kumo.serde.yaml_load');
    await assert.rejects(runKumo('return kumo.yaml_load'), {
      message: 'not available in kumo-configd: kumo.yaml_load',
    });
  });
});
