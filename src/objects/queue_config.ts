import { Type } from '@sinclair/typebox';
import { list } from './containers.ts';
import { deliveryProtocol } from './delivery_protocol.ts';
import { duration } from './duration.ts';
import { MEMORY_REDUCTION_POLICY, QUEUE_STRATEGY, REFRESH_STRATEGY } from './enums.ts';
import { objectType } from './object_type.ts';
import { choice, text } from './scalars.ts';
import { table } from './table.ts';
import { throttleSpec } from './throttle_spec.ts';

const QueueShrinkPolicy = table('QueueShrinkPolicy', {
  interval: duration({
    description: 'Entry matches when time until due is at least this.',
    since: '2025.03.19-1d3f1f67',
  }),
  policy: choice(MEMORY_REDUCTION_POLICY, {
    description: 'Reduction to apply; the last matching entry in list wins.',
    since: '2025.03.19-1d3f1f67',
  }),
});

export const queueConfig = objectType(
  'QueueConfig',
  'make_queue_config',
  table('QueueConfig', {
    retry_interval: duration({ description: 'Base delay for exponential backoff.', default: '20m' }),
    max_retry_interval: Type.Optional(duration({ description: 'Cap on the computed backoff delay.' })),
    max_age: duration({ description: 'Longest time a message stays queued.', default: '7days' }),
    egress_pool: Type.Optional(text({ description: 'Pool name; the built-in pool `unspecified` when absent.' })),
    max_message_rate: Type.Optional(
      throttleSpec({
        description: 'Rate of promotion from scheduled to ready queue.',
        since: '2024.06.10-84e84b89',
      }),
    ),
    protocol: deliveryProtocol({
      description: 'How messages are delivered; untagged choice.',
      default: { smtp: { mx_list: [], treat_mx_list_as_secure: false } },
    }),
    reap_interval: duration({
      description: 'Idle time before the queue is removed from memory.',
      default: '10m',
      since: '2024.09.02-c5476b89',
    }),
    refresh_interval: duration({
      description: 'Time between get_queue_config calls when refresh_strategy is Ttl.',
      default: '1m',
      since: '2024.09.02-c5476b89',
    }),
    timerwheel_tick_interval: Type.Optional(
      duration({
        description: 'Tick period; when absent, retry_interval/20 clamped to 1s..1m.',
        since: '2024.09.02-c5476b89',
      }),
    ),
    strategy: choice(QUEUE_STRATEGY, {
      description: 'Scheduled queue data structure; changes need queue ageing or restart.',
      default: 'SingletonTimerWheel',
      since: '2024.09.02-c5476b89',
    }),
    refresh_strategy: choice(REFRESH_STRATEGY, {
      description: 'When this object is considered stale.',
      default: 'Ttl',
      since: '2024.11.08-d383b033',
    }),
    provider_name: Type.Optional(text({ description: 'Provider label for metrics rollup; undocumented in KumoMTA.' })),
    shrink_policy: list(QueueShrinkPolicy, {
      description: 'Memory reduction by time until due; empty means ShrinkDataAndMeta.',
      default: [],
      since: '2025.03.19-1d3f1f67',
    }),
  }),
);
