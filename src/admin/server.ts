/** One HTTP listener over uWebSockets.js. Knows routes and who may use them, not what they do. */

import type { HttpRequest, HttpResponse, TemplatedApp, us_listen_socket } from 'uWebSockets.js';
import { STATUS_CODES } from 'node:http';
import type { Logger } from 'pino';
import { ConfigError, toConfigError } from '../errors.ts';
import { EXCLUSIVE_PORT, type UwsModule } from './addon.ts';
import { Guard } from './guard.ts';
import { errorReply, type Reply, type Route } from './http.ts';

export interface ListenerOptions {
  /** `IP:port` */
  listen: string;
  hostname: string;
  trustedHosts: readonly string[];
  bodyLimit: number;
  /** PEM files; null for clear text. */
  tls: { certificate: string; key: string } | null;
}

export class HttpListener {
  readonly address: string;
  private readonly app: TemplatedApp;

  private constructor(app: TemplatedApp, address: string) {
    this.app = app;
    this.address = address;
  }

  /** Binds the address. Throws LISTENER_FAILED, also when another process has the port. */
  static async open(
    uws: UwsModule,
    options: ListenerOptions,
    routes: readonly Route[],
    log: Logger,
  ): Promise<HttpListener> {
    const { listen, tls } = options;
    const { host, port } = splitAddress(listen);
    const app = newApp(uws, listen, tls);
    new Router(app, options, log).register(routes);
    // Without the exclusive option the kernel would share the port between two daemons, each getting half.
    const socket = await new Promise<us_listen_socket | false>((resolve) =>
      app.listen(host, port, EXCLUSIVE_PORT, resolve),
    );
    if (socket === false)
      throw new ConfigError('LISTENER_FAILED', `listen on ${listen}: the address is in use or not ours`);
    const bound = uws.us_socket_local_port(socket);
    return new HttpListener(app, `${host.includes(':') ? `[${host}]` : host}:${bound}`);
  }

  /** Closes the listener and every connection. */
  close(): void {
    this.app.close();
  }
}

function newApp(uws: UwsModule, listen: string, tls: ListenerOptions['tls']): TemplatedApp {
  if (tls === null) return uws.App();
  try {
    return uws.SSLApp({ cert_file_name: tls.certificate, key_file_name: tls.key });
  } catch (thrown) {
    const why = `${tls.certificate} and ${tls.key} are no certificate and its key: ${(thrown as Error).message}`;
    throw new ConfigError('LISTENER_FAILED', `listen on ${listen}: ${why}`);
  }
}

function splitAddress(listen: string): { host: string; port: number } {
  const colon = listen.lastIndexOf(':');
  const digits = listen.slice(colon + 1);
  const port = Number(digits);
  const host = listen.slice(0, colon).replace(/^\[(.*)\]$/, '$1');
  if (colon === -1 || !/^\d+$/.test(digits) || port > 65_535) {
    throw new ConfigError('LISTENER_FAILED', `listen on ${listen}: not of the form IP:port`);
  }
  // KumoMTA lets the resolver read `0:25` as every address.
  return { host: host === '0' || host === '' ? '0.0.0.0' : host, port };
}

class Router {
  private readonly app: TemplatedApp;
  private readonly guard: Guard;
  private readonly bodyLimit: number;
  private readonly log: Logger;

  constructor(app: TemplatedApp, options: ListenerOptions, log: Logger) {
    this.app = app;
    this.guard = new Guard(options.trustedHosts, options.hostname);
    this.bodyLimit = options.bodyLimit;
    this.log = log;
  }

  register(routes: readonly Route[]): void {
    const methods = new Map<string, string[]>();
    for (const route of routes) {
      methods.set(route.path, [...(methods.get(route.path) ?? []), route.method]);
      const handler = (res: HttpResponse, req: HttpRequest): void => this.serve(route, res, req);
      if (route.method === 'GET') this.app.get(route.path, handler);
      else this.app.post(route.path, handler);
    }
    for (const [path, allowed] of methods) {
      this.app.any(path, (res, req) => {
        const message = `${req.getCaseSensitiveMethod()} is not for ${path}`;
        this.refuse(res, req, new ConfigError('METHOD_NOT_ALLOWED', message), allowed.join(', '));
      });
    }
    this.app.any('/*', (res, req) => this.refuse(res, req, new ConfigError('NOT_FOUND', `no route ${req.getUrl()}`)));
  }

  private serve(route: Route, res: HttpResponse, req: HttpRequest): void {
    const connection = watch(res);
    const peer = peerOf(res);
    try {
      this.guard.check(peer, headersOf(req), route.open === true);
      const params = paramsOf(route.path, req);
      const text = req.getQuery();
      const query = text === '' ? NO_QUERY : new URLSearchParams(text);
      if (route.method === 'GET') {
        this.answer(route, connection, { params, query, body: EMPTY, peer });
        return;
      }
      // Only what says how long it is gets past here unread; the rest is counted as it comes.
      if (Number(req.getHeader('content-length')) > this.bodyLimit) throw this.tooLarge();
      this.readBody(res, connection, (body) => this.answer(route, connection, { params, query, body, peer }));
    } catch (thrown) {
      this.fail(connection, thrown);
    }
  }

  private readBody(res: HttpResponse, connection: Connection, done: (body: Uint8Array) => void): void {
    const chunks: Buffer[] = [];
    let size = 0;
    res.onData((chunk, isLast) => {
      if (connection.ended) return;
      size += chunk.byteLength;
      if (size > this.bodyLimit) {
        this.fail(connection, this.tooLarge());
        return;
      }
      // The buffer is taken away when this returns.
      chunks.push(Buffer.from(chunk.slice(0)));
      if (isLast) done(chunks.length === 1 ? chunks[0]! : Buffer.concat(chunks));
    });
  }

  private answer(route: Route, connection: Connection, request: Parameters<Route['handle']>[0]): void {
    try {
      const reply = route.handle(request);
      if (!(reply instanceof Promise)) {
        send(connection, reply);
        return;
      }
      reply.then(
        (settled) => send(connection, settled),
        (thrown) => this.fail(connection, thrown),
      );
    } catch (thrown) {
      this.fail(connection, thrown);
    }
  }

  private tooLarge(): ConfigError {
    return new ConfigError('BODY_TOO_LARGE', `the body is larger than ${this.bodyLimit} bytes`);
  }

  private refuse(res: HttpResponse, req: HttpRequest, error: ConfigError, allow?: string): void {
    const connection = watch(res, req.getMethod() === 'head');
    try {
      this.guard.check(peerOf(res), headersOf(req), false);
      send(connection, errorReply(error), allow);
    } catch (thrown) {
      this.fail(connection, thrown);
    }
  }

  private fail(connection: Connection, thrown: unknown): void {
    const error = toConfigError(thrown);
    if (error.code === 'INTERNAL') this.log.error({ err: thrown }, 'a request failed');
    send(connection, errorReply(error), undefined, error.code === 'BODY_TOO_LARGE');
  }
}

interface Connection {
  readonly res: HttpResponse;
  /** Asked with HEAD: a body would be taken for the beginning of the next answer. */
  readonly head: boolean;
  /** Answered or gone: nothing may be written any more. */
  ended: boolean;
}

function watch(res: HttpResponse, head = false): Connection {
  const connection: Connection = { res, head, ended: false };
  res.onAborted(() => {
    connection.ended = true;
  });
  return connection;
}

function send(connection: Connection, reply: Reply, allow?: string, close = false): void {
  if (connection.ended) return;
  connection.ended = true;
  const { res } = connection;
  res.cork(() => {
    res.writeStatus(`${reply.status} ${STATUS_CODES[reply.status]}`);
    res.writeHeader('Content-Type', reply.type);
    res.writeHeader('Cache-Control', 'no-store');
    res.writeHeader('X-Content-Type-Options', 'nosniff');
    if (allow !== undefined) res.writeHeader('Allow', allow);
    if (connection.head) {
      // With the length as its argument, endWithoutBody leaves the answer open.
      res.writeHeader('Content-Length', String(Buffer.byteLength(reply.body)));
      res.endWithoutBody();
    } else res.end(reply.body, close);
  });
}

const EMPTY = new Uint8Array();
/** Never written to. */
const NO_QUERY = new URLSearchParams();

/** The texts of addresses that have asked: making one costs more than answering. */
const peers = new Map<string, string>();
const MAX_PEERS = 10_000;

function peerOf(res: HttpResponse): string {
  const bytes = new Uint8Array(res.getRemoteAddress());
  let key = '';
  for (const byte of bytes) key += String.fromCharCode(byte);
  let text = peers.get(key);
  if (text === undefined) {
    if (peers.size >= MAX_PEERS) peers.clear();
    text = Buffer.from(res.getRemoteAddressAsText()).toString('latin1');
    peers.set(key, text);
  }
  return text;
}

function headersOf(req: HttpRequest): Parameters<Guard['check']>[1] {
  return {
    host: req.getHeader('host'),
    origin: req.getHeader('origin'),
    authorization: req.getHeader('authorization'),
  };
}

function paramsOf(path: string, req: HttpRequest): string[] {
  const count = path.split('/:').length - 1;
  return Array.from({ length: count }, (_, i) => {
    const raw = req.getParameter(i) ?? '';
    try {
      return decodeURIComponent(raw);
    } catch {
      throw new ConfigError('INVALID_REQUEST', `'${raw}' in the path is not well percent-encoded`);
    }
  });
}
