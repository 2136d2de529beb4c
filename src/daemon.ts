/** The daemon: builds the parts, wires them, and stops them in order. */
import { promises as dns } from 'node:dns';
import type { Logger } from 'pino';
import { loadUws } from './admin/addon.ts';
import { adminRoutes } from './admin/routes/index.ts';
import { HttpListener, type ListenerOptions } from './admin/server.ts';
import { systemClock } from './clock.ts';
import { Engine } from './engine.ts';
import { Epochs } from './epoch/epochs.ts';
import { Ledger } from './epoch/ledger.ts';
import { StateDir } from './epoch/state_dir.ts';
import { ConfigError, type ErrorPlace } from './errors.ts';
import { Metrics } from './metrics.ts';
import { type Change, Monitor } from './monitor/monitor.ts';
import { httpListener } from './objects/index.ts';
import type { Definition } from './policy/definitions.ts';
import { defaultGlobs } from './policy/search_path.ts';

export interface DaemonOptions {
  policy: string;
  /** Addresses that are opened besides the listeners of `init`. */
  http: string[];
  /** Leaves the listeners of `init` unopened. */
  sidecar: boolean;
  /** `required`: the operator named it, so the daemon does not start without. Null: state is kept in memory. */
  stateDir: { path: string; required: boolean } | null;
  workers: number;
  pollIntervalMs: number;
  handlerTimeoutMs: number;
  log: Logger;
}

/** A change must be seen identical twice, this far apart. */
const SETTLE_MS = 250;

export class Daemon {
  private readonly options: DaemonOptions;
  private readonly log: Logger;
  private readonly stateDir: StateDir | null;
  private readonly ledger: Ledger;
  private readonly monitor: Monitor;
  private readonly engine: Engine;
  private readonly epochs: Epochs;
  private readonly metrics: Metrics;
  private readonly listeners: HttpListener[] = [];
  private notReady: string | null = 'starting';
  /** Bumps of `init`: they count once there is an epoch to move. */
  private earlyBumps: { scope: string; place: ErrorPlace }[] | null = [];
  private stopping: Promise<void> | undefined;

  /** Starts the daemon; resolves once it is ready. Rejects, with everything stopped again, when it cannot start. */
  static async start(options: DaemonOptions): Promise<Daemon> {
    const stateDir = await openStateDir(options);
    const daemon = new Daemon(options, stateDir);
    try {
      await daemon.begin();
      return daemon;
    } catch (thrown) {
      await daemon.stop();
      throw thrown;
    }
  }

  private constructor(options: DaemonOptions, stateDir: StateDir | null) {
    this.options = options;
    this.log = options.log;
    this.stateDir = stateDir;
    this.ledger = new Ledger(stateDir?.path ?? null, (error) =>
      this.log.error({ err: error }, 'the ledger could not be written; it goes on in memory'),
    );
    if (this.ledger.torn > 0) this.log.warn({ lines: this.ledger.torn }, 'the ledger had lines cut off by a crash');
    this.monitor = new Monitor({
      globs: defaultGlobs(options.policy),
      intervalMs: options.pollIntervalMs,
      settleMs: SETTLE_MS,
      clock: systemClock,
      log: this.log,
      onChange: (change) => this.filesChanged(change),
      onProblem: ({ path, error }) => this.log.error({ path, error }, 'monitoring failed'),
      onPoll: ({ durationMs }) => this.metrics.polled(durationMs),
    });
    // Started first: while it loads the policy in its workers, this thread loads the addon.
    this.engine = new Engine({
      policy: options.policy,
      validating: false,
      workers: options.workers,
      handlerTimeoutMs: options.handlerTimeoutMs,
      clock: systemClock,
      log: this.log,
      dns,
      epoch: this.ledger.lastAccepted?.epoch ?? 0,
      evalGlobs: () => this.monitor.evalGlobs(),
      onGlobs: (globs) => this.monitor.setGlobs(globs),
      onBump: (scope, place) => this.bumpFromLua(scope, place),
      onPrint: (text) => process.stdout.write(text),
      onExit: (code) => this.log.error({ code }, 'the policy called os.exit, which a policy may not'),
      live: {
        onQuarantine: (object) =>
          this.log.error(
            { kind: object.kind.name, name: object.name, error: object.error },
            'refresh failed; the value before goes on serving',
          ),
        onRecovery: (object) => this.log.info({ kind: object.kind.name, name: object.name }, 'refreshed again'),
      },
    });
    const { live } = this.engine;
    this.epochs = new Epochs({
      clock: systemClock,
      ledger: this.ledger,
      hash: () => this.monitor.current.hash,
      dependents: () => live.census.onEpoch,
      evaluate: async () => {
        await this.engine.load();
      },
      onAccepted: (epoch, entries) => {
        this.metrics.accepted(systemClock.now());
        this.log.info({ epoch, scopes: entries.map((entry) => entry.scope) }, 'epoch accepted');
        live.epochMoved(epoch);
      },
      onRejected: (entries, error) => {
        this.metrics.rejected();
        const numbers = entries.map((entry) => entry.epoch);
        this.log.error({ epochs: numbers, error: error.toJSON() }, `epoch rejected: ${error.located()}`);
      },
      onUnheeded: ({ epoch }) => live.epochRestamped(epoch),
    });
    this.metrics = new Metrics(this.engine, this.epochs);
  }

  /** Addresses of the HTTP listeners. */
  get addresses(): string[] {
    return this.listeners.map((listener) => listener.address);
  }

  /** Polls the monitored files at once. */
  async poll(): Promise<void> {
    await this.monitor.poll();
  }

  /** Stops everything in order; the same promise however often it is called. */
  stop(): Promise<void> {
    this.stopping ??= this.stopParts();
    return this.stopping;
  }

  private async begin(): Promise<void> {
    const { engine, epochs, monitor, options } = this;
    // The baseline before the policy reads a file: what changes from then on is a change. Both go on while this thread
    // loads the addon.
    const loaded = monitor.baseline().then(() => engine.load());
    loaded.catch(() => undefined);
    const uws = loadUws(this.stateDir === null ? [] : [this.stateDir.path]);
    await loaded;
    await engine.run(['pre_init', 'init']);
    if (engine.definitions.globs !== undefined) await monitor.baseline();
    await monitor.start();
    epochs.start();
    const early = this.earlyBumps ?? [];
    this.earlyBumps = null;
    engine.live.epochRestamped(epochs.current);
    this.metrics.accepted(systemClock.now());
    const routes = adminRoutes({
      engine,
      live: engine.live,
      epochs,
      ledger: this.ledger,
      notReady: () => this.notReady,
      init: () => engine.definitions.report(engine.definitions.globs ?? defaultGlobs(options.policy)),
      metrics: () => this.metrics.text(),
    });
    for (const listener of this.wantedListeners()) {
      const opened = await HttpListener.open(uws, listener, routes, this.log);
      this.listeners.push(opened);
      this.log.info(`${listener.tls === null ? 'http' : 'https'} listener on ${opened.address}`);
    }
    engine.live.start();
    for (const { scope, place } of early) this.bumpFromLua(scope, place);
    this.tellWhatIsNotOurs();
    this.notReady = null;
    this.log.info({ epoch: epochs.current }, 'initialization complete');
  }

  private wantedListeners(): ListenerOptions[] {
    const { http, sidecar } = this.options;
    const own = sidecar ? [] : this.engine.definitions.of('http_listener').map(listenerOptions);
    return [...own, ...http.map((listen) => listenerOptions({ value: httpListener.read({ listen }), place: {} }))];
  }

  /** What `init` defined that the MTA carries out, so that nobody waits for it here. */
  private tellWhatIsNotOurs(): void {
    const { definitions } = this.engine;
    const listeners = definitions.of('esmtp_listener').map(({ value }) => value['listen']);
    const spools = definitions.of('spool').map(({ value }) => value['name']);
    const logs = definitions.of('local_logs').length + definitions.of('log_hook').length;
    if (listeners.length + spools.length + logs === 0) return;
    this.log.info(
      { listeners, spools, logs },
      'ESMTP listeners, spools and logs are validated and listed; carrying mail is the work of the MTA',
    );
  }

  private bumpFromLua(scope: string, place: ErrorPlace): void {
    if (this.earlyBumps !== null) {
      this.earlyBumps.push({ scope, place });
      return;
    }
    const { file, line } = place;
    this.epochs.bump({ scope, cause: 'lua', actor: file === undefined ? undefined : `${file}:${line}` });
  }

  private filesChanged({ files, hash }: Change): void {
    this.log.info({ hash, files: files.map((file) => file.path) }, 'config change detected');
    this.epochs.bump({ scope: 'files', cause: 'files', files });
  }

  private async stopParts(): Promise<void> {
    this.notReady = 'stopping';
    this.epochs.stop();
    this.monitor.stop();
    for (const listener of this.listeners) listener.close();
    await this.engine.stop();
    this.ledger.close();
    this.stateDir?.close();
  }
}

async function openStateDir({ stateDir, log }: DaemonOptions): Promise<StateDir | null> {
  if (stateDir === null) return null;
  try {
    return await StateDir.open(stateDir.path);
  } catch (thrown) {
    const unusable = thrown instanceof ConfigError && thrown.code === 'STATE_DIR_UNUSABLE';
    if (stateDir.required || !unusable) throw thrown;
    log.warn({ reason: thrown.message }, 'no state directory: the ledger is kept in memory and ends with the process');
    return null;
  }
}

function listenerOptions({ value, place }: Definition): ListenerOptions {
  const listener = value as ReturnType<typeof httpListener.read>;
  const { tls_certificate: certificate, tls_private_key: key } = listener;
  if (listener.use_tls && (typeof certificate !== 'string' || typeof key !== 'string')) {
    throw new ConfigError(
      'LISTENER_FAILED',
      `listen on ${listener.listen}: use_tls needs tls_certificate and tls_private_key as file names`,
      { place },
    );
  }
  return {
    listen: listener.listen,
    hostname: listener.hostname,
    trustedHosts: listener.trusted_hosts,
    bodyLimit: listener.request_body_limit,
    tls: listener.use_tls ? { certificate: certificate as string, key: key as string } : null,
  };
}
