/**
 * The live objects: made when they are asked for, refreshed by age or epoch while the old value serves, gone when
 * nobody uses them. How a value is computed is the evaluator's business.
 */
import type { Clock } from '../clock.ts';
import { ConfigError, type ErrorReport, toConfigError } from '../errors.ts';
import { type Ask, KIND_NAMES, type Kind, type KindName, kinds } from '../kinds/index.ts';
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
  /** Who waits for the end of a refresh that was under way already. */
  private readonly awaited = new Map<LiveObject, (() => void)[]>();
  private readonly held = new Map<string, { error: ConfigError; until: number }>();
  /** The newest epoch, and the newest of those that what depends on epochs has to catch up with. */
  private epoch: number;
  private required: number;
  private stopped = false;

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

  /** Refreshes that are under way change nothing any more. */
  stop(): void {
    this.stopped = true;
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
    this.used(object);
    return object;
  }

  /**
   * An object that belongs to one session, evaluated for it. Kept, so that the next session finds it live, only when
   * `keep` allows and the answer did not depend on the session; from then on it is evaluated by its name alone.
   */
  async resolveForSession(kindName: KindName, name: string, ask: Ask, keep: boolean): Promise<LiveObject> {
    const store = this.stores[kindName];
    const kept = keep ? store.get(name) : undefined;
    if (kept !== undefined) {
      this.used(kept);
      return kept;
    }
    const made = await new Promise<Made>((resolve, reject) =>
      this.evaluate(kinds[kindName], name, ask, (outcome) =>
        outcome instanceof ConfigError ? reject(outcome) : resolve(outcome),
      ),
    );
    if (keep && !made.forConnection && store.get(name) === undefined) {
      return this.install(kindName, name, undefined, made);
    }
    const passing = new LiveObject(kinds[kindName], name, 0, ask, made, this.clock);
    this.discard(kindName, made.value);
    return passing;
  }

  /** The epoch has moved: everything that depends on it is refreshed, what others stand on first. */
  epochMoved(epoch: number): void {
    // A number that nothing heeds may have overtaken the one whose policy was still being loaded.
    this.epoch = Math.max(this.epoch, epoch);
    this.required = epoch;
    this.census.epochMoved();
    this.held.clear();
    this.sweeper.start(epoch);
  }

  /** The epoch has moved, and nothing depends on what it changed: no value is touched. */
  epochRestamped(epoch: number): void {
    this.epoch = Math.max(this.epoch, epoch);
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

  private make(kindName: KindName, name: string, ask: Ask | undefined): Promise<LiveObject> {
    const key = `${kindName} ${name}`;
    const running = this.making.get(key);
    if (running !== undefined) return running;
    const held = this.held.get(key);
    if (held !== undefined) {
      if (held.until > this.clock.monotonic()) return Promise.reject(held.error);
      this.held.delete(key);
    }
    const { required } = this;
    const { promise, resolve, reject } = Promise.withResolvers<LiveObject>();
    this.making.set(key, promise);
    this.evaluate(kinds[kindName], name, ask, (outcome) => {
      this.making.delete(key);
      if (outcome instanceof ConfigError) {
        // A misspelt name costs nothing to refuse again; and what an epoch before could not make, this one may.
        if (outcome.code !== 'INVALID_NAME' && required === this.required) this.hold(key, outcome);
        reject(outcome);
      } else {
        resolve(this.install(kindName, name, ask, outcome));
      }
    });
    return promise;
  }

  private install(kindName: KindName, name: string, ask: Ask | undefined, made: Made): LiveObject {
    const object = this.stores[kindName].add(name, ask, made, this.clock);
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

  // --- Evaluating ------------------------------------------------------------------------------------------------

  /**
   * The value of an object and everything that it stands on. The value is held, and what it stands on is in use, on
   * behalf of whoever gets it. Callbacks, not promises: this runs for every object after every epoch.
   */
  private evaluate(kind: Kind, name: string, ask: Ask | undefined, done: (outcome: Made | ConfigError) => void): void {
    // As they are before the handler is called: when the epoch moves meanwhile, the value counts as one from before.
    const { epoch, required } = this;
    const { values } = this.stores[kind.name];
    try {
      const reserved = kind.reserved(name);
      if (reserved !== undefined) {
        const value = values.hold(JSON.stringify(reserved));
        this.standOnUses(kind, name, { value, ...NOT_EVALUATED, epoch, required }, done);
        return;
      }
      const asked = ask ?? kind.ask(name);
      this.options.evaluate(asked, (evaluated) => {
        let value: Value;
        try {
          value = values.hold(valueText(kind, name, asked, evaluated));
        } catch (thrown) {
          done(toConfigError(thrown));
          return;
        }
        const { provenance, durationUs, forConnection } = evaluated;
        this.standOnUses(kind, name, { value, provenance, epoch, required, durationUs, forConnection }, done);
      });
    } catch (thrown) {
      done(toConfigError(thrown));
    }
  }

  /** Sees to it that everything that a value stands on is live, and stays so. */
  private standOnUses(kind: Kind, name: string, made: Made, done: (outcome: Made | ConfigError) => void): void {
    const { uses } = made.value;
    for (const [i, use] of uses.entries()) {
      const object = this.peek(use.kind, use.name);
      if (object === undefined) {
        this.makeUses(kind, name, made.value, i).then(() => done(made), done);
        return;
      }
      object.users++;
    }
    done(made);
  }

  /** The same for the uses from number `from` on, some of which have to be made. */
  private async makeUses(kind: Kind, name: string, value: Value, from: number): Promise<void> {
    let reached = from;
    try {
      for (; reached < value.uses.length; reached++) {
        const use = value.uses[reached]!;
        const object = this.peek(use.kind, use.name) ?? (await this.make(use.kind, use.name, undefined));
        object.users++;
      }
    } catch (thrown) {
      this.stores[kind.name].values.release(value);
      for (const use of value.uses.slice(0, reached)) this.unuse(use);
      throw blamed(kind.blame(name), toConfigError(thrown));
    }
  }

  // --- Refreshing ------------------------------------------------------------------------------------------------

  /**
   * Evaluates a live object anew; the old value serves until then, and goes on serving if that fails. `done` is called
   * once the object has caught up with the epoch or failed to.
   */
  private refresh(object: LiveObject, done?: () => void): void {
    if (object.refreshing) {
      if (done !== undefined) this.awaited.set(object, [...(this.awaited.get(object) ?? []), done]);
      return;
    }
    if (object.removed) {
      done?.();
      return;
    }
    this.census.count(object, this.required, -1);
    object.refreshing = true;
    this.census.count(object, this.required, 1);
    const { required } = this;
    this.evaluate(object.kind, object.name, object.ask, (outcome) => {
      if (this.stopped) return;
      this.refreshes++;
      if (outcome instanceof ConfigError) this.failed(object, outcome);
      else this.succeeded(object, outcome);
      if (required < this.required && object.behind(this.required)) {
        // It was refreshed for an epoch that has passed meanwhile.
        this.refresh(object, done);
        return;
      }
      this.plan(object);
      done?.();
      const awaiting = this.awaited.get(object);
      if (awaiting === undefined) return;
      this.awaited.delete(object);
      for (const waiter of awaiting) waiter();
    });
  }

  private succeeded(object: LiveObject, made: Made): void {
    this.census.count(object, this.required, -1);
    const before = object.value;
    const recovered = object.error !== null;
    object.take(made, this.clock.now());
    object.refreshing = false;
    this.census.count(object, this.required, 1);
    this.discard(object.kind.name, before);
    // A handler that has come to look at the session: its answer is no longer everybody's.
    if (made.forConnection) this.remove(object);
    if (recovered) this.options.onRecovery?.(object);
    this.options.onRefresh?.(object, before !== made.value);
  }

  private failed(object: LiveObject, error: ConfigError): void {
    this.failedRefreshes++;
    this.census.count(object, this.required, -1);
    const first = object.error === null;
    object.error = error.toJSON();
    object.failures++;
    object.refreshing = false;
    this.census.count(object, this.required, 1);
    if (first) this.options.onQuarantine?.(object);
  }

  // --- Ageing ----------------------------------------------------------------------------------------------------

  /** Sets when the object is looked at next: for its refresh, its next try, or to let it go. */
  private plan(object: LiveObject): void {
    if (object.removed) return;
    const now = this.clock.monotonic();
    const { refreshMs } = object.value.timing;
    if (object.error !== null) {
      const backoff = Math.min(MAX_RETRY_MS, FIRST_RETRY_MS * 2 ** Math.min(object.failures - 1, 10));
      object.dueAt = now + backoff * (0.5 + this.options.random() / 2);
    } else if (refreshMs === null) {
      object.dueAt = Infinity;
    } else {
      object.dueAt = now + refreshMs * (1 - JITTER * this.options.random());
    }
    this.schedule.at(object, Math.min(object.dueAt, reapAt(object, now)));
  }

  private wake(object: LiveObject): void {
    // Its next appointment is made when the refresh ends. So nothing is removed while it is refreshed.
    if (object.refreshing) return;
    const now = this.clock.monotonic();
    if (object.users === 0 && now >= reapAt(object, now)) this.remove(object);
    else if (now >= object.dueAt) this.refresh(object);
    else this.schedule.at(object, Math.min(object.dueAt, reapAt(object, now)));
  }

  private remove(object: LiveObject): void {
    this.census.count(object, this.required, -1);
    this.stores[object.kind.name].remove(object);
    object.removed = true;
    this.discard(object.kind.name, object.value);
  }

  /** Lets go of a value and of what it stands on. */
  private discard(kindName: KindName, value: Value): void {
    for (const use of value.uses) this.unuse(use);
    this.stores[kindName].values.release(value);
  }

  private unuse(use: { kind: KindName; name: string }): void {
    // It is there: what has users does not idle out.
    const object = this.peek(use.kind, use.name)!;
    object.users--;
    // Its idle time starts now, as if it had been used until here.
    if (object.users === 0) this.used(object);
  }

  private used(object: LiveObject): void {
    object.lastUsedAt = this.clock.now();
    object.idleSince = this.clock.monotonic();
  }
}

const NOT_EVALUATED = { provenance: null, durationUs: 0, forConnection: false };

/** When an object idles out, as things are now. Monotonic: a change of the wall clock lets nothing go. */
function reapAt(object: LiveObject, now: number): number {
  return (object.users > 0 ? now : object.idleSince) + object.value.timing.reapMs;
}

/** The value that an evaluation comes to, as JSON text. Throws what the evaluation failed with. */
function valueText(kind: Kind, name: string, ask: Ask, evaluated: Evaluated): string {
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

function blamed(blame: string, error: ConfigError): ConfigError {
  if (blame === '') return error;
  const { code, message, place, details, cause } = error;
  return new ConfigError(code, `${blame}${message}`, { place, details, cause });
}
