import assert from 'node:assert/strict';
import { type Ask, KIND_NAMES, type KindName } from '../../src/kinds/index.ts';
import { type Evaluate, type Evaluated, LiveObjects, type LiveOptions } from '../../src/live/live.ts';
import { LiveObject } from '../../src/live/object.ts';
import type { Value } from '../../src/live/value.ts';
import { egressPath, egressPool, egressSource, listenerDomain, queueConfig } from '../../src/objects/index.ts';
import type { Plain } from '../../src/objects/plain.ts';
import { HandClock } from '../support/clock.ts';

const TYPES = {
  get_queue_config: queueConfig,
  get_egress_pool: egressPool,
  get_egress_source: egressSource,
  get_egress_path_config: egressPath,
  get_listener_domain: listenerDomain,
};

/** What a handler of the policy gives for its arguments: constructor input, nil, or what it raises. */
type Handler = (...args: Plain[]) => { [key: string]: Plain } | null | Error;

/** A policy whose handlers answer when the test says so. */
export class HandPolicy {
  readonly calls: Ask[] = [];
  /** Handlers by event; a missing one is an event that nobody registered. */
  readonly handlers: Partial<Record<keyof typeof TYPES, Handler>> = {
    get_queue_config: () => ({ egress_pool: 'pool', refresh_strategy: 'Epoch' }),
    get_egress_pool: (name) => ({ name, entries: [{ name: 'source' }] }),
    get_egress_source: (name) => ({ name }),
  };
  forConnection = false;
  readonly #waiting: { done: (evaluated: Evaluated) => void; evaluated: Evaluated }[] = [];

  /** The answer is the one of the policy as it is now, however late it comes. */
  readonly evaluate: Evaluate = (ask, done) => {
    this.calls.push(ask);
    this.#waiting.push({ done, evaluated: this.#answer(ask) });
  };

  /** Calls without an answer. */
  get open(): number {
    return this.#waiting.length;
  }

  /** Names, or first arguments, that were asked for with `event`. */
  asked(event: keyof typeof TYPES): Plain[] {
    return this.calls.filter((ask) => ask.event === event).map((ask) => ask.args[0]!);
  }

  /** Answers one of the open calls. */
  answerOne(index = 0): void {
    const [call] = this.#waiting.splice(index % Math.max(1, this.#waiting.length), 1);
    call?.done(call.evaluated);
  }

  /** Answers calls until none is left and nothing makes more. */
  async answerAll(): Promise<void> {
    for (let quiet = 0; quiet < 4; quiet++) {
      if (this.open > 0) quiet = 0;
      while (this.open > 0) this.answerOne();
      await turn();
    }
  }

  #answer({ event, args }: Ask): Evaluated {
    const type = TYPES[event as keyof typeof TYPES];
    const handler = this.handlers[event as keyof typeof TYPES];
    const none = { value: null, error: null, provenance: null, durationUs: 5, forConnection: this.forConnection };
    if (handler === undefined) return { ...none, status: 'none' };
    const answer = handler(...args);
    if (answer === null) return { ...none, status: 'nil' };
    if (answer instanceof Error) {
      return { ...none, status: 'error', error: { code: 'HANDLER_FAILED', message: answer.message } };
    }
    return { ...none, status: 'value', value: JSON.stringify(type.read(answer)) };
  }
}

/** Lets promises and immediates that are due run. */
export function turn(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve));
}

export class Bench {
  readonly clock = new HandClock();
  readonly policy = new HandPolicy();
  readonly live: LiveObjects;

  constructor(options: Partial<LiveOptions> = {}) {
    const { clock, policy } = this;
    this.live = new LiveObjects(1, { clock, evaluate: policy.evaluate, random: () => 0, ...options });
    this.live.start();
  }

  /** The object, made if it is not live, with all that it stands on. */
  async resolve(kind: KindName, name: string): Promise<LiveObject> {
    const [object] = await Promise.all([this.live.resolve(kind, name), this.policy.answerAll()]);
    return object;
  }

  /** Moves the epoch on and lets everything follow it. */
  async epoch(number: number): Promise<void> {
    this.live.epochMoved(number);
    await this.policy.answerAll();
    await this.live.settled();
  }

  /** Lets time pass, second by second, and answers nothing. */
  async pass(ms: number): Promise<void> {
    for (let left = ms; left > 0; left -= 1000) {
      this.clock.advance(Math.min(left, 1000));
      await turn();
    }
  }

  /** What everything counts is what a recount finds. `quiet`: no evaluation is under way, so nobody else holds. */
  checkBooks(quiet: boolean): void {
    const { live } = this;
    const objects = KIND_NAMES.flatMap((kind) => [...live.stores[kind].after(0)]);
    assert.equal(live.size, objects.length);
    const states = Object.fromEntries(
      KIND_NAMES.map((kind) => [kind, { fresh: 0, stale: 0, refreshing: 0, quarantined: 0 }]),
    ) as typeof live.census.byKind;
    const holders = new Map<Value, number>();
    const users = new Map<LiveObject, number>();
    for (const object of objects) {
      assert.equal(live.peek(object.kind.name, object.name), object);
      states[object.kind.name][live.stateOf(object)]++;
      holders.set(object.value, (holders.get(object.value) ?? 0) + 1);
      for (const { kind, name } of object.value.uses) {
        const used = live.peek(kind, name);
        assert.ok(used instanceof LiveObject, `${object.name} stands on ${kind} ${name}, which is not live`);
        users.set(used, (users.get(used) ?? 0) + 1);
      }
    }
    assert.deepEqual(live.census.byKind, states);
    assert.equal(live.census.onEpoch, objects.filter((object) => object.value.timing.onEpoch).length);
    for (const object of objects) {
      const counted = users.get(object) ?? 0;
      assert.ok(quiet ? object.users === counted : object.users >= counted, `users of ${object.name}`);
    }
    for (const [value, counted] of holders) {
      assert.ok(quiet ? value.holders === counted : value.holders >= counted, `holders of ${value.text}`);
    }
    if (quiet)
      assert.equal(
        KIND_NAMES.reduce((sum, kind) => sum + live.stores[kind].values.size, 0),
        holders.size,
      );
  }
}
