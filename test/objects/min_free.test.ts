import assert from 'node:assert/strict';
import { test } from 'node:test';
import { readerOf } from '../../src/objects/field.ts';
import { minFree } from '../../src/objects/min_free.ts';
import { Float, Opaque } from '../../src/objects/plain.ts';
import { assertRefused } from './refusal.ts';

const read = readerOf(minFree({ description: 'a test' }));

test('a floor is a percentage or an absolute number, which may be text', () => {
  assert.equal(read('10%'), '10%');
  assert.equal(read('255%'), '255%');
  assert.equal(read('010%'), '10%');
  assert.equal(read(0), 0);
  assert.equal(read(1024), 1024);
  assert.equal(read('1024'), 1024);
});

test('what is no floor is refused in the words of KumoMTA', () => {
  assertRefused(() => read('x%'), '', 'invalid MinFree percentage specifier. invalid digit found in string');
  assertRefused(() => read('%'), '', 'invalid MinFree percentage specifier. cannot parse integer from empty string');
  assertRefused(() => read('256%'), '', 'invalid MinFree percentage specifier. number too large to fit in target type');
  assertRefused(() => read('20MB'), '', 'invalid MinFree size specifier. invalid digit found in string');
  assertRefused(() => read(-1), '', 'invalid MinFree size specifier. -1 could not be converted to u64');
  assertRefused(() => read(new Float(5)), '', 'invalid MinFree size specifier. 5.0 could not be converted to u64');
  assertRefused(
    () => read(true),
    '',
    /^invalid MinFree specifier .*Value must be either a percentage string like '10%'/,
  );
  assertRefused(() => read(new Opaque('thread')), '', 'unsupported value type `thread`');
});
