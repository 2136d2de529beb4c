/** The built program as system tests use it: run to its end, or as a daemon that is always stopped. */
import { type ChildProcess, spawn } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import type { TestContext } from 'node:test';
import { until } from './wait.ts';

export const BINARY = join(import.meta.dirname, '../../dist/kumo-configd');
/** The interval at which daemons in tests poll their files. */
const POLL = '50ms';

export interface Ended {
  status: number | null;
  signal: string | null;
  stdout: string;
  stderr: string;
}

export interface SpawnSettings {
  cwd?: string;
  env?: Record<string, string>;
  uid?: number;
  gid?: number;
}

/** Runs the program to its end. */
export async function run(args: string[], settings: SpawnSettings = {}): Promise<Ended> {
  return new Running(BINARY, args, settings).ended;
}

class Running {
  readonly child: ChildProcess;
  readonly ended: Promise<Ended>;
  stdout = '';
  stderr = '';

  constructor(command: string, args: string[], settings: SpawnSettings) {
    this.child = spawn(command, args, { ...settings, stdio: ['ignore', 'pipe', 'pipe'] });
    this.child.stdout!.setEncoding('utf8').on('data', (text: string) => {
      this.stdout += text;
    });
    this.child.stderr!.setEncoding('utf8').on('data', (text: string) => {
      this.stderr += text;
    });
    this.ended = new Promise((resolve, reject) => {
      this.child.once('error', reject);
      this.child.once('close', (status, signal) =>
        resolve({ status, signal, stdout: this.stdout, stderr: this.stderr }),
      );
    });
  }
}

/** A folder of its own for a test, removed after it. */
export function temporaryFolder(t: TestContext): string {
  const folder = mkdtempSync(join(tmpdir(), 'kumo-configd-test-'));
  t.after(() => rmSync(folder, { recursive: true, force: true }));
  return folder;
}

/** Writes files into a folder, making the folders between. */
export function writeFiles(folder: string, files: Record<string, string>): void {
  for (const [name, text] of Object.entries(files)) {
    mkdirSync(dirname(join(folder, name)), { recursive: true });
    writeFileSync(join(folder, name), text);
  }
}

export interface DaemonSettings extends SpawnSettings {
  args?: string[];
  /** How to start it, when not as the program itself: a command, and arguments in front of the program's own. */
  wrapper?: string[];
  /** Another copy of the program. */
  binary?: string;
}

/** An answer of the admin API. */
export interface Answer<T> {
  status: number;
  headers: Headers;
  body: T;
}

/** A daemon on a policy of its own, with an admin listener on a free loopback port. */
export class TestDaemon {
  readonly folder: string;
  readonly pid: number;
  private readonly running: Running;
  private address = '';

  /** Starts a daemon on `files`, of which `init.lua` is the policy, and waits until it is ready. */
  static async start(
    t: TestContext,
    files: Record<string, string>,
    settings: DaemonSettings = {},
  ): Promise<TestDaemon> {
    const folder = temporaryFolder(t);
    writeFiles(join(folder, 'policy'), files);
    return TestDaemon.startOn(t, folder, settings);
  }

  /** The same on a folder that holds `policy/init.lua` already; the state is kept in its `state`. */
  static async startOn(t: TestContext, folder: string, settings: DaemonSettings = {}): Promise<TestDaemon> {
    const daemon = TestDaemon.launch(t, folder, settings);
    daemon.address = await until('the daemon to be ready', () => {
      const { exitCode, signalCode } = daemon.running.child;
      if (exitCode !== null || signalCode !== null) throw new Error(`the daemon ended:\n${daemon.log}`);
      return daemon.log.includes('initialization complete') && /listener on (\S+)/.exec(daemon.log)?.[1];
    });
    return daemon;
  }

  /** The same without waiting for it to be ready. */
  static launch(t: TestContext, folder: string, settings: DaemonSettings = {}): TestDaemon {
    const { args = [], wrapper = [], binary = BINARY, ...spawnSettings } = settings;
    const own = ['run', '--policy', join(folder, 'policy/init.lua'), '--state-dir', join(folder, 'state')];
    const all = [...wrapper, binary, ...own, '--http', '127.0.0.1:0', '--poll-interval', POLL, ...args];
    const daemon = new TestDaemon(folder, new Running(all[0]!, all.slice(1), spawnSettings));
    t.after(async () => {
      daemon.running.child.kill('SIGKILL');
      await daemon.running.ended;
    });
    return daemon;
  }

  private constructor(folder: string, running: Running) {
    this.folder = folder;
    this.running = running;
    this.pid = running.child.pid!;
  }

  get url(): string {
    return `http://${this.address}`;
  }

  /** What it has logged so far. */
  get log(): string {
    return this.running.stderr;
  }

  get ended(): Promise<Ended> {
    return this.running.ended;
  }

  /** Changes files of the policy, each at once and as a whole. */
  edit(files: Record<string, string>): void {
    writeFiles(join(this.folder, 'policy'), files);
  }

  signal(signal: NodeJS.Signals): void {
    this.running.child.kill(signal);
  }

  async stop(signal: NodeJS.Signals = 'SIGTERM'): Promise<Ended> {
    this.signal(signal);
    return this.ended;
  }

  async get<T = Record<string, unknown>>(path: string, headers: Record<string, string> = {}): Promise<Answer<T>> {
    return answer(await fetch(this.url + path, { headers }));
  }

  async post<T = Record<string, unknown>>(path: string, body?: unknown): Promise<Answer<T>> {
    const text = body === undefined ? undefined : JSON.stringify(body);
    return answer(await fetch(this.url + path, { method: 'POST', body: text }));
  }

  /** The value of an object, as resolving it answers. */
  async value(kind: string, name: string): Promise<Record<string, unknown>> {
    const { status, body } = await this.post<{ value: Record<string, unknown> }>('/api/config/v1/resolve', {
      kind,
      name,
    });
    if (status !== 200) throw new Error(`resolving ${kind} ${name} answered ${status}: ${JSON.stringify(body)}`);
    return body.value;
  }
}

async function answer<T>(response: Response): Promise<Answer<T>> {
  const text = await response.text();
  const isJson = response.headers.get('content-type') === 'application/json';
  return { status: response.status, headers: response.headers, body: (isJson ? JSON.parse(text) : text) as T };
}
