import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { parsePathName } from '../../src/kinds/egress_path.ts';
import { KIND_NAMES, kindNamed, kinds } from '../../src/kinds/index.ts';

const { egress_pool, egress_source, egress_path, listener_domain } = kinds;

test("a path's name is its source and its site, at the first arrow", () => {
  assert.deepEqual(parsePathName('ip1->mx.example.com'), { source: 'ip1', site: 'mx.example.com' });
  assert.deepEqual(parsePathName('a->b->c'), { source: 'a', site: 'b->c' });
  for (const name of ['', '->', 'a->', '->b', 'a>b']) {
    assert.throws(() => parsePathName(name), { code: 'INVALID_NAME' }, name);
  }
  fc.assert(
    fc.property(fc.string({ minLength: 1 }), fc.string({ minLength: 1 }), (source, site) => {
      fc.pre(!`${source}-`.includes('->'));
      assert.deepEqual(parsePathName(`${source}->${site}`), { source, site });
    }),
  );
});

test('known by its name alone, the site of a path stands for its domain', () => {
  assert.deepEqual(egress_path.ask('ip1->site'), { event: 'get_egress_path_config', args: ['site', 'ip1', 'site'] });
});

test('the pool unspecified has one source, unspecified, which has no options', () => {
  assert.deepEqual(egress_pool.reserved('unspecified')!['entries'], [{ name: 'unspecified', weight: 1 }]);
  assert.deepEqual(egress_source.reserved('unspecified'), egress_source.type.read({ name: 'unspecified' }));
  assert.equal(egress_pool.reserved('p'), undefined);
  assert.equal(egress_source.reserved('s'), undefined);
});

test('a pool stands on every source that it lists, also those of weight 0, each once', () => {
  const pool = egress_pool.type.read({ name: 'p', entries: [{ name: 'a' }, { name: 'b', weight: 0 }, { name: 'a' }] });
  assert.deepEqual(
    egress_pool.uses(pool).map(({ name }) => name),
    ['a', 'b'],
  );
});

test('pools and sources go by their ttl and by epochs', () => {
  for (const kind of [egress_pool, egress_source]) {
    const { refreshMs, onEpoch } = kind.timing(kind.type.read({ name: 'x', ttl: '5s' }));
    assert.deepEqual([refreshMs, onEpoch], [5000, true]);
  }
});

test('a listener domain is named by the listener, a space and the domain, which is empty for the null sender', () => {
  assert.deepEqual(listener_domain.ask('0.0.0.0:25 example.com').args, ['example.com', '0.0.0.0:25', {}]);
  assert.deepEqual(listener_domain.ask('0.0.0.0:25 ').args, ['', '0.0.0.0:25', {}]);
  assert.deepEqual(listener_domain.ask('example.com').args, ['example.com', '127.0.0.1:25', {}]);
  assert.throws(() => listener_domain.ask(' example.com'), { code: 'INVALID_NAME' });
});

test('what is no kind is refused, also what every object has', () => {
  for (const kind of KIND_NAMES) assert.equal(kindNamed(kind), kind);
  for (const text of ['', 'Queue', 'toString', '__proto__']) {
    assert.throws(() => kindNamed(text), { code: 'UNKNOWN_KIND' }, text);
  }
});

test('without a value queues and paths have their defaults, listener domains are nil, pools and sources are errors', () => {
  assert.deepEqual(Object.fromEntries(KIND_NAMES.map((kind) => [kind, kinds[kind].whenNone])), {
    queue: 'default',
    egress_pool: 'error',
    egress_source: 'error',
    egress_path: 'default',
    listener_domain: 'nil',
  });
  for (const kind of KIND_NAMES) assert.equal(kinds[kind].name, kind);
});

test('a Ttl path is timed by its interval and not by epochs, an Epoch path the other way round', () => {
  const ttl = egress_path.timing(egress_path.type.read({ refresh_interval: '90s' }));
  assert.deepEqual([ttl.strategy, ttl.refreshMs, ttl.onEpoch, ttl.reapMs], ['Ttl', 90_000, false, 600_000]);
  const epoch = egress_path.timing(egress_path.type.read({ refresh_strategy: 'Epoch' }));
  assert.deepEqual([epoch.strategy, epoch.refreshMs, epoch.onEpoch, epoch.reapMs], ['Epoch', null, true, 600_000]);
});

test('a listener domain goes by epochs alone, also when it is nil', () => {
  const { refreshMs, onEpoch, reapMs } = listener_domain.timing(null);
  assert.deepEqual([refreshMs, onEpoch, reapMs], [null, true, 600_000]);
});

test('sources, paths and listener domains stand on nothing else, and KumoMTA reserves no name of the latter two', () => {
  assert.deepEqual(egress_source.uses(egress_source.type.read({ name: 's' })), []);
  assert.deepEqual(egress_path.uses(egress_path.type.read({})), []);
  assert.deepEqual(listener_domain.uses(null), []);
  assert.deepEqual(
    [egress_path.reserved('unspecified->a'), listener_domain.reserved('unspecified')],
    [undefined, undefined],
  );
});

test('pools and sources are asked for by their name', () => {
  assert.deepEqual(egress_pool.ask('p'), { event: 'get_egress_pool', args: ['p'] });
  assert.deepEqual(egress_source.ask('s'), { event: 'get_egress_source', args: ['s'] });
});
