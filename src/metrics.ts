/** Prometheus metrics. What the parts count anyway is read when somebody scrapes, not pushed on the hot path. */
import { Counter, Gauge, Histogram, Registry } from 'prom-client';
import type { Engine } from './engine.ts';
import type { Epochs } from './epoch/epochs.ts';
import { KIND_NAMES } from './kinds/index.ts';
import { STATES } from './live/object.ts';

export class Metrics {
  private readonly registry = new Registry();
  private readonly polls: Histogram;
  private readonly reload: Gauge;
  private readonly reloadAt: Gauge;

  constructor(engine: Engine, epochs: Epochs) {
    const registers = [this.registry];
    const { live, host } = engine;
    new Gauge({
      name: 'config_epoch',
      help: 'The current configuration epoch',
      registers,
      collect() {
        this.set(epochs.current);
      },
    });
    this.reload = new Gauge({
      name: 'config_last_reload_successful',
      help: 'Whether the last candidate epoch was accepted',
      registers,
    });
    this.reloadAt = new Gauge({
      name: 'config_last_reload_success_timestamp_seconds',
      help: 'When the last accepted epoch was accepted',
      registers,
    });
    new Gauge({
      name: 'config_objects',
      help: 'Live configuration objects by kind and state',
      labelNames: ['kind', 'state'],
      registers,
      collect() {
        for (const kind of KIND_NAMES) {
          for (const state of STATES) this.set({ kind, state }, live.census.byKind[kind][state]);
        }
      },
    });
    new Counter({
      name: 'config_refresh_count',
      help: 'Refreshes of live objects that have ended',
      registers,
      collect() {
        this.reset();
        this.inc(live.refreshes);
      },
    });
    new Counter({
      name: 'config_refresh_failed_count',
      help: 'Refreshes of live objects that failed; the value before goes on serving',
      registers,
      collect() {
        this.reset();
        this.inc(live.failedRefreshes);
      },
    });
    new Counter({
      name: 'config_worker_restarts',
      help: 'Policy workers replaced because they hung or died',
      registers,
      collect() {
        this.reset();
        this.inc(host.restarts);
      },
    });
    this.polls = new Histogram({
      name: 'config_poll_duration_seconds',
      help: 'How long polls of the monitored files took',
      buckets: [0.001, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5],
      registers,
    });
  }

  polled(durationMs: number): void {
    this.polls.observe(durationMs / 1000);
  }

  accepted(now: number): void {
    this.reload.set(1);
    this.reloadAt.set(now / 1000);
  }

  rejected(): void {
    this.reload.set(0);
  }

  text(): Promise<string> {
    return this.registry.metrics();
  }
}
