import assert from 'node:assert/strict';
import { test } from 'node:test';
import { listenerDomain } from '../../src/objects/index.ts';
import { assertRefused } from './refusal.ts';

const DEFAULTS = {
  log_oob: 'Ignore',
  log_arf: 'Ignore',
  relay_to: false,
  relay_from: [],
  ttl: '1m',
};

test('a listener domain is completed with the defaults of KumoMTA', () => {
  assert.deepEqual(listenerDomain.read({}), DEFAULTS);
});

test('the handling of reports may be a boolean, and prints as its name', () => {
  const printed = listenerDomain.read({ log_oob: true, log_arf: 'LogThenDrop' });
  assert.deepEqual(printed, { ...DEFAULTS, log_oob: 'LogThenRelay', log_arf: 'LogThenDrop' });
  assert.equal(listenerDomain.read({ log_oob: false }).log_oob, 'Ignore');
});

test('what is wrong with a listener domain is refused with its path', () => {
  const expecting = "a boolean value or one of 'Ignore', 'LogThenDrop' or 'LogThenRelay'";
  assertRefused(
    () => listenerDomain.read({ log_oob: 'X' }),
    'log_oob',
    `invalid value: string "X", expected ${expecting}`,
  );
  assertRefused(
    () => listenerDomain.read({ log_arf: 5 }),
    'log_arf',
    `invalid type: integer \`5\`, expected ${expecting}`,
  );
  assertRefused(
    () => listenerDomain.read({ relay_to: 1 }),
    'relay_to',
    'invalid type: integer `1`, expected a boolean',
  );
  assertRefused(() => listenerDomain.read({ relay_from: ['x'] }), 'relay_from', /^x: x is not a valid CIDR/);
  assertRefused(() => listenerDomain.read({ relayto: true }), 'relayto', /\(did you mean `relay_to`\?\)$/);
});

test('the schema says that ttl is deprecated', () => {
  assert.equal(listenerDomain.schema.properties['ttl']?.['deprecated'], true);
});
