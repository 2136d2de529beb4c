import assert from 'node:assert/strict';
import { test } from 'node:test';
import { queueConfig } from '../../src/objects/index.ts';
import { assertRefused } from './refusal.ts';

const DEFAULTS = {
  retry_interval: '20m',
  max_age: '7days',
  protocol: { smtp: { mx_list: [], treat_mx_list_as_secure: false } },
  reap_interval: '10m',
  refresh_interval: '1m',
  strategy: 'SingletonTimerWheel',
  refresh_strategy: 'Ttl',
  shrink_policy: [],
};

test('a queue config is completed with the defaults of KumoMTA', () => {
  assert.deepEqual(queueConfig.read({}), DEFAULTS);
});

test('a queue config prints what was given in normal form', () => {
  const printed = queueConfig.read({
    max_age: 86_400,
    max_message_rate: '1,000/hour',
    egress_pool: 'pool-1',
    shrink_policy: [{ interval: '90s', policy: 'NoShrink' }],
  });
  assert.deepEqual(printed, {
    ...DEFAULTS,
    max_age: '1day',
    max_message_rate: '1000/h',
    egress_pool: 'pool-1',
    shrink_policy: [{ interval: '1m 30s', policy: 'NoShrink' }],
  });
});

test('null is an absent optional, and no value for a field with a default', () => {
  assert.deepEqual(queueConfig.read({ egress_pool: null }), DEFAULTS);
  assertRefused(() => queueConfig.read({ max_age: null }), 'max_age', 'invalid type: unit value, expected a duration');
});

test('an unknown field of a queue config is refused with all names and the likely one', () => {
  assertRefused(
    () => queueConfig.read({ max_agee: 5 }),
    'max_agee',
    'unknown field `max_agee`, expected one of `retry_interval`, `max_retry_interval`, `max_age`, `egress_pool`, ' +
      '`max_message_rate`, `protocol`, `reap_interval`, `refresh_interval`, `timerwheel_tick_interval`, `strategy`, ' +
      '`refresh_strategy`, `provider_name`, `shrink_policy` (did you mean `max_age`?)',
  );
  assertRefused(() => queueConfig.read({ entirely_else: 5 }), 'entirely_else', /`shrink_policy`$/);
});

test('a wrong value in a queue config is refused with its path', () => {
  const interval = 'shrink_policy[2].interval';
  const good = { interval: 1, policy: 'NoShrink' };
  const read = (policy: unknown) => queueConfig.read({ shrink_policy: [good, policy as typeof good] });
  assertRefused(
    () => read({ interval: '5 parsecs' }),
    interval,
    'invalid value: string "5 parsecs", expected a duration',
  );
  assertRefused(() => read({ policy: 'NoShrink' }), interval, 'missing field `interval`');
  assertRefused(
    () => read({ interval: 1, policy: 'Shrink' }),
    'shrink_policy[2].policy',
    'unknown variant `Shrink`, expected one of `ShrinkDataAndMeta`, `ShrinkData`, `NoShrink`',
  );
  assertRefused(() => read('x'), 'shrink_policy[2]', 'invalid type: string, expected table');
  assertRefused(
    () => queueConfig.read({ refresh_strategy: 'ttl' }),
    'refresh_strategy',
    'unknown variant `ttl`, expected `Ttl` or `Epoch`',
  );
  assertRefused(() => queueConfig.read({ strategy: 5 }), 'strategy', 'bad enum value');
  assertRefused(
    () => queueConfig.read({ strategy: {} }),
    'strategy',
    'invalid value: map, expected map with a single key',
  );
  assertRefused(
    () => queueConfig.read({ egress_pool: Uint8Array.of(255) }),
    'egress_pool',
    'invalid type: byte array, expected a string',
  );
  assertRefused(
    () => queueConfig.read({ protocol: { smtp: { mx_list: 5 } } }),
    'protocol.smtp.mx_list',
    /^data did not match any variant of untagged enum DeliveryProto: /,
  );
  assertRefused(() => queueConfig.read(['a']), '', 'invalid type: integer `1`, expected field identifier');
});
