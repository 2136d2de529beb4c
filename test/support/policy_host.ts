/** A PolicyHost over a policy in a folder of its own, with real worker threads, and all that it reports. */
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import type { TestContext } from 'node:test';
import type { Logger } from 'pino';
import { systemClock } from '../../src/clock.ts';
import type { ErrorPlace } from '../../src/errors.ts';
import type { Plain } from '../../src/objects/plain.ts';
import { type CallResult, PolicyHost, type PolicyHostOptions } from '../../src/policy/host.ts';
import { searchPath } from '../../src/policy/search_path.ts';

const REGISTER = "local kumo = require 'kumo'\n";

export class TestPolicy {
  readonly folder: string;
  readonly policy: string;
  readonly host: PolicyHost;
  readonly defined: { kind: string; value: unknown; place: ErrorPlace }[] = [];
  readonly bumps: { scope: string; place: ErrorPlace }[] = [];
  readonly globs: string[][] = [];
  readonly logged: { level: string; place: ErrorPlace; text: string }[] = [];
  readonly errors: string[] = [];
  readonly exits: number[] = [];
  printed = '';
  validationFailed = false;

  /** `files` are the policy's; `init.lua` gets `local kumo = require 'kumo'` in front, on a line of its own. */
  constructor(t: TestContext, files: Record<string, string>, options: Partial<PolicyHostOptions> = {}) {
    this.folder = mkdtempSync(join(tmpdir(), 'kumo-policy-'));
    this.policy = join(this.folder, 'init.lua');
    for (const [name, text] of Object.entries(files)) this.write(name, text);
    const log = { error: (_fields: object, message: string) => this.errors.push(message) };
    this.host = new PolicyHost({
      policy: this.policy,
      path: searchPath(this.policy),
      validating: false,
      timeoutMs: 5_000,
      heapMb: 256,
      workers: 1,
      clock: systemClock,
      log: log as unknown as Logger,
      onDefine: (kind, value, place) => this.defined.push({ kind, value, place }),
      onValidationFailed: () => {
        this.validationFailed = true;
      },
      onBump: (scope, place) => this.bumps.push({ scope, place }),
      onGlobs: (globs) => this.globs.push(globs),
      evalGlobs: async () => ['/a', '/b'],
      onLog: (level, place, text) => this.logged.push({ level, place, text }),
      onPrint: (text) => {
        this.printed += Buffer.from(text).toString();
      },
      onExit: (code) => this.exits.push(code),
      ...options,
    });
    t.after(async () => {
      await this.host.stop();
      rmSync(this.folder, { recursive: true, force: true });
    });
  }

  /** Starts workers and loads the policy as generation 1. */
  static async load(
    t: TestContext,
    init: string | Record<string, string>,
    options: Partial<PolicyHostOptions> = {},
  ): Promise<TestPolicy> {
    const policy = new TestPolicy(t, typeof init === 'string' ? { 'init.lua': init } : init, options);
    await policy.use(1);
    return policy;
  }

  at(name: string): string {
    return join(this.folder, name);
  }

  write(name: string, text: string): void {
    mkdirSync(dirname(this.at(name)), { recursive: true });
    writeFileSync(this.at(name), name === 'init.lua' ? REGISTER + text : text);
  }

  /** Loads what is on disk as generation `number`, and lets calls go to it. */
  async use(number: number): Promise<string[]> {
    const { events } = await this.host.load(number);
    this.host.use(number);
    return events;
  }

  call(event: string, ...args: Plain[]): Promise<CallResult> {
    return new Promise((resolve) => this.host.call(event, args, resolve));
  }

  /** The answer of get_queue_config for a domain. */
  queue(...args: Plain[]): Promise<CallResult> {
    return this.call('get_queue_config', ...args);
  }

  /** Runs a handler of `init` that returns nothing; resolves when it has ended. */
  run(event: string, ...args: Plain[]): Promise<void> {
    return this.host.run(1, [event], args);
  }
}

/** The pool that a queue's value names. */
export function poolOf(result: CallResult): unknown {
  return result.value === null ? result.error : (JSON.parse(result.value) as { egress_pool?: string }).egress_pool;
}
