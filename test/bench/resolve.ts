/** Resolves of live objects a second within the process: what an answer costs before HTTP. */
import { makeLive, queueNames, REALISTIC, ratePerSecond, repeat, report, startEngine } from './lib.ts';

const RUNS = 7;
const RUN_MS = 500;
const OBJECTS = 10_000;

const engine = await startEngine(REALISTIC);
const { live } = engine;
const names = queueNames(OBJECTS);
await makeLive(engine, names);

const byName = names.map((name) => ({ kind: 'queue', name }) as const);
const byParts = names.map((name) => {
  const [tenant, domain] = name.split('@') as [string, string];
  return { kind: 'queue', tenant, domain } as const;
});

/** Lengths are added up so that no text can be found unused and left out. */
let length = 0;
let next = 0;
async function rates(requests: typeof byName | typeof byParts, text: boolean): Promise<number[]> {
  return repeat(RUNS, () =>
    ratePerSecond(RUN_MS, 1000, () => {
      for (let i = 0; i < 1000; i++) {
        const object = engine.resolve(requests[next++ % OBJECTS]!);
        if (object instanceof Promise) throw new Error('an object was not live');
        length += text ? live.text(object).length : object.epoch;
      }
    }),
  );
}

report('resolve by name, JSON text', await rates(byName, true), '/s', `${OBJECTS} live queues in turn`);
report('resolve by tenant and domain, JSON text', await rates(byParts, true), '/s');
report('resolve by name, no text', await rates(byName, false), '/s', 'the look-up alone');
if (length === 0) throw new Error('nothing was resolved');
await engine.stop();
