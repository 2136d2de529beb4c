/**
 * The HTTP client of the benchmarks: a process of its own over bare sockets, so that it takes no time from the thread
 * that is measured, and is quicker than it: requests are written as bytes made beforehand, and of an answer it reads
 * no more than its status and its length. This file is both ends: what starts the process, and what runs in it.
 */
import { fork } from 'node:child_process';
import { connect, type Socket } from 'node:net';
import { performance } from 'node:perf_hooks';
import { quantile } from './lib.ts';

export interface Load {
  port: number;
  /** Whole requests as they go over the wire, sent in turn. */
  requests: string[];
  connections: number;
  /** Requests under way on each connection; the next is sent when one is answered. */
  depth?: number;
  /** Instead of `depth`: requests a second in all, sent on time whether earlier ones are answered or not. */
  rate?: number;
  ms: number;
}

export interface Answers {
  perSecond: number;
  p50Ms: number;
  p99Ms: number;
  maxMs: number;
  count: number;
  /** Answers with another status than 200. */
  refused: number;
  /** How busy the client's own thread was, 0 to 1: what it measures is the server's speed only well below 1. */
  busy: number;
}

/** Requests of 1 kB and more are rare here; so many answers fit a run of any server that can be had. */
const MAX_ANSWERS = 4_000_000;

// --- The starting end --------------------------------------------------------------------------------------------

export class Client {
  private readonly process = fork(import.meta.filename, { execArgv: [] });
  private readonly running = new Map<number, (answers: Answers) => void>();
  private next = 0;

  constructor() {
    this.process.on('message', ({ id, answers }: { id: number; answers: Answers }) => {
      this.running.get(id)!(answers);
      this.running.delete(id);
    });
  }

  /** Loads may run side by side. */
  run(load: Load): Promise<Answers> {
    const id = this.next++;
    this.process.send({ id, load });
    return new Promise((resolve) => this.running.set(id, resolve));
  }

  stop(): void {
    this.process.disconnect();
  }
}

export function get(path: string): string {
  return `GET ${path} HTTP/1.1\r\nHost: localhost\r\n\r\n`;
}

export function post(path: string, body: unknown): string {
  const text = JSON.stringify(body);
  const headers = `Host: localhost\r\nContent-Type: application/json\r\nContent-Length: ${Buffer.byteLength(text)}`;
  return `POST ${path} HTTP/1.1\r\n${headers}\r\n\r\n${text}`;
}

// --- The process -------------------------------------------------------------------------------------------------

if (import.meta.filename === process.argv[1]) {
  process.on('message', ({ id, load }: { id: number; load: Load }) => {
    void run(load).then((answers) => process.send!({ id, answers }));
  });
}

async function run({ port, requests, connections, depth, rate, ms }: Load): Promise<Answers> {
  const latencies = new Float64Array(MAX_ANSWERS);
  let count = 0;
  let refused = 0;
  let sending = true;
  const texts = requests.map((request) => Buffer.from(request));
  let next = 0;
  const request = (): Buffer => texts[next++ % texts.length]!;
  const answered = (ok: boolean, latencyMs: number): boolean => {
    if (!ok) refused++;
    // What is answered after the end belongs to no run, but with a rate every request counts.
    if (sending || rate !== undefined) latencies[count++] = latencyMs;
    return sending && rate === undefined;
  };
  const open = await Promise.all(Array.from({ length: connections }, () => Connection.open(port, request, answered)));

  const loop = performance.eventLoopUtilization();
  const began = performance.now();
  if (rate === undefined) {
    for (const connection of open) connection.send(depth!);
    await new Promise((resolve) => setTimeout(resolve, ms));
  } else {
    await atRate(rate, ms, (n) => open[n % connections]!.send(1));
  }
  const elapsedMs = performance.now() - began;
  const busy = performance.eventLoopUtilization(loop).utilization;
  sending = false;
  await Promise.all(open.map((connection) => connection.drained()));

  const used = latencies.subarray(0, count);
  return {
    perSecond: (count / elapsedMs) * 1000,
    p50Ms: quantile(used, 0.5),
    p99Ms: quantile(used, 0.99),
    maxMs: quantile(used, 1),
    count,
    refused,
    busy,
  };
}

/** Calls `send` at that rate. Latency counts from the sending, so that a late timer of the client is not the server's. */
function atRate(rate: number, ms: number, send: (n: number) => void): Promise<void> {
  return new Promise((resolve) => {
    const began = performance.now();
    let sent = 0;
    const timer = setInterval(() => {
      const elapsed = performance.now() - began;
      for (const due = (Math.min(elapsed, ms) * rate) / 1000; sent < due; sent++) send(sent);
      if (elapsed < ms) return;
      clearInterval(timer);
      resolve();
    }, 1);
  });
}

const HEAD_END = Buffer.from('\r\n\r\n');
const LENGTH = Buffer.from('\r\nContent-Length: ');

class Connection {
  private readonly socket: Socket;
  private readonly request: () => Buffer;
  private readonly answered: (ok: boolean, latencyMs: number) => boolean;
  /** When the requests under way were sent, oldest first. */
  private readonly sentAt: number[] = [];
  /** The beginning of an answer whose rest is to come. */
  private rest: Buffer | undefined;
  private onDrained: (() => void) | undefined;

  static open(port: number, request: () => Buffer, answered: Connection['answered']): Promise<Connection> {
    return new Promise((resolve, reject) => {
      const socket = connect({ port, host: '127.0.0.1', noDelay: true });
      socket.once('error', reject);
      socket.once('connect', () => resolve(new Connection(socket, request, answered)));
    });
  }

  private constructor(socket: Socket, request: () => Buffer, answered: Connection['answered']) {
    this.socket = socket;
    this.request = request;
    this.answered = answered;
    socket.on('data', (bytes) => this.receive(bytes));
  }

  send(count: number): void {
    const now = performance.now();
    // One system call carries what is sent at once.
    this.socket.cork();
    for (let i = 0; i < count; i++) {
      this.sentAt.push(now);
      this.socket.write(this.request());
    }
    this.socket.uncork();
  }

  /** Resolves once nothing is under way, with the connection closed. */
  async drained(): Promise<void> {
    if (this.sentAt.length > 0) await new Promise<void>((resolve) => (this.onDrained = resolve));
    this.socket.destroy();
  }

  private receive(bytes: Buffer): void {
    const data = this.rest === undefined ? bytes : Buffer.concat([this.rest, bytes]);
    const now = performance.now();
    let at = 0;
    let more = 0;
    for (;;) {
      const headEnd = data.indexOf(HEAD_END, at);
      if (headEnd === -1) break;
      const length = data.indexOf(LENGTH, at) + LENGTH.length;
      const end = headEnd + HEAD_END.length + numberAt(data, length);
      if (end > data.length) break;
      const ok = data[at + 9] === 0x32;
      if (this.answered(ok, now - this.sentAt.shift()!)) more++;
      at = end;
    }
    this.rest = at === data.length ? undefined : data.subarray(at);
    if (more > 0) this.send(more);
    if (this.sentAt.length === 0) this.onDrained?.();
  }
}

/** The decimal number in the bytes from `at` on. */
function numberAt(bytes: Buffer, at: number): number {
  let number = 0;
  for (let i = at; bytes[i]! >= 0x30 && bytes[i]! <= 0x39; i++) number = number * 10 + bytes[i]! - 0x30;
  return number;
}
