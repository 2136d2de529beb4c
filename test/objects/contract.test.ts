import assert from 'node:assert/strict';
import { test } from 'node:test';
import { FormatRegistry } from '@sinclair/typebox';
import { Value } from '@sinclair/typebox/value';
import fc from 'fast-check';
import { type ObjectType, objectTypes, redact } from '../../src/objects/index.ts';
import { Opaque, type Plain } from '../../src/objects/plain.ts';
import { inputFor } from './arbitraries.ts';
import { assertRefused } from './refusal.ts';

// What every kind of object promises.

for (const format of ['duration', 'throttle', 'cidr', 'ip', 'path', 'url', 'ssl-options']) {
  FormatRegistry.Set(format, () => true);
}
FormatRegistry.Set('host-or-socket-address', () => true);
FormatRegistry.Set('resolvable-socket-address', () => true);

for (const type of Object.values(objectTypes)) {
  const input = inputFor(type.schema) as fc.Arbitrary<{ [key: string]: Plain }>;
  const name = type.constructorName;

  test(`${name} reads its own output into the same value`, () => {
    fc.assert(
      fc.property(input, (given) => {
        const printed = type.read(given);
        assert.deepEqual(type.read(printed as Plain), printed);
      }),
    );
  });

  test(`${name} gives one text whatever the order of the keys`, () => {
    fc.assert(
      fc.property(input, fc.infiniteStream(fc.nat()), (given, random) => {
        const shuffled = shuffle(given, () => random.next().value!);
        assert.equal(JSON.stringify(type.read(shuffled)), JSON.stringify(type.read(given)));
      }),
    );
  });

  test(`${name} refuses any unknown key, naming it`, () => {
    const known = new Set(Object.keys(type.schema.properties));
    const unknown = fc.stringMatching(/^[a-z_]{1,12}$/).filter((key) => !known.has(key));
    fc.assert(
      fc.property(input, unknown, (given, key) => {
        assertRefused(() => type.read({ [key]: 1, ...given }), key, new RegExp(`^unknown field \`${key}\`, expected `));
      }),
    );
  });

  test(`${name} prints what its JSON Schema describes`, () => {
    fc.assert(
      fc.property(input, (given) => {
        const faults = [...Value.Errors(type.schema, type.read(given))];
        assert.deepEqual(
          faults.map((fault) => `${fault.path} ${fault.message}`),
          [],
        );
      }),
    );
  });

  test(`${name} describes every field`, () => {
    for (const [field, schema] of Object.entries(type.schema.properties)) {
      assert.ok(schema.description, `${field} has no description`);
    }
  });

  test(`${name} refuses what is no table`, () => {
    assertRefused(() => type.read(5), '', 'invalid type: integer, expected table');
    assertRefused(() => type.read('x'), '', 'invalid type: string, expected table');
    assertRefused(() => type.read(new Opaque('function')), '', 'unsupported value type `function`');
  });

  test(`${name} is changed by redaction only where it holds a secret`, () => {
    fc.assert(
      fc.property(input, (given) => {
        const printed = type.read(given);
        const hidden = redact(type, printed);
        if (JSON.stringify(hidden) === JSON.stringify(printed)) assert.equal(hidden, printed);
        else assert.match(JSON.stringify(hidden), /\[redacted\]/);
        assert.deepEqual(redact(type, hidden), hidden);
      }),
    );
  });
}

test('a default is shared between objects, so it is frozen', () => {
  for (const type of Object.values(objectTypes)) assertFrozenDefaults(type);
});

function assertFrozenDefaults(type: ObjectType): void {
  for (const [name, schema] of Object.entries(type.schema.properties)) {
    if (schema.default !== undefined) assert.ok(Object.isFrozen(schema.default), `${type.name}.${name}`);
  }
}

/** The same table with the keys of it and of the tables in it in another order. */
function shuffle(value: Plain, random: () => number): Plain {
  if (Array.isArray(value)) return value.map((item) => shuffle(item, random));
  if (value === null || typeof value !== 'object' || Object.getPrototypeOf(value) !== Object.prototype) return value;
  const entries = Object.entries(value as { [key: string]: Plain }).map(([key, member]) => ({
    key,
    member,
    rank: random(),
  }));
  entries.sort((a, b) => a.rank - b.rank);
  return Object.fromEntries(entries.map(({ key, member }) => [key, shuffle(member, random)]));
}
