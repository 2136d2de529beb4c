import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { KIND_NAMES } from '../../src/kinds/index.ts';
import { Bench, turn } from './policy.ts';

// A policy that changes with a version; what it answers tells the version that answered.
class World {
  version = 1;
  epoch = 1;
  readonly failing = new Set<string>();
  readonly bench: Bench;

  constructor(random: () => number) {
    this.bench = new Bench({ random });
    const { handlers } = this.bench.policy;
    const or = <T>(name: unknown, value: T): T | Error => (this.failing.has(String(name)) ? new Error('down') : value);
    handlers.get_queue_config = (domain) =>
      or(domain, {
        egress_pool: `p${(this.version + Number(String(domain).at(-1))) % 3}`,
        refresh_strategy: String(domain).startsWith('t') ? 'Ttl' : 'Epoch',
        reap_interval: '90s',
        max_age: `${this.version}s`,
      });
    handlers.get_egress_pool = (name) =>
      or(name, { name, ttl: `${1000 + this.version}s`, entries: [{ name: `s${this.version % 4}` }, { name: 's0' }] });
    handlers.get_egress_source = (name) => or(name, { name, ehlo_domain: `v${this.version}` });
  }

  bump(): void {
    this.version++;
    this.epoch += 2;
    this.bench.live.epochMoved(this.epoch);
  }

  /** Everything that depends on epochs is what the newest policy says, or says why not. */
  checkUpToDate(): void {
    const { live } = this.bench;
    for (const kind of KIND_NAMES) {
      for (const object of live.stores[kind].after(0)) {
        if (!object.value.timing.onEpoch || object.error !== null) continue;
        assert.equal(live.stateOf(object), 'fresh');
        const { max_age, ttl, ehlo_domain } = JSON.parse(object.value.text);
        const version = this.version;
        const said = kind === 'queue' ? max_age : kind === 'egress_pool' ? ttl : ehlo_domain;
        const expected =
          kind === 'queue' ? seconds(version) : kind === 'egress_pool' ? seconds(1000 + version) : `v${version}`;
        assert.equal(said, expected, `lost update of ${object.name}`);
      }
    }
  }
}

/** As KumoMTA prints it. */
function seconds(count: number): string {
  return [
    [Math.floor(count / 60), 'm'],
    [count % 60, 's'],
  ]
    .filter(([n]) => n !== 0)
    .map(([n, unit]) => `${n}${unit}`)
    .join(' ');
}

type Step = (world: World) => void | Promise<void>;

const queueName = fc.constantFrom('e0', 'e1', 'e2', 't0', 't1');
const anyName = fc.constantFrom('e0', 'e1', 't0', 'p0', 'p1', 's0', 's1', 's2', 's3');

const step: fc.Arbitrary<[string, Step]> = fc.oneof(
  { weight: 4, arbitrary: queueName.map((name) => [`resolve ${name}`, resolveStep('queue', name)] as [string, Step]) },
  fc.constantFrom('p0', 'p1').map((name) => [`resolve ${name}`, resolveStep('egress_pool', name)] as [string, Step]),
  { weight: 2, arbitrary: fc.constant<[string, Step]>(['bump', (world) => world.bump()]) },
  fc.constant<[string, Step]>(['restamp', (world) => world.bench.live.epochRestamped(world.epoch + 1)]),
  anyName.map((name) => [`toggle ${name}`, toggleStep(name)] as [string, Step]),
  {
    weight: 4,
    arbitrary: fc.nat(50).map((n) => [`answer ${n}`, (world) => world.bench.policy.answerOne(n)] as [string, Step]),
  },
  fc.constant<[string, Step]>(['turn', turn]),
  fc.constant<[string, Step]>(['answer all', (world) => world.bench.policy.answerAll()]),
  fc
    .constantFrom(1000, 30_000, 95_000, 700_000)
    .map((ms) => [`pass ${ms}`, (world) => world.bench.pass(ms)] as [string, Step]),
);

function resolveStep(kind: 'queue' | 'egress_pool', name: string): Step {
  return ({ bench }) => {
    const object = bench.live.resolve(kind, name);
    if (object instanceof Promise) object.catch(() => undefined);
  };
}

function toggleStep(name: string): Step {
  return ({ failing }) => {
    if (!failing.delete(name)) failing.add(name);
  };
}

test('whatever comes in whatever order, the books are right, nothing used goes, and no update is lost', async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.array(step, { maxLength: 40 }),
      fc.infiniteStream(fc.double({ min: 0, max: 1, maxExcluded: true, noNaN: true })),
      async (steps, jitter) => {
        const world = new World(() => jitter.next().value);
        const { bench } = world;
        for (const [, act] of steps) {
          await act(world);
          bench.checkBooks(false);
        }
        await bench.policy.answerAll();
        await bench.live.settled();
        bench.checkBooks(true);
        world.checkUpToDate();
        // Once nothing fails any more, everything recovers by itself.
        world.failing.clear();
        for (let i = 0; i < 62; i++) {
          await bench.pass(1000);
          await bench.policy.answerAll();
        }
        assert.equal(bench.live.census.total().quarantined, 0);
        world.checkUpToDate();
        // And unused, everything goes.
        for (let i = 0; i < 1400 && bench.live.size > 0; i++) {
          await bench.pass(1000);
          while (bench.policy.open > 0) bench.policy.answerOne();
        }
        assert.equal(bench.live.size, 0);
        bench.checkBooks(true);
      },
    ),
    { numRuns: 150 },
  );
});
