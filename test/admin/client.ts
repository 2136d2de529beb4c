import { once } from 'node:events';
import { connect, type Socket } from 'node:net';
import type { TestContext } from 'node:test';
import { pino } from 'pino';
import { loadUws } from '../../src/admin/addon.ts';
import type { Route } from '../../src/admin/http.ts';
import { HttpListener, type ListenerOptions } from '../../src/admin/server.ts';

export interface Answer {
  status: number;
  headers: Record<string, string>;
  body: string;
}

export const LISTENER: ListenerOptions = {
  listen: '127.0.0.1:0',
  hostname: 'admin.example.com',
  trustedHosts: ['127.0.0.1', '::1'],
  bodyLimit: 1000,
  tls: null,
};

const silent = pino({ level: 'silent' });

/** A listener of these routes on a free port, closed when the test ends. */
export async function listen(
  t: TestContext | { after(fn: () => void): void },
  routes: readonly Route[],
  options: Partial<ListenerOptions> = {},
): Promise<Client> {
  const listener = await HttpListener.open(loadUws([]), { ...LISTENER, ...options }, routes, silent);
  t.after(() => listener.close());
  return new Client(listener);
}

/** Speaks HTTP byte by byte, so that a test can say what no client library would. */
export class Client {
  readonly listener: HttpListener;
  private readonly host: string;
  private readonly port: number;

  constructor(listener: HttpListener) {
    this.listener = listener;
    const colon = listener.address.lastIndexOf(':');
    this.host = listener.address.slice(0, colon).replace(/^\[(.*)\]$/, '$1');
    this.port = Number(listener.address.slice(colon + 1));
  }

  async connect(): Promise<Socket> {
    const socket = connect(this.port, this.host);
    // The other side may well hang up first.
    socket.on('error', () => undefined);
    await once(socket, 'connect');
    return socket;
  }

  /** Sends the bytes, and reads `count` answers or until the other side hangs up. */
  async raw(bytes: string | Uint8Array, count = 1): Promise<Answer[]> {
    const socket = await this.connect();
    let received = Buffer.alloc(0);
    try {
      socket.write(bytes);
      for await (const chunk of socket) {
        received = Buffer.concat([received, chunk as Buffer]);
        if (answersIn(received).length >= count) break;
      }
    } finally {
      socket.destroy();
    }
    return answersIn(received);
  }

  async send(method: string, path: string, body?: string | Uint8Array, headers: Record<string, string> = {}) {
    const bytes = Buffer.from(body ?? '');
    const sent = {
      Host: '127.0.0.1',
      ...(body === undefined ? {} : { 'Content-Length': String(bytes.length) }),
      ...headers,
    };
    const lines = Object.entries(sent).map(([name, value]) => `${name}: ${value}\r\n`);
    const head = `${method} ${path} HTTP/1.1\r\n${lines.join('')}\r\n`;
    const [answer] = await this.raw(Buffer.concat([Buffer.from(head), bytes]));
    if (answer === undefined) throw new Error(`no answer to ${method} ${path}`);
    return answer;
  }

  async get(path: string, headers: Record<string, string> = {}) {
    const answer = await this.send('GET', path, undefined, headers);
    return { ...answer, json: parsed(answer) };
  }

  async post(path: string, body: unknown = '', headers: Record<string, string> = {}) {
    const text = typeof body === 'string' || body instanceof Uint8Array ? body : JSON.stringify(body);
    const answer = await this.send('POST', path, text, headers);
    return { ...answer, json: parsed(answer) };
  }
}

// biome-ignore lint/suspicious/noExplicitAny: answers are what a test says they are.
function parsed({ headers, body }: Answer): any {
  return headers['content-type'] === 'application/json' ? JSON.parse(body) : undefined;
}

function answersIn(bytes: Buffer): Answer[] {
  const answers: Answer[] = [];
  let rest = bytes;
  for (;;) {
    const end = rest.indexOf('\r\n\r\n');
    if (end === -1) return answers;
    const [first = '', ...lines] = rest.subarray(0, end).toString('latin1').split('\r\n');
    const headers = Object.fromEntries(
      lines.map((line) => [line.slice(0, line.indexOf(':')).toLowerCase(), line.slice(line.indexOf(':') + 1).trim()]),
    );
    const length = Number(headers['content-length'] ?? 0);
    if (rest.length < end + 4 + length) return answers;
    const body = rest.subarray(end + 4, end + 4 + length).toString('utf8');
    answers.push({ status: Number(first.split(' ')[1]), headers, body });
    rest = rest.subarray(end + 4 + length);
  }
}
