import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { errorReply, parseBody } from '../../src/admin/http.ts';
import { ConfigError, ERRORS, type ErrorCode } from '../../src/errors.ts';

const parse = (text: string): unknown => parseBody(Buffer.from(text));
const nested = (depth: number): string => '['.repeat(depth) + ']'.repeat(depth);

test('a body is JSON, or nothing', () => {
  assert.equal(parse(''), undefined);
  assert.equal(parse('null'), null);
  fc.assert(
    fc.property(fc.jsonValue({ maxDepth: 10 }), (value) => {
      const text = JSON.stringify(value);
      assert.deepEqual(parse(text), JSON.parse(text));
    }),
  );
});

test('what is no JSON, or no UTF-8, is malformed', () => {
  for (const text of ['{', '{"a":1,}', "{'a':1}", 'NaN', '[1]]', '"', '"\\']) {
    assert.throws(() => parse(text), { code: 'MALFORMED_JSON' }, text);
  }
  assert.throws(() => parseBody(Buffer.from([0x22, 0xff, 0x22])), { code: 'MALFORMED_JSON' });
});

test('JSON nests 64 deep and no deeper, and brackets in strings do not count', () => {
  assert.ok(parse(nested(64)));
  assert.throws(() => parse(nested(65)), { code: 'TOO_DEEP' });
  assert.throws(() => parse(`${'{"a":'.repeat(65)}1${'}'.repeat(65)}`), { code: 'TOO_DEEP' });
  assert.throws(() => parse('['.repeat(1e6)), { code: 'TOO_DEEP' });
  assert.ok(parse(`[${`${nested(60)},`.repeat(100)}1]`), 'side by side is not deep');
  assert.ok(parse(JSON.stringify(['['.repeat(100), '\\"[['.repeat(100), '"[{'])));
});

test('an error keeps one shape, and its status is the one of its code', () => {
  for (const code of Object.keys(ERRORS) as ErrorCode[]) {
    const { status, body, type } = errorReply(new ConfigError(code, 'why'));
    assert.equal(status, ERRORS[code].status);
    assert.equal(type, 'application/json');
    assert.deepEqual(JSON.parse(body), { error: { code, message: 'why', hint: ERRORS[code].hint } });
  }
  const placed = new ConfigError('HANDLER_FAILED', 'why', {
    place: { file: 'init.lua', line: 7, field: 'ttl' },
    details: { traceback: 'stack', expected: 'duration' },
  });
  assert.deepEqual(JSON.parse(errorReply(placed).body).error, {
    code: 'HANDLER_FAILED',
    message: 'why',
    file: 'init.lua',
    line: 7,
    field: 'ttl',
    hint: ERRORS.HANDLER_FAILED.hint,
    details: { expected: 'duration' },
  });
});
