/**
 * The live objects: made when they are asked for, refreshed by age or epoch while the old value serves, gone when
 * nobody uses them. How a value is computed is the evaluator's business.
 */
import type { Clock } from '../clock.ts';
import { ConfigError, type ErrorReport } from '../errors.ts';
import { type Ask, KIND_NAMES, type KindName, kinds } from '../kinds/index.ts';
import type { Provenance } from '../policy/record.ts';
import { Census } from './census.ts';
import { LiveObject, type Made, type State } from './object.ts';
import { Schedule } from './schedule.ts';
import { Store } from './store.ts';
import { Sweep } from './sweep.ts';
import type { Value } from './value.ts';

/** What the evaluator answers. `value` is JSON text; null where no handler gave one. */
export interface Evaluated {
  status: 'value' | 'none' | 'nil' | 'error';
  value: string | null;
  error: ErrorReport | null;
  provenance: Provenance | null;
  durationUs: number;
  /** The answer is for one connection alone. */
  forConnection: boolean;
  /** The epoch whose policy answered. */
  epoch: number;
}

/** Calls the handlers of the newest accepted epoch; `done` is called later, never at once. */
export type Evaluate = (ask: Ask, done: (evaluated: Evaluated) => void) => void;

export interface LiveOptions {
  clock: Clock;
  evaluate: Evaluate;
  /** 0 ≤ random() < 1, for jitter. */
  random: () => number;
  onQuarantine?: (object: LiveObject) => void;
  onRecovery?: (object: LiveObject) => void;
  onRefresh?: (object: LiveObject, changed: boolean) => void;
}

/** An object that never had a value answers its error this long before it is tried again. */
const HOLD_ERROR_MS = 2000;
const MAX_HELD_ERRORS = 100_000;
const FIRST_RETRY_MS = 1000;
const MAX_RETRY_MS = 60_000;
/** Objects made together must not all be refreshed together: each interval is this much shorter at the most. */
const JITTER = 0.1;

export class LiveObjects {
  readonly stores: Record<KindName, Store>;
  readonly census = new Census();
  /** Refreshes that ended, and of these the ones that failed. */
  refreshes = 0;
  failedRefreshes = 0;
  private readonly options: LiveOptions;
  private readonly clock: Clock;
  private readonly schedule: Schedule;
  private readonly sweeper: Sweep;
  private readonly making = new Map<string, Promise<LiveObject>>();
  private readonly held = new Map<string, { error: ConfigError; until: number }>();
  /** The newest epoch, and the newest of those that what depends on epochs has to catch up with. */
  private epoch: number;
  private required: number;

  constructor(epoch: number, options: LiveOptions) {
    this.epoch = epoch;
    this.required = epoch;
    this.options = options;
    this.clock = options.clock;
    this.stores = Object.fromEntries(KIND_NAMES.map((kind) => [kind, new Store(kinds[kind])])) as Record<
      KindName,
      Store
    >;
    this.schedule = new Schedule(options.clock, (object) => this.wake(object));
    this.sweeper = new Sweep(this.stores, (object, done) => this.refresh(object, done));
  }

  start(): void {
    this.schedule.start();
  }

  stop(): void {
    this.schedule.stop();
    this.sweeper.stop();
  }

  get size(): number {
    return KIND_NAMES.reduce((sum, kind) => sum + this.stores[kind].size, 0);
  }

  /** The live object, without counting as use. */
  peek(kind: KindName, name: string): LiveObject | undefined {
    return this.stores[kind].get(name);
  }

  /**
   * The object by this name, made if it is not live; counts as use. The object comes at once when it is live, else as
   * a promise that rejects with what went wrong. `ask` is the handler call where the name alone does not say it.
   */
  resolve(kind: KindName, name: string, ask?: Ask): LiveObject | Promise<LiveObject> {
    const object = this.stores[kind].get(name);
    if (object === undefined) return this.make(kind, name, ask);
    object.lastUsedAt = this.clock.now();
    return object;
  }

  /**
   * An object that belongs to one session, evaluated for it. Kept, so that the next session finds it live, only when
   * `keep` allows and the answer did not depend on the session.
   */
  async resolveForSession(kind: KindName, name: string, ask: Ask, keep: boolean): Promise<LiveObject> {
    if (keep) {
      const object = this.stores[kind].get(name);
      if (object !== undefined) {
        object.lastUsedAt = this.clock.now();
        return object;
      }
    }
    const made = await this.evaluate(kind, name, ask);
    const live = this.stores[kind].get(name);
    if (keep && !made.forConnection && live === undefined) return this.install(kind, name, ask, made);
    const passing = new LiveObject(kinds[kind], name, 0, ask, made, this.clock.now());
    this.stores[kind].values.release(made.value);
    return passing;
  }

  /** The epoch has moved: everything that depends on it is refreshed, what others stand on first. */
  epochMoved(epoch: number): void {
    this.epoch = epoch;
    this.required = epoch;
    this.census.epochMoved();
    this.held.clear();
    this.sweeper.start(epoch);
  }

  /** The epoch has moved, and nothing depends on what it changed: no value is touched. */
  epochRestamped(epoch: number): void {
    this.epoch = epoch;
  }

  /** An object as the API shows it, as JSON text. */
  text(object: LiveObject): string {
    return object.toText(this.required, this.epoch);
  }

  stateOf(object: LiveObject): State {
    return object.state(this.required);
  }

  /** Resolves when the refreshes that the last epoch brought are done. */
  settled(): Promise<void> {
    return this.sweeper.done();
  }

  // --- Making ----------------------------------------------------------------------------------------------------

  private make(kind: KindName, name: string, ask: Ask | undefined): Promise<LiveObject> {
    const key = `${kind} ${name}`;
    const running = this.making.get(key);
    if (running !== undefined) return running;
    const held = this.held.get(key);
    if (held !== undefined) {
      if (held.until > this.clock.monotonic()) return Promise.reject(held.error);
      this.held.delete(key);
    }
    const making = this.makeNow(kind, name, ask).catch((error: ConfigError) => {
      // A misspelt name costs nothing to refuse again.
      if (error.code !== 'INVALID_NAME') this.hold(key, error);
      throw error;
    });
    const settled = making.finally(() => this.making.delete(key));
    this.making.set(key, settled);
    return settled;
  }

  private async makeNow(kindName: KindName, name: string, ask: Ask | undefined): Promise<LiveObject> {
    const kind = kinds[kindName];
    const made = await this.evaluate(kindName, name, ask ?? kind.ask(name));
    return this.install(kindName, name, ask, made);
  }

  private install(kindName: KindName, name: string, ask: Ask | undefined, made: Made): LiveObject {
    const object = this.stores[kindName].add(name, ask, made, this.clock.now());
    for (const use of object.value.uses) this.peek(use.kind, use.name)!.users++;
    this.census.count(object, this.required, 1);
    this.plan(object);
    // The epoch moved while this was made: the sweep may have passed already.
    if (object.behind(this.required)) this.refresh(object);
    return object;
  }

  private hold(key: string, error: ConfigError): void {
    if (this.held.size >= MAX_HELD_ERRORS) this.held.clear();
    this.held.set(key, { error, until: this.clock.monotonic() + HOLD_ERROR_MS });
  }

  /** The value of an object and everything that it stands on; the value is held for the caller. */
  private async evaluate(kindName: KindName, name: string, ask: Ask): Promise<Made> {
    const kind = kinds[kindName];
    const { values } = this.stores[kindName];
    const reserved = kind.reserved(name);
    if (reserved !== undefined) {
      const value = values.hold(JSON.stringify(reserved));
      await this.resolveUses(kindName, name, value);
      return { value, provenance: null, epoch: this.epoch, durationUs: 0, forConnection: false };
    }
    const evaluated = await new Promise<Evaluated>((resolve) => this.options.evaluate(ask, resolve));
    const value = values.hold(this.valueText(kindName, name, ask, evaluated));
    await this.resolveUses(kindName, name, value);
    const { provenance, epoch, durationUs, forConnection } = evaluated;
    return { value, provenance, epoch, durationUs, forConnection };
  }

  private valueText(kindName: KindName, name: string, ask: Ask, evaluated: Evaluated): string {
    const kind = kinds[kindName];
    switch (evaluated.status) {
      case 'value':
        return evaluated.value!;
      case 'nil':
        return 'null';
      case 'error':
        throw blamed(kind.blame(name), ConfigError.fromReport(evaluated.error!));
    }
    if (kind.whenNone === 'nil') return 'null';
    if (kind.whenNone === 'default') return JSON.stringify(kind.type.read({}));
    const missing = new ConfigError('HANDLER_MISSING', `Event ${ask.event} has not been registered`);
    throw blamed(kind.blame(name), missing);
  }

  /** Sees to it that everything that `value` stands on is live. Releases the value when something is not to be had. */
  private async resolveUses(kindName: KindName, name: string, value: Value): Promise<void> {
    try {
      for (const use of value.uses) {
        const object = this.stores[use.kind].get(use.name);
        // The common case: nothing to wait for.
        if (object === undefined) await this.make(use.kind, use.name, undefined);
      }
    } catch (thrown) {
      this.stores[kindName].values.release(value);
      throw blamed(kinds[kindName].blame(name), thrown as ConfigError);
    }
  }

  // --- Refreshing ------------------------------------------------------------------------------------------------

  /** Evaluates a live object anew; the old value serves until then, and goes on serving if that fails. */
  private refresh(object: LiveObject, done?: () => void): void {
    if (object.refreshing || object.removed) {
      done?.();
      return;
    }
    this.census.count(object, this.required, -1);
    object.refreshing = true;
    this.census.count(object, this.required, 1);
    const { kind, name } = object;
    this.evaluate(kind.name, name, object.ask ?? kind.ask(name))
      .then(
        (made) => this.succeeded(object, made),
        (error: ConfigError) => this.failed(object, error),
      )
      .finally(() => {
        this.plan(object);
        done?.();
        // It was refreshed for an epoch that has passed meanwhile.
        if (object.error === null && object.behind(this.required)) this.refresh(object);
      });
  }

  private succeeded(object: LiveObject, made: Made): void {
    this.refreshes++;
    const store = this.stores[object.kind.name];
    if (object.removed) {
      store.values.release(made.value);
      return;
    }
    this.census.count(object, this.required, -1);
    const before = object.value;
    const changed = before !== made.value;
    if (changed) {
      for (const use of made.value.uses) this.peek(use.kind, use.name)!.users++;
      for (const use of before.uses) this.unuse(use);
    }
    object.value = made.value;
    store.values.release(before);
    object.provenance = made.provenance;
    object.epoch = made.epoch;
    object.durationUs = made.durationUs;
    object.loadedAt = this.clock.now();
    object.refreshing = false;
    const recovered = object.error !== null;
    object.error = null;
    object.failures = 0;
    this.census.count(object, this.required, 1);
    // A handler that has come to look at the session: its answer is no longer everybody's.
    if (made.forConnection) this.remove(object);
    if (recovered) this.options.onRecovery?.(object);
    this.options.onRefresh?.(object, changed);
  }

  private failed(object: LiveObject, error: ConfigError): void {
    this.refreshes++;
    this.failedRefreshes++;
    if (object.removed) return;
    this.census.count(object, this.required, -1);
    object.refreshing = false;
    const first = object.error === null;
    object.error = error.toJSON();
    object.failures++;
    this.census.count(object, this.required, 1);
    if (first) this.options.onQuarantine?.(object);
  }

  // --- Ageing ----------------------------------------------------------------------------------------------------

  /** Sets when the object is looked at next: for its refresh, its next try, or to let it go. */
  private plan(object: LiveObject): void {
    if (object.removed) return;
    const now = this.clock.monotonic();
    const { refreshMs, reapMs } = object.value.timing;
    if (object.error !== null) {
      const backoff = Math.min(MAX_RETRY_MS, FIRST_RETRY_MS * 2 ** Math.min(object.failures - 1, 10));
      object.dueAt = now + backoff * (0.5 + this.options.random() / 2);
    } else if (refreshMs === null) {
      object.dueAt = Infinity;
    } else {
      object.dueAt = now + refreshMs * (1 - JITTER * this.options.random());
    }
    this.schedule.at(object, Math.min(object.dueAt, now + Math.max(reapMs - this.idleMs(object), 0)));
  }

  private idleMs(object: LiveObject): number {
    return object.users > 0 ? 0 : this.clock.now() - object.lastUsedAt;
  }

  private wake(object: LiveObject): void {
    if (object.refreshing) return;
    const now = this.clock.monotonic();
    const { reapMs } = object.value.timing;
    if (object.users === 0 && this.idleMs(object) >= reapMs) this.remove(object);
    else if (now >= object.dueAt) this.refresh(object);
    else this.schedule.at(object, Math.min(object.dueAt, now + reapMs - this.idleMs(object)));
  }

  private remove(object: LiveObject): void {
    this.census.count(object, this.required, -1);
    const store = this.stores[object.kind.name];
    store.remove(object);
    object.removed = true;
    for (const use of object.value.uses) this.unuse(use);
    store.values.release(object.value);
  }

  private unuse(use: { kind: KindName; name: string }): void {
    const object = this.peek(use.kind, use.name)!;
    object.users--;
    // Its idle time starts now, as if it had been used until here.
    if (object.users === 0) object.lastUsedAt = this.clock.now();
  }
}

function blamed(blame: string, error: ConfigError): ConfigError {
  if (blame === '') return error;
  const { code, message, place, details, cause } = error;
  return new ConfigError(code, `${blame}${message}`, { place, details, cause });
}
