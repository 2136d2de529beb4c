import assert from 'node:assert/strict';
import { suite, test } from 'node:test';
import fc from 'fast-check';
import { JsonError, parseJson } from '../../src/kumo/json.ts';
import { Float } from '../../src/objects/plain.ts';

/** What JSON.parse gives, with nulls as undefined. */
function withoutNull(value: unknown): unknown {
  if (value === null) return undefined;
  if (Array.isArray(value)) return value.map(withoutNull);
  if (typeof value !== 'object') return value;
  return Object.fromEntries(Object.entries(value).map(([key, item]) => [key, withoutNull(item)]));
}

suite('json', () => {
  test('every JSON text is read as JSON.parse reads it', () => {
    fc.assert(
      fc.property(fc.json(), fc.nat(3), (text, indent) => {
        const spaced = JSON.stringify(JSON.parse(text), null, indent);
        const plain = JSON.stringify(parseJson(spaced), (_key, value) =>
          value instanceof Float ? value.value : value,
        );
        assert.equal(plain, JSON.stringify(withoutNull(JSON.parse(text))));
      }),
    );
  });

  test('what JSON.parse refuses is refused', () => {
    const piece = fc.constantFrom(
      '{',
      '}',
      '[',
      ']',
      ',',
      ':',
      '"a"',
      '"',
      '1',
      '-',
      '01',
      '1.',
      'e5',
      'nul',
      'true',
      ' ',
      '\\',
    );
    fc.assert(
      fc.property(fc.array(piece, { maxLength: 8 }), (pieces) => {
        const text = pieces.join('');
        let refused = false;
        try {
          // JSON.parse makes infinity of a number that is out of range; as in KumoMTA, we refuse it.
          JSON.parse(text, (_, value) => {
            if (value === Infinity || value === -Infinity) throw new RangeError('out of range');
            return value;
          });
        } catch {
          refused = true;
        }
        if (refused) assert.throws(() => parseJson(text), JsonError, text);
        else parseJson(text);
      }),
      { numRuns: 2000 },
    );
  });

  test('integers and floats are told apart', () => {
    assert.deepEqual(parseJson('[1, 1.0, 1e2, 1.5, -0, 10000000000]'), [
      1,
      new Float(1),
      new Float(100),
      1.5,
      -0,
      1e10,
    ]);
  });

  test('comments are left out, but not within texts', () => {
    assert.deepEqual(parseJson('// a\n{ # b\n "u": "http://x/#y", /* c \n */ "v": 2 }\n# end'), {
      u: 'http://x/#y',
      v: 2,
    });
  });

  test('of two equal keys the last one wins, and __proto__ is a key like any other', () => {
    const parsed = parseJson('{"a":1,"__proto__":{"x":1},"a":2}') as object;
    assert.deepEqual(Object.entries(parsed), [
      ['a', 2],
      ['__proto__', { x: 1 }],
    ]);
    assert.equal((parsed as { x?: number }).x, undefined);
  });

  const wrong: [text: string, message: string][] = [
    ['', 'EOF while parsing a value at line 1 column 1'],
    ['{"a":\n  x}', 'expected value at line 2 column 3'],
    ['[1,2,]', 'expected value at line 1 column 6'],
    ['{"a" 1}', 'expected `:` at line 1 column 6'],
    ['{a:1}', 'key must be a string at line 1 column 2'],
    ['[1\n2]', 'expected `,` or `]` at line 2 column 1'],
    ['{"a":1}}', 'trailing characters at line 1 column 8'],
    ['"abc', 'EOF while parsing a string at line 1 column 1'],
    ['"\\x"', 'invalid escape or control character in a string at line 1 column 1'],
    ['1e999', 'number out of range at line 1 column 6'],
    ['['.repeat(200), 'recursion limit exceeded at line 1 column 129'],
  ];
  for (const [text, message] of wrong) {
    test(`${JSON.stringify(text.slice(0, 20))} is refused with: ${message}`, () => {
      assert.throws(() => parseJson(text), { message });
    });
  }

  test('a text of a megabyte and a list of a million items are no trouble', () => {
    assert.equal((parseJson(`"${'x'.repeat(1 << 20)}"`) as string).length, 1 << 20);
    assert.equal((parseJson(`"${'\\n'.repeat(1 << 20)}"`) as string).length, 1 << 20);
    assert.equal((parseJson(`[${'1,'.repeat(999_999)}1]`) as unknown[]).length, 1_000_000);
  });
});
