/** A Lua state in the test's own thread, with the files that the test names and nothing else. */
import { Chunks } from '../../src/lua/chunks.ts';
import { Deadline } from '../../src/lua/deadline.ts';
import { takeError } from '../../src/lua/errors.ts';
import { bytesOf, type LuaFunction, type LuaState, lua, name } from '../../src/lua/fengari.ts';
import { type Driver, drive, suspend } from '../../src/lua/suspend.ts';
import { pushPlain, toPlain } from '../../src/lua/values.ts';
import { newState, type VmHost } from '../../src/lua/vm.ts';
import type { Plain } from '../../src/objects/plain.ts';

export interface TestVmOptions extends Partial<VmHost> {
  /** Texts of files by path. */
  files?: Record<string, string>;
  /** The deadline of a run. */
  timeoutMs?: number;
}

export class TestVm {
  readonly L: LuaState;
  readonly chunks: Chunks;
  readonly printed: string[] = [];
  readonly deadline = new Deadline();
  private readonly timeoutMs: number;

  constructor(options: TestVmOptions = {}) {
    const { files = {}, timeoutMs = 60_000, ...host } = options;
    this.timeoutMs = timeoutMs;
    this.chunks =
      host.chunks ??
      new Chunks((file) => {
        if (!Object.hasOwn(files, file)) throw new Error(`no file ${file}`);
        return bytesOf(files[file]!);
      });
    this.L = newState({
      path: './?.lua',
      exists: (file) => Object.hasOwn(files, file),
      helper: () => undefined,
      print: (text) => this.printed.push(Buffer.from(text).toString()),
      printError: () => undefined,
      execute: async () => ({ code: 0 }),
      exit: (code) => {
        throw new Error(`exit ${code}`);
      },
      ...host,
      chunks: this.chunks,
    });
    this.deadline.watch(this.L);
    // wait(v) suspends and then returns v; fail(text) suspends and then raises.
    this.global('wait', (L) => {
      const value = toPlain(L, 1);
      return suspend(L, Promise.resolve(value), (L, value) => {
        pushPlain(L, value);
        return 1;
      });
    });
    this.global('fail', (L) => suspend(L, Promise.reject(new Error(String(toPlain(L, 1)))), () => 0));
  }

  global(key: string, value: LuaFunction | Plain): void {
    if (typeof value === 'function') lua.lua_pushcfunction(this.L, value);
    else pushPlain(this.L, value);
    lua.lua_setglobal(this.L, name(key));
  }

  /** Runs a chunk as the body of a handler; resolves to what it returns, rejects with the ConfigError. */
  async run(text: string, file = 'test.lua'): Promise<Plain[]> {
    return await this.start((co) => this.chunks.pushText(co, file, bytesOf(text)));
  }

  /** The same for a file. */
  async runFile(file: string): Promise<Plain[]> {
    return await this.start((co) => this.chunks.push(co, file));
  }

  private async start(push: (co: LuaState) => void): Promise<Plain[]> {
    const co = lua.lua_newthread(this.L);
    push(co);
    this.deadline.start(this.timeoutMs);
    const driver: Driver = { wait: (promise) => promise };
    const status = await drive(co, 0, driver);
    if (status !== lua.LUA_OK) throw takeError(co, 'HANDLER_FAILED', (short) => this.chunks.fullPath(short));
    const results: Plain[] = [];
    for (let i = 1; i <= lua.lua_gettop(co); i++) results.push(toPlain(co, i));
    return results;
  }
}

/** What a chunk returns when it runs in a state of its own. */
export function runLua(text: string, options?: TestVmOptions): Promise<Plain[]> {
  return new TestVm(options).run(text);
}
