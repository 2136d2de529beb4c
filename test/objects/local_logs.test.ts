import assert from 'node:assert/strict';
import { test } from 'node:test';
import { localLogs } from '../../src/objects/index.ts';
import type { Plain } from '../../src/objects/plain.ts';
import { assertRefused } from './refusal.ts';

const DEFAULTS = {
  max_file_size: 1000000000,
  back_pressure: 128000,
  compression_level: 0,
  meta: [],
  headers: [],
  per_record: {},
  min_free_space: '10%',
  min_free_inodes: '10%',
};

test('a log is completed with the defaults of KumoMTA', () => {
  assert.deepEqual(localLogs.read({ log_dir: '/var/log/kumomta' }), {
    ...{ log_dir: '/var/log/kumomta' },
    ...DEFAULTS,
  });
});

test('settings by record type are completed, and print in the order of the types', () => {
  const { per_record } = localLogs.read({
    log_dir: '/l',
    per_record: { Any: { enable: false }, Reception: { suffix: '_r' } },
  });
  assert.equal(
    JSON.stringify(per_record),
    '{"Reception":{"enable":true,"segment_header":"","suffix":"_r"},"Any":{"enable":false,"segment_header":""}}',
  );
});

test('what is wrong with a log is refused with its path', () => {
  const read = (fields: { [key: string]: Plain }) => localLogs.read({ log_dir: '/l', ...fields });
  assertRefused(() => localLogs.read({}), 'log_dir', 'missing field `log_dir`');
  assertRefused(
    () => read({ per_record: { Recepton: {} } }),
    'per_record.Recepton',
    /^unknown variant `Recepton`, expected one of `Reception`, `Delivery`/,
  );
  assertRefused(
    () => read({ per_record: { Any: { enabled: false } } }),
    'per_record.Any.enabled',
    /\(did you mean `enable`\?\)$/,
  );
  assertRefused(() => read({ headers: ['a', 5] }), 'headers[2]', 'invalid type: integer `5`, expected a string');
  assertRefused(
    () => read({ max_file_size: 1.5 }),
    'max_file_size',
    'invalid type: floating point `1.5`, expected u64',
  );
  assertRefused(() => read({ max_segment_duration: 'x' }), 'max_segment_duration', /expected a duration$/);
});
