import type { TestContext } from 'node:test';
import { adminRoutes } from '../../../src/admin/routes/index.ts';
import type { Engine } from '../../../src/engine.ts';
import { Epochs } from '../../../src/epoch/epochs.ts';
import { Ledger } from '../../../src/epoch/ledger.ts';
import { type ResolveRequest, requestedObject, type WantedObject } from '../../../src/kinds/index.ts';
import { Bench } from '../../live/policy.ts';
import { HandClock } from '../../support/clock.ts';
import { type Client, listen } from '../client.ts';

/** The parts behind the admin routes, without a policy worker: what the handlers answer is the test's to say. */
export class HandDaemon {
  readonly bench: Bench;
  readonly ledger = new Ledger(null);
  readonly clock = new HandClock();
  readonly epochs: Epochs;
  notReady: string | null = null;
  /** How the next evaluations end: at once with what this throws, or when the test says so. */
  evaluate: () => Promise<void> = async () => undefined;

  constructor() {
    const bench = new Bench({
      evaluate: (ask, done) => {
        bench.policy.evaluate(ask, done);
        setImmediate(() => bench.policy.answerOne());
      },
    });
    this.bench = bench;
    this.epochs = new Epochs({
      clock: this.clock,
      ledger: this.ledger,
      hash: () => 'h',
      dependents: () => bench.live.census.onEpoch,
      evaluate: () => this.evaluate(),
      onAccepted: (epoch) => bench.live.epochMoved(epoch),
      onRejected: () => undefined,
      onUnheeded: ({ epoch }) => bench.live.epochRestamped(epoch),
    });
    this.epochs.start();
  }

  listen(t: TestContext, bodyLimit = 2 * 1024 * 1024): Promise<Client> {
    const { bench, epochs, ledger } = this;
    const { live } = bench;
    const take = ({ kind, name, ask, keep }: WantedObject) =>
      kind === 'listener_domain' ? live.resolveForSession(kind, name, ask!, keep!) : live.resolve(kind, name, ask);
    const dns = { resolveMx: async () => [{ exchange: 'mx.example.com', priority: 10 }] };
    const engine = {
      resolve(request: ResolveRequest) {
        const wanted = requestedObject(request, dns);
        return wanted instanceof Promise ? wanted.then(take) : take(wanted);
      },
    } as unknown as Engine;
    const routes = adminRoutes({
      engine,
      live,
      epochs,
      ledger,
      notReady: () => this.notReady,
      init: () => ({ listeners: [] }),
      metrics: async () => 'config_epoch 1\n',
    });
    return listen(t, routes, { bodyLimit });
  }
}
