import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import type { Client } from '../client.ts';
import { HandDaemon } from './daemon.ts';

const RESOLVE = '/api/config/v1/resolve';
const OBJECTS = '/api/config/v1/objects';

describe('resolving', () => {
  test('an object comes whole, in the shape of the contract', async (t) => {
    const client = await new HandDaemon().listen(t);
    const { status, json } = await client.post(RESOLVE, { kind: 'queue', name: 't1@example.com' });
    assert.equal(status, 200);
    const { value, loaded_at, last_used_at, ...rest } = json;
    assert.deepEqual(rest, {
      kind: 'queue',
      name: 't1@example.com',
      epoch: 1,
      state: 'fresh',
      strategy: 'Epoch',
      refresh_interval: '1m',
      provenance: null,
      last_error: null,
    });
    assert.deepEqual([value.egress_pool, value.max_age], ['pool', '7days']);
    for (const time of [loaded_at, last_used_at]) assert.match(time, /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/);
  });

  test('every way to name an object of every kind is understood', async (t) => {
    const client = await new HandDaemon().listen(t);
    const ways: [object, string][] = [
      [{ kind: 'queue', domain: 'd', tenant: 't', campaign: 'c', routing_domain: 'r' }, 'c:t@d!r'],
      [{ kind: 'egress_pool', name: 'p' }, 'p'],
      [{ kind: 'egress_source', name: 's' }, 's'],
      [{ kind: 'egress_path', name: 'a->b' }, 'a->b'],
      [{ kind: 'egress_path', source: 'a', domain: 'example.com' }, 'a->mx.example.com'],
      [{ kind: 'egress_path', source: 'a', site: 's', domain: 'd' }, 'a->s'],
      [{ kind: 'listener_domain', name: 'd' }, '127.0.0.1:25 d'],
      [{ kind: 'listener_domain', name: '', listener: '[::1]:25', conn_meta: { received_from: 'x' } }, '[::1]:25 '],
    ];
    for (const [request, name] of ways) {
      const { status, json } = await client.post(RESOLVE, request);
      assert.deepEqual([status, json.name], [200, name], JSON.stringify(request));
    }
  });

  test('what is wrong with a request is said', async (t) => {
    const client = await new HandDaemon().listen(t);
    const cases: [unknown, string, string?][] = [
      ['', 'INVALID_REQUEST'],
      ['null', 'INVALID_REQUEST'],
      ['[]', 'INVALID_REQUEST'],
      ['{"kind":', 'MALFORMED_JSON'],
      [{}, 'INVALID_REQUEST'],
      [{ kind: 7 }, 'INVALID_REQUEST'],
      [{ kind: 'mailbox', name: 'x' }, 'UNKNOWN_KIND'],
      [{ kind: '__proto__', name: 'x' }, 'UNKNOWN_KIND'],
      [{ kind: 'queue' }, 'INVALID_REQUEST', 'domain'],
      [{ kind: 'queue', name: '' }, 'INVALID_REQUEST', 'name'],
      [{ kind: 'queue', name: 'x'.repeat(1025) }, 'INVALID_REQUEST', 'name'],
      [{ kind: 'queue', name: 'x', nmae: 'y' }, 'INVALID_REQUEST', 'nmae'],
      [{ kind: 'queue', name: 'x', domain: 'y' }, 'INVALID_REQUEST', 'domain'],
      [{ kind: 'queue', domain: 'x', tenant: 7 }, 'INVALID_REQUEST', 'tenant'],
      [{ kind: 'queue', name: 't@' }, 'INVALID_NAME'],
      [{ kind: 'queue', domain: 'a@b' }, 'INVALID_NAME'],
      [{ kind: 'egress_path', name: 'x' }, 'INVALID_NAME'],
      [{ kind: 'egress_path', source: 'x' }, 'INVALID_REQUEST'],
      [{ kind: 'listener_domain', name: 'x', listener: 'a b' }, 'INVALID_REQUEST', 'listener'],
      [{ requests: {} }, 'INVALID_REQUEST'],
      [{ requests: [], kind: 'queue' }, 'INVALID_REQUEST'],
      [{ requests: Array(10_001).fill({}) }, 'INVALID_REQUEST'],
    ];
    for (const [body, code, field] of cases) {
      const { status, json } = await client.post(RESOLVE, body);
      const about = JSON.stringify(body).slice(0, 80);
      assert.deepEqual([status, json.error.code, json.error.field], [400, code, field], about);
      assert.equal(typeof json.error.message, 'string');
      assert.equal(typeof json.error.hint, 'string');
    }
  });

  test('what the configuration cannot give is 422', async (t) => {
    const daemon = new HandDaemon();
    const client = await daemon.listen(t);
    daemon.bench.policy.handlers.get_egress_source = () => new Error('no such source');
    const { status, json } = await client.post(RESOLVE, { kind: 'queue', name: 'example.com' });
    assert.deepEqual([status, json.error.code], [422, 'HANDLER_FAILED']);
    assert.match(json.error.message, /resolving egress pool 'pool': get_egress_source 'source': no such source/);
  });

  test('many are answered in their order, each error in its place', async (t) => {
    const daemon = new HandDaemon();
    const client = await daemon.listen(t);
    const names = Array.from({ length: 300 }, (_, i) => `d${i}.example.com`);
    await client.post(RESOLVE, { kind: 'queue', name: names[7] });
    const requests: unknown[] = names.map((name) => ({ kind: 'queue', name }));
    requests.splice(3, 0, { kind: 'mailbox' }, null, { kind: 'queue', name: 't@' });
    const { status, json } = await client.post(RESOLVE, { requests });
    assert.equal(status, 200);
    const got = json.results.map(
      (result: { name?: string; error?: { code: string } }) => result.name ?? result.error?.code,
    );
    assert.deepEqual(got, [...names.slice(0, 3), 'UNKNOWN_KIND', 'INVALID_REQUEST', 'INVALID_NAME', ...names.slice(3)]);
    assert.deepEqual((await client.post(RESOLVE, { requests: [] })).json, { results: [] });
  });
});

describe('looking at one', () => {
  test('what is live is shown without being used, and what is not is 404', async (t) => {
    const daemon = new HandDaemon();
    const client = await daemon.listen(t);
    const name = 'ip1->(a|b).c/d é';
    const { json: resolved } = await client.post(RESOLVE, { kind: 'egress_path', name });
    daemon.bench.clock.advance(5000);
    const { status, json } = await client.get(`${OBJECTS}/egress_path/${encodeURIComponent(name)}`);
    assert.equal(status, 200);
    assert.deepEqual(json, resolved);
    const code = async (path: string) => {
      const answer = await client.get(path);
      return [answer.status, answer.json.error.code];
    };
    assert.deepEqual(await code(`${OBJECTS}/egress_path/other`), [404, 'NOT_LIVE']);
    assert.deepEqual(await code(`${OBJECTS}/mailbox/x`), [400, 'UNKNOWN_KIND']);
    assert.deepEqual(await code(`${OBJECTS}/queue/%`), [400, 'INVALID_REQUEST']);
  });
});

describe('listing', () => {
  const names = async (client: Client, query: string): Promise<{ names: string[]; next: string | null }> => {
    const { json } = await client.get(`${OBJECTS}?${query}`);
    return { names: json.objects.map(({ name }: { name: string }) => name), next: json.next };
  };

  const walk = async (client: Client, query: string, between = async (): Promise<unknown> => undefined) => {
    const seen: string[] = [];
    let cursor = '';
    for (;;) {
      const page = await names(client, `${query}${cursor}`);
      seen.push(...page.names);
      if (page.next === null) return seen;
      cursor = `&cursor=${encodeURIComponent(page.next)}`;
      await between();
    }
  };

  test('pages of every size give every object once, kind by kind and in the order in which they were made', async (t) => {
    const daemon = new HandDaemon();
    const client = await daemon.listen(t);
    for (let i = 0; i < 7; i++) await daemon.bench.live.resolve('queue', `d${i}`);
    const all = [...Array.from({ length: 7 }, (_, i) => `d${i}`), 'pool', 'source'];
    for (let limit = 1; limit <= 10; limit++) assert.deepEqual(await walk(client, `limit=${limit}`), all, `${limit}`);
    assert.deepEqual(await names(client, ''), { names: all, next: null });
    const beyond = `kind=queue&cursor=queue:${'9'.repeat(400)}`;
    assert.deepEqual(await names(client, beyond), { names: [], next: null });
  });

  test('kind, state and prefix leave out the rest', async (t) => {
    const daemon = new HandDaemon();
    const client = await daemon.listen(t);
    const { live, policy } = daemon.bench;
    for (const name of ['a1', 'a2', 'b1']) await live.resolve('queue', name);
    policy.handlers.get_queue_config = (domain) =>
      domain === 'a2' ? new Error('down') : { egress_pool: 'pool', refresh_strategy: 'Epoch' };
    live.epochMoved(2);
    await live.settled();
    for (const [query, expected] of [
      ['kind=queue', ['a1', 'a2', 'b1']],
      ['kind=egress_pool', ['pool']],
      ['prefix=a', ['a1', 'a2']],
      ['state=quarantined', ['a2']],
      ['state=fresh&prefix=a', ['a1']],
      ['kind=egress_pool&prefix=a', []],
      ['state=stale', []],
    ] as const) {
      assert.deepEqual(await walk(client, `limit=1&${query}`), expected, query);
    }
  });

  test('objects that come and go between pages disturb none of the others', async (t) => {
    const daemon = new HandDaemon();
    const client = await daemon.listen(t);
    const { live, clock } = daemon.bench;
    daemon.bench.policy.handlers.get_egress_path_config = () => ({ refresh_strategy: 'Epoch' });
    const staying = Array.from({ length: 100 }, (_, i) => `s->stays${i}`);
    for (const [i, name] of staying.entries()) {
      await live.resolve('egress_path', `s->goes${i}`);
      await live.resolve('egress_path', name);
    }
    clock.advance(500_000);
    for (const name of staying) live.resolve('egress_path', name);
    let page = 0;
    const seen = await walk(client, 'kind=egress_path&limit=10', async () => {
      // All of the others idle out, which compacts the store, and new ones are made.
      if (page++ === 3) await daemon.bench.pass(101_000);
      await live.resolve('egress_path', `s->new${page}`);
    });
    assert.equal(new Set(seen).size, seen.length);
    assert.deepEqual(
      seen.filter((name) => name.startsWith('s->stays')),
      staying,
    );
    assert.ok(seen.includes('s->new1'));
    assert.equal(live.peek('egress_path', 's->goes99'), undefined);
  });

  test('filters and cursors that are none are refused', async (t) => {
    const client = await new HandDaemon().listen(t);
    for (const [query, code] of [
      ['kind=mailbox', 'UNKNOWN_KIND'],
      ['state=tired', 'INVALID_REQUEST'],
      ['limit=0', 'INVALID_REQUEST'],
      ['cursor=x', 'INVALID_REQUEST'],
      ['cursor=queue:', 'INVALID_REQUEST'],
      ['cursor=queue:1:2', 'INVALID_REQUEST'],
      ['cursor=queue:x', 'INVALID_REQUEST'],
      ['kind=egress_pool&cursor=queue:1', 'INVALID_REQUEST'],
    ] as const) {
      const { status, json } = await client.get(`${OBJECTS}?${query}`);
      assert.deepEqual([status, json.error.code], [400, code], query);
    }
  });
});
