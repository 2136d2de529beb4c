import assert from 'node:assert/strict';
import { FieldError } from '../../src/objects/index.ts';

/** Asserts that `act` throws the FieldError that says `reason` of the field at `path`. */
export function assertRefused(act: () => unknown, path: string, reason: string | RegExp): void {
  assert.throws(act, (thrown) => {
    assert.ok(thrown instanceof FieldError, `not a FieldError: ${(thrown as Error).stack}`);
    assert.equal(thrown.path, path);
    if (typeof reason === 'string') assert.equal(thrown.reason, reason);
    else assert.match(thrown.reason, reason);
    assert.equal(thrown.message, path === '' ? thrown.reason : `${path}: ${thrown.reason}`);
    return true;
  });
}
