import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { formatQueueName, parseQueueName, type QueueName, queue } from '../../src/kinds/queue.ts';

test("a queue's name is taken apart at the first @, the first : before it and the first ! after it", () => {
  const forms: [string, [string, string?, string?, string?]][] = [
    ['d', ['d']],
    ['t@d', ['d', 't']],
    ['c:t@d', ['d', 't', 'c']],
    ['c:@d', ['d', '', 'c']],
    ['d!rd', ['d', undefined, undefined, 'rd']],
    ['t@d!rd', ['d', 't', undefined, 'rd']],
    ['c:t@d!rd', ['d', 't', 'c', 'rd']],
    ['c:@d!rd', ['d', '', 'c', 'rd']],
    ['@d', ['d', '']],
    ['c:t:u@d', ['d', 't:u', 'c']],
    ['t@d@e', ['d@e', 't']],
    ['d!r!s', ['d', undefined, undefined, 'r!s']],
    ['t!u@d', ['d', 't!u']],
    ['foo.com:2025', ['foo.com:2025']],
    ['t@[1.2.3.4]:2025!smart.host:25', ['[1.2.3.4]:2025', 't', undefined, 'smart.host:25']],
    ['webhook', ['webhook']],
  ];
  for (const [name, [domain, tenant, campaign, routing_domain]] of forms) {
    assert.deepEqual(parseQueueName(name), { domain, tenant, campaign, routing_domain }, name);
    assert.deepEqual(queue.ask(name), {
      event: 'get_queue_config',
      args: [domain, tenant, campaign, routing_domain],
    });
  }
});

test('a name without a domain is none', () => {
  for (const name of ['', '@', 't@', 'c:t@!rd', '!rd']) {
    assert.throws(() => parseQueueName(name), { code: 'INVALID_NAME' }, name);
  }
});

test('whatever has a domain reads back as it was written', () => {
  const text = fc.string({ unit: fc.constantFrom('a', '@', ':', '!', '.', '[', ' ', 'é') });
  fc.assert(
    fc.property(text, (name) => {
      let parts: QueueName;
      try {
        parts = parseQueueName(name);
      } catch {
        return;
      }
      assert.equal(formatQueueName(parts), name);
    }),
    { numRuns: 2000 },
  );
});

test('a campaign without a tenant is written with nothing between the : and the @', () => {
  assert.equal(formatQueueName({ domain: 'd', campaign: 'c' }), 'c:@d');
  assert.equal(formatQueueName({ domain: 'd', campaign: 'c', routing_domain: 'r' }), 'c:@d!r');
});

test('the names that KumoMTA reserves have fixed configurations, by the whole name', () => {
  const { retry_interval, max_retry_interval } = queue.reserved('null')!;
  assert.deepEqual([retry_interval, max_retry_interval], ['10s', '10s']);
  assert.equal(queue.reserved('generator.kumomta.internal')!['retry_interval'], '10s');
  assert.equal(queue.reserved('deferred_smtp_inject.kumomta.internal')!['retry_interval'], '1m');
  const xfer = queue.reserved('http://10.0.0.1:8000.xfer.kumomta.internal')!;
  assert.deepEqual([xfer['retry_interval'], xfer['protocol']], ['10s', { xfer: { target: 'http://10.0.0.1:8000/' } }]);
});

test('what only looks reserved is an ordinary queue', () => {
  for (const name of ['t@null', 'NULL', 'a.xfer.kumomta.internal', 'x@generator.kumomta.internal', 'h.tsa.kumomta']) {
    assert.equal(queue.reserved(name), undefined, name);
  }
});

test('a queue without a pool stands on the one called unspecified', () => {
  assert.deepEqual(queue.uses(queue.type.read({})), [{ kind: 'egress_pool', name: 'unspecified' }]);
  assert.deepEqual(queue.uses(queue.type.read({ egress_pool: 'p' })), [{ kind: 'egress_pool', name: 'p' }]);
});

test('a Ttl queue is timed by its interval and not by epochs, an Epoch queue the other way round', () => {
  const { refreshMs, onEpoch, reapMs } = queue.timing(
    queue.type.read({ refresh_interval: '90s', reap_interval: '5m' }),
  );
  assert.deepEqual([refreshMs, onEpoch, reapMs], [90_000, false, 300_000]);
  const epoch = queue.timing(queue.type.read({ refresh_strategy: 'Epoch' }));
  assert.deepEqual([epoch.refreshMs, epoch.onEpoch, epoch.reapMs], [null, true, 600_000]);
});
