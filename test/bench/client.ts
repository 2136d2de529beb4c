/**
 * Loads an HTTP server for a while, from a process of its own, and tells what it saw: hand-written HTTP over a few
 * keep-alive connections, so that the client never is what is measured. Its parent sends it a Load and gets Seen.
 */
import { connect } from 'node:net';
import { quantile } from './lib.ts';

export interface Load {
  port: number;
  path: string;
  /** Request bodies, sent in turn; none makes it a GET. */
  bodies: string[];
  connections: number;
  /** Requests under way on each connection. */
  depth: number;
  ms: number;
}

export interface Seen {
  requestsPerSecond: number;
  p50: number;
  p99: number;
  max: number;
  failures: number;
}

const END_OF_HEAD = Buffer.from('\r\n\r\n');

if (process.argv[1] === import.meta.filename) {
  process.once('message', (load: Load) => {
    void run(load).then((seen) => {
      process.send!(seen);
      process.disconnect();
    });
  });
}

async function run(load: Load): Promise<Seen> {
  const requests = requestsOf(load);
  const latencies: number[] = [];
  let failures = 0;
  const began = performance.now();
  const connections = Array.from({ length: load.connections }, () => {
    const socket = connect(load.port, '127.0.0.1').setNoDelay(true);
    const sentAt: number[] = [];
    let buffered: Buffer = Buffer.alloc(0);
    let next = 0;
    const send = (): void => {
      sentAt.push(performance.now());
      socket.write(requests[next++ % requests.length]!);
    };
    return new Promise<void>((resolve, reject) => {
      socket.once('error', reject);
      socket.once('connect', () => {
        for (let i = 0; i < load.depth; i++) send();
      });
      socket.on('data', (chunk: Buffer) => {
        buffered = buffered.length === 0 ? chunk : Buffer.concat([buffered, chunk]);
        for (let answer = firstAnswer(buffered); answer !== undefined; answer = firstAnswer(buffered)) {
          buffered = buffered.subarray(answer.length);
          const now = performance.now();
          latencies.push(now - sentAt.shift()!);
          if (!answer.ok) failures++;
          if (now - began < load.ms) send();
        }
        if (sentAt.length === 0) {
          socket.destroy();
          resolve();
        }
      });
    });
  });
  await Promise.all(connections);
  const seconds = (performance.now() - began) / 1000;
  const [p50, p99, max] = [0.5, 0.99, 1].map((q) => quantile(latencies, q)) as [number, number, number];
  return { requestsPerSecond: latencies.length / seconds, p50, p99, max, failures };
}

function requestsOf({ port, path, bodies }: Load): Buffer[] {
  const host = `Host: 127.0.0.1:${port}\r\n`;
  if (bodies.length === 0) return [Buffer.from(`GET ${path} HTTP/1.1\r\n${host}\r\n`)];
  return bodies.map((body) =>
    Buffer.from(`POST ${path} HTTP/1.1\r\n${host}Content-Length: ${Buffer.byteLength(body)}\r\n\r\n${body}`),
  );
}

/** Length and success of the first whole answer in what has arrived; undefined when there is none yet. */
function firstAnswer(data: Buffer): { length: number; ok: boolean } | undefined {
  const head = data.indexOf(END_OF_HEAD);
  if (head === -1) return undefined;
  const length = /content-length: (\d+)/i.exec(data.toString('latin1', 0, head))?.[1];
  const end = head + END_OF_HEAD.length + Number(length ?? 0);
  return data.length < end ? undefined : { length: end, ok: data.toString('latin1', 9, 12) === '200' };
}
