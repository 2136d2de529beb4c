/** A Lua state with `kumo` in it, over a host that records what it is asked and knows the files that the test names. */
import { ConfigError, type ErrorPlace } from '../../src/errors.ts';
import type { KumoHost } from '../../src/kumo/host.ts';
import { installKumo } from '../../src/kumo/index.ts';
import { bytesOf } from '../../src/lua/fengari.ts';
import type { Plain } from '../../src/objects/plain.ts';
import { TestVm } from './lua_vm.ts';

export class TestKumo extends TestVm {
  readonly defined: { kind: string; value: unknown; place: ErrorPlace }[] = [];
  readonly bumps: { scope: string; place: ErrorPlace }[] = [];
  readonly logged: [level: string, text: string, place: ErrorPlace][] = [];
  readonly slept: number[] = [];
  globs: string[] = [];
  failures = 0;

  constructor(data: Record<string, string | Uint8Array> = {}) {
    super();
    const host: KumoHost = {
      validating: false,
      on: () => undefined,
      registrars: () => undefined,
      define: (kind, value, place) => this.defined.push({ kind, value, place }),
      validationFailed: () => this.failures++,
      bump: (scope, place) => this.bumps.push({ scope, place }),
      setGlobs: (globs) => {
        if (globs.includes('bad')) throw new ConfigError('GLOB_INVALID', 'bad glob');
        this.globs = globs;
      },
      evalGlobs: async () => this.globs.map((glob) => `/${glob}`),
      readFile: (file) => {
        const content = data[file];
        if (content === undefined) throw new ConfigError('POLICY_FAILED', `reading file ${file}: none`);
        return typeof content === 'string' ? bytesOf(content) : content;
      },
      log: (level, place, text) => this.logged.push([level, text, place]),
      sleep: async (seconds) => {
        this.slept.push(seconds);
      },
    };
    installKumo(this.L, host);
  }

  /** Runs a chunk in which `kumo` is at hand, on the same line. */
  kumo(text: string): Promise<Plain[]> {
    return this.run(`local kumo = require 'kumo'; ${text}`);
  }
}

export function runKumo(text: string, data?: Record<string, string | Uint8Array>): Promise<Plain[]> {
  return new TestKumo(data).kumo(text);
}
