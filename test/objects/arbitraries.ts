import type { TSchema } from '@sinclair/typebox';
import fc from 'fast-check';
import { sharedSchemas } from '../../src/objects/index.ts';
import { Float } from '../../src/objects/plain.ts';

// Input for the constructors, made from their JSON Schemas: what a policy could pass, in all accepted forms.

/** A network without host bits, or `any`. */
export const cidrText: fc.Arbitrary<string> = fc.oneof(
  fc.constantFrom('any', '10.0.0.0/8', '10.0.0.0/24', '10.0.1.0/24', '10.0.0.0/25', '10.0.0.128/25', '::/0', '::/127'),
  fc.ipV4(),
  fc.ipV6().map((address) => `${address}/128`),
  fc.tuple(fc.nat(255), fc.integer({ min: 8, max: 32 })).map(([octet, length]) => `${octet}.0.0.0/${length}`),
);

const durationInput = fc.oneof(
  fc.nat(),
  fc.double({ min: 0, max: 1e9, noNaN: true }),
  fc.nat().map((seconds) => new Float(seconds)),
  fc
    .array(fc.tuple(fc.nat(5000), fc.constantFrom('ns', 'ms', 's', 'min', 'hours', 'd', 'w', 'M', 'years')), {
      minLength: 1,
    })
    .map((parts) => parts.map(([count, unit]) => `${count} ${unit}`).join(' ')),
);

const throttleInput = fc
  .tuple(fc.constantFrom('', 'local:'), fc.integer({ min: 1 }), fc.constantFrom('s', 'hr', '5min'), fc.option(fc.nat()))
  .map(([local, limit, period, burst]) => `${local}${limit}/${period}${burst === null ? '' : `,max_burst=${burst}`}`);

const socketInput = fc.constantFrom('10.0.0.1:25', '[::1]:25', '/run/socket');

/** Input for text of a grammar, by the format that the schema names. */
const FORMATS: Record<string, fc.Arbitrary<unknown>> = {
  duration: durationInput,
  throttle: throttleInput,
  cidr: cidrText,
  ip: fc.oneof(fc.ipV4(), fc.ipV6()),
  path: fc.string(),
  url: fc.constantFrom('http://10.0.0.1:8000', 'https://example.com/x/'),
  'ssl-options': fc.constantFrom('ALL', 'NO_SSLV2|NO_SSLV3'),
  'host-or-socket-address': fc.oneof(socketInput, fc.ipV4(), fc.constant('[::1]')),
  'resolvable-socket-address': fc.oneof(socketInput, fc.constant('proxy.example.com:5000')),
};

/** Input that a field of this schema accepts. Listener overrides nest at most `depth` levels deep. */
export function inputFor(schema: TSchema, depth = 1): fc.Arbitrary<unknown> {
  if (schema['$ref'] !== undefined)
    return depth > 0 ? inputFor(sharedSchemas['EsmtpSessionOverrides']!, depth - 1) : fc.constant({});
  if (schema['anyOf'] !== undefined)
    return fc.oneof(...schema['anyOf'].map((variant: TSchema) => inputFor(variant, depth)));
  if (schema['const'] !== undefined) return fc.constant(schema['const']);
  if (schema['enum'] !== undefined) return fc.constantFrom(...schema['enum']);
  if (schema['title'] === 'LimitSpec')
    return fc.oneof(fc.integer({ min: 1 }), fc.constantFrom('local:5', '1_000'), objectFor(schema, depth));
  if (schema['type'] === 'string') return textFor(schema);
  if (schema['type'] === 'boolean') return fc.boolean();
  if (schema['type'] === 'integer') return fc.integer({ min: schema['minimum'], max: schema['maximum'] });
  if (schema['type'] === 'array') return fc.array(inputFor(schema['items'], depth), { maxLength: 4 });
  if (schema['patternProperties'] !== undefined) return mapFor(schema, depth);
  if (schema['type'] === 'object') return objectFor(schema, depth);
  return fc.jsonValue({ maxDepth: 2 });
}

function textFor(schema: TSchema): fc.Arbitrary<unknown> {
  if (schema['pattern'] !== undefined) return fc.nat(255).map((percent) => `${percent}%`);
  return schema['format'] === undefined ? fc.string() : FORMATS[schema['format']]!;
}

function mapFor(schema: TSchema, depth: number): fc.Arbitrary<unknown> {
  const keys = inputFor(schema['propertyNames'], depth) as fc.Arbitrary<string>;
  const [value] = Object.values(schema['patternProperties'] as Record<string, TSchema>);
  // A network has several texts, of which a map takes one; distinct addresses have none in common.
  const distinct = schema['propertyNames'].format === 'cidr' ? fc.ipV4() : keys;
  return fc.dictionary(distinct, inputFor(value!, depth), { maxKeys: 3, noNullPrototype: true });
}

function objectFor(schema: TSchema, depth: number): fc.Arbitrary<unknown> {
  const properties = schema['properties'] as Record<string, TSchema>;
  const required = (schema['required'] as string[] | undefined) ?? [];
  const model = Object.fromEntries(Object.entries(properties).map(([name, field]) => [name, inputFor(field, depth)]));
  const requiredKeys = required.filter((name) => properties[name]!.default === undefined);
  return fc.record(model, { requiredKeys, noNullPrototype: true });
}
