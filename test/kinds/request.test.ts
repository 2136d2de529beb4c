import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { kinds } from '../../src/kinds/index.ts';
import { parseQueueName } from '../../src/kinds/queue.ts';
import { requestedObject } from '../../src/kinds/request.ts';

const dns = {
  resolveMx: async (domain: string) => {
    if (domain === 'null.example') return [{ exchange: '', priority: 0 }];
    if (domain !== 'example.com') throw Object.assign(new Error(`queryMx ENOTFOUND ${domain}`), { code: 'ENOTFOUND' });
    return [
      { exchange: 'mx2.example.com', priority: 20 },
      { exchange: 'mx1.example.com', priority: 10 },
    ];
  },
};

test('a queue is named by its name or by its parts', () => {
  assert.deepEqual(requestedObject({ kind: 'queue', name: 'c:t@d!r' }, dns), { kind: 'queue', name: 'c:t@d!r' });
  const parts = { domain: 'd', tenant: 't', campaign: 'c', routing_domain: 'r' };
  assert.deepEqual(requestedObject({ kind: 'queue', ...parts }, dns), { kind: 'queue', name: 'c:t@d!r' });
  assert.deepEqual(requestedObject({ kind: 'queue', domain: 'd' }, dns), { kind: 'queue', name: 'd' });
  assert.deepEqual(requestedObject({ kind: 'queue', domain: 'd', campaign: 'c' }, dns), {
    kind: 'queue',
    name: 'c:@d',
  });
});

test('the handler is asked for the parts that were requested, or the request is refused', () => {
  const text = fc.string({ unit: fc.constantFrom('a', '@', ':', '!') });
  const maybe = fc.option(text, { nil: undefined });
  fc.assert(
    fc.property(text, maybe, maybe, maybe, (domain, tenant, campaign, routing_domain) => {
      let name: string;
      try {
        name = (requestedObject({ kind: 'queue', domain, tenant, campaign, routing_domain }, dns) as { name: string })
          .name;
      } catch (thrown) {
        assert.equal((thrown as { code: string }).code, 'INVALID_NAME');
        return;
      }
      assert.deepEqual(parseQueueName(name), {
        domain,
        tenant: campaign === undefined ? tenant : (tenant ?? ''),
        campaign,
        routing_domain,
      });
    }),
    { numRuns: 1000 },
  );
  for (const parts of [{ domain: 'd@e' }, { domain: 'd', tenant: 'a@b' }, { domain: 'd', campaign: 'a:b' }]) {
    assert.throws(() => requestedObject({ kind: 'queue', ...parts }, dns), { code: 'INVALID_NAME' });
  }
});

test('a path is named by its name, by source and site, or by source and domain, whose MX hosts are its site', async () => {
  assert.deepEqual(requestedObject({ kind: 'egress_path', name: 'a->b' }, dns), { kind: 'egress_path', name: 'a->b' });
  const args = (request: object) =>
    Promise.resolve(requestedObject({ kind: 'egress_path', ...request } as never, dns)).then((o) => [
      o.name,
      o.ask?.args,
    ]);
  assert.deepEqual(await args({ source: 'a', site: 's' }), ['a->s', ['s', 'a', 's']]);
  assert.deepEqual(await args({ source: 'a', site: 's', domain: 'd' }), ['a->s', ['d', 'a', 's']]);
  const site = '(mx1|mx2).example.com';
  assert.deepEqual(await args({ source: 'a', domain: 'example.com' }), [`a->${site}`, ['example.com', 'a', site]]);
  await assert.rejects(args({ source: 'a', domain: 'nowhere.example' }), { code: 'DNS_FAILED' });
  await assert.rejects(args({ source: 'a', domain: 'null.example' }), { code: 'DNS_FAILED', message: /takes no mail/ });
  await assert.rejects(async () => args({ source: 'a' }), { code: 'INVALID_REQUEST' });
  await assert.rejects(async () => args({ source: 'a->b', site: '' }), { code: 'INVALID_NAME' });
});

test('a listener domain is for the listener 127.0.0.1:25 unless another is named, and gets the metadata', () => {
  const wanted = requestedObject({ kind: 'listener_domain', name: 'd', conn_meta: { a: 1 } }, dns);
  assert.deepEqual(wanted, {
    kind: 'listener_domain',
    name: '127.0.0.1:25 d',
    ask: { event: 'get_listener_domain', args: ['d', '127.0.0.1:25', { a: 1 }] },
    keep: true,
  });
});

test('what a listener domain is called reads back as the same question', () => {
  fc.assert(
    fc.property(fc.string(), fc.constantFrom('0.0.0.0:25', '[::1]:25', undefined), (name, listener) => {
      const wanted = requestedObject({ kind: 'listener_domain', name, listener }, dns) as { name: string; ask: object };
      assert.deepEqual(kinds.listener_domain.ask(wanted.name), wanted.ask);
    }),
  );
});

test('nothing is kept of an authenticated session', () => {
  for (const key of ['authn_id', 'authz_id']) {
    const wanted = requestedObject({ kind: 'listener_domain', name: 'd', conn_meta: { [key]: 'user' } }, dns);
    assert.equal((wanted as { keep: boolean }).keep, false);
  }
});

test('a session without a user is kept, whatever else is known of it', () => {
  for (const conn_meta of [undefined, {}, { received_from: '10.0.0.1:25' }]) {
    const wanted = requestedObject({ kind: 'listener_domain', name: 'd', listener: '[::1]:25', conn_meta }, dns);
    assert.equal((wanted as { keep: boolean }).keep, true);
  }
});

test('pools and sources are named by their name', () => {
  for (const kind of ['egress_pool', 'egress_source'] as const) {
    assert.deepEqual(requestedObject({ kind, name: 'x' }, dns), { kind, name: 'x' });
  }
});

test('DNS is asked only for a path to a domain without a site', async () => {
  const asked: string[] = [];
  const source = {
    resolveMx: async (domain: string) => {
      asked.push(domain);
      return dns.resolveMx(domain);
    },
  };
  for (const request of [{ name: 'a->b' }, { source: 'a', site: 's' }, { source: 'a', site: 's', domain: 'd' }]) {
    requestedObject({ kind: 'egress_path', ...request }, source);
  }
  requestedObject({ kind: 'queue', domain: 'd' }, source);
  requestedObject({ kind: 'listener_domain', name: 'd' }, source);
  assert.deepEqual(asked, []);
  await requestedObject({ kind: 'egress_path', source: 'a', domain: 'example.com' }, source);
  assert.deepEqual(asked, ['example.com']);
});
