import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { describe, test } from 'node:test';
import { setImmediate as turn } from 'node:timers/promises';
import { json, parseBody, type Request, type Route } from '../../src/admin/http.ts';
import { ConfigError } from '../../src/errors.ts';
import { folderFor } from '../epoch/folder.ts';
import { type Client, listen } from './client.ts';

const route = (method: Route['method'], path: string, handle: Route['handle'], open = false): Route => ({
  method,
  path,
  summary: '',
  open,
  handle,
});

const shown = ({ params, query, body, peer }: Request) =>
  json({ params, query: Object.fromEntries(query), body: parseBody(body) ?? null, peer });

const ROUTES: Route[] = [
  route('GET', '/echo', shown),
  route('POST', '/echo', shown),
  route('POST', '/later', async (request) => {
    await turn();
    return shown(request);
  }),
  route('GET', '/of/:kind/:name', shown),
  route('GET', '/open', () => json('open'), true),
  route('GET', '/refused', () => {
    throw new ConfigError('HANDLER_FAILED', 'no');
  }),
  route('GET', '/broken', () => Promise.reject(new TypeError('a bug'))),
];

const OTHER_PROCESS = `
  import { listen } from ${JSON.stringify(new URL('./client.ts', import.meta.url).href)};
  await listen({ after: () => undefined }, [], { listen: process.argv[1] });
  console.log('listening');
`;

const GET = 'GET /echo HTTP/1.1\r\nHost: localhost\r\n\r\n';

describe('routing', () => {
  test('answers are JSON that is not stored or sniffed', async (t) => {
    const client = await listen(t, ROUTES);
    const { status, headers, json: body } = await client.get('/echo?a=1&b=%20x');
    assert.equal(status, 200);
    assert.deepEqual(body, { params: [], query: { a: '1', b: ' x' }, body: null, peer: '127.0.0.1' });
    assert.equal(headers['cache-control'], 'no-store');
    assert.equal(headers['x-content-type-options'], 'nosniff');
  });

  test('segments of a path are decoded one by one, so that a name may hold anything', async (t) => {
    const client = await listen(t, ROUTES);
    for (const name of ['a/b', 't@d!r', 'ip1->(a|b).c', '100%', 'é 🐧', '[::1]:25 d', '?#&=']) {
      const { json: body } = await client.get(`/of/queue/${encodeURIComponent(name)}`);
      assert.deepEqual(body.params, ['queue', name]);
    }
  });

  test('what is not well percent-encoded is refused', async (t) => {
    const client = await listen(t, ROUTES);
    for (const bad of ['%', '%zz', '%ff', '%c3%28']) {
      const { status, json: body } = await client.get(`/of/queue/${bad}`);
      assert.deepEqual([status, body.error.code], [400, 'INVALID_REQUEST'], bad);
    }
  });

  test('a path that is no route is 404, and a method that is not for it 405 with those that are', async (t) => {
    const client = await listen(t, ROUTES);
    for (const path of ['/', '/nowhere', '/of/queue', '/of/queue/a/b', '/echo/']) {
      const { status, json: body } = await client.get(path);
      assert.deepEqual([status, body.error.code], [404, 'NOT_FOUND'], path);
    }
    for (const [method, path, allow] of [
      ['DELETE', '/echo', 'GET, POST'],
      ['PUT', '/echo', 'GET, POST'],
      ['OPTIONS', '/later', 'POST'],
      ['GET', '/later', 'POST'],
      ['POST', '/open', 'GET'],
    ]) {
      const { status, headers, body } = await client.send(method!, path!);
      assert.deepEqual([status, headers['allow'], JSON.parse(body).error.code], [405, allow, 'METHOD_NOT_ALLOWED']);
    }
  });

  test('what a handler throws is answered with the status of its code, and a bug with 500', async (t) => {
    const client = await listen(t, ROUTES);
    const refused = await client.get('/refused');
    assert.deepEqual([refused.status, refused.json.error.code], [422, 'HANDLER_FAILED']);
    const broken = await client.get('/broken');
    assert.deepEqual([broken.status, broken.json.error.code], [500, 'INTERNAL']);
    assert.deepEqual(Object.keys(broken.json.error).sort(), ['code', 'hint', 'message']);
    assert.doesNotMatch(broken.body, /\.ts\b|\n {4}at /, 'no stack leaves the process');
  });
});

describe('who may ask', () => {
  test('the guard stands before every route, and before it is known whether there is one', async (t) => {
    const client = await listen(t, ROUTES, { trustedHosts: ['192.0.2.1'] });
    for (const path of ['/echo', '/nowhere', '/of/queue/x']) {
      const { status, json: body } = await client.get(path);
      assert.deepEqual([status, body.error.code], [403, 'PEER_NOT_TRUSTED'], path);
    }
    assert.equal((await client.send('DELETE', '/echo')).status, 403);
    assert.equal((await client.get('/open')).status, 200);
  });

  test('credentials, a foreign Host and a foreign Origin are refused', async (t) => {
    const client = await listen(t, ROUTES);
    const code = async (headers: Record<string, string>) => {
      const { status, json: body } = await client.get('/echo', headers);
      return `${status} ${body.error?.code}`;
    };
    assert.equal(await code({ Authorization: 'Basic dTpw' }), '401 UNAUTHENTICATED');
    assert.equal(await code({ Host: 'evil.example' }), '403 HOST_NOT_ALLOWED');
    assert.equal(await code({ Origin: 'http://evil.example' }), '403 ORIGIN_NOT_ALLOWED');
    assert.equal(await code({ Host: 'admin.example.com:80', 'X-Forwarded-For': '203.0.113.7' }), '200 undefined');
  });

  test('a request without a Host is not served', async (t) => {
    const client = await listen(t, ROUTES);
    const [empty] = await client.raw('GET /echo HTTP/1.1\r\nHost:\r\n\r\n');
    assert.equal(empty?.status, 403);
    // uWebSockets.js takes the lack of one for a request that is not complete, and answers nothing at all.
    const socket = await client.connect();
    socket.end('GET /echo HTTP/1.1\r\n\r\n');
    const [answer] = await Promise.race([once(socket, 'data'), once(socket, 'close').then(() => [undefined])]);
    assert.equal(answer, undefined);
  });

  test('a peer is known by its address over IPv6 too, also where that listener takes IPv4', async (t) => {
    const six = await listen(t, ROUTES, { listen: '[::1]:0' });
    assert.match(six.listener.address, /^\[::1\]:\d+$/);
    assert.equal((await six.get('/echo', { Host: six.listener.address })).status, 200);
    const both = await listen(t, ROUTES, { listen: '[::]:0' });
    const { Client: Through } = await import('./client.ts');
    const port = both.listener.address.split(':').at(-1);
    const mapped = new Through({ address: `127.0.0.1:${port}` } as typeof both.listener);
    assert.equal((await mapped.get('/echo')).status, 200);
  });
});

describe('bodies', () => {
  const chunked = (path: string, ...chunks: string[]): string =>
    `POST ${path} HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: chunked\r\n\r\n` +
    [...chunks, ''].map((chunk) => `${chunk.length.toString(16)}\r\n${chunk}\r\n`).join('');

  test('a body comes with a length, in chunks, or not at all', async (t) => {
    const client = await listen(t, ROUTES);
    for (const path of ['/echo', '/later']) {
      assert.deepEqual((await client.post(path, { a: 'é' })).json.body, { a: 'é' });
      assert.equal((await client.post(path)).json.body, null);
      assert.equal((await client.send('POST', path)).status, 200);
      const [answer] = await client.raw(chunked(path, '{"a":', '1}'));
      assert.deepEqual(JSON.parse(answer!.body).body, { a: 1 });
    }
  });

  test('a body over the limit is 413, by its length before it is read, and in chunks as they come', async (t) => {
    const client = await listen(t, ROUTES);
    const whole = JSON.stringify('x'.repeat(998));
    assert.equal((await client.post('/echo', whole)).status, 200, 'a body of exactly the limit');
    const answers = [
      await client.post('/echo', `${whole} `),
      ...(await client.raw('POST /echo HTTP/1.1\r\nHost: localhost\r\nContent-Length: 99999999\r\n\r\n')),
      ...(await client.raw(chunked('/echo', 'x'.repeat(600), 'x'.repeat(401)))),
    ];
    assert.deepEqual(
      answers.map(({ status, body }) => [status, JSON.parse(body).error.code]),
      Array(3).fill([413, 'BODY_TOO_LARGE']),
    );
  });
});

describe('connections', () => {
  test('requests on one connection are answered in order', async (t) => {
    const client = await listen(t, ROUTES);
    const post = 'POST /later HTTP/1.1\r\nHost: localhost\r\nContent-Length: 1\r\n\r\n7';
    const refused = 'POST /nowhere HTTP/1.1\r\nHost: localhost\r\nContent-Length: 7\r\n\r\nignored';
    const answers = await client.raw(GET + refused + GET + post, 4);
    assert.deepEqual(
      answers.map(({ status }) => status),
      [200, 404, 200, 200],
    );
    assert.equal(JSON.parse(answers[3]!.body).body, 7);
  });

  test('HEAD is answered without a body, so that the next answer begins where it should', async (t) => {
    const client = await listen(t, ROUTES);
    for (const [path, host, status] of [
      ['/echo', 'localhost', 405],
      ['/nowhere', 'localhost', 404],
      ['/echo', 'evil.example', 403],
    ]) {
      const socket = await client.connect();
      socket.write(`HEAD ${path} HTTP/1.1\r\nHost: ${host}\r\n\r\n${GET}`);
      let received = '';
      for await (const chunk of socket) {
        received += chunk;
        if (received.includes('"peer"')) break;
      }
      const [head, next] = received.split('\r\n\r\n');
      assert.match(head!, new RegExp(`^HTTP/1\\.1 ${status} `));
      assert.match(head!, /content-length: [1-9]/i);
      assert.match(next!, /^HTTP\/1\.1 200 OK\r\n/);
    }
  });

  test('whoever sends more while an answer is being made is hung up on, not answered out of order', async (t) => {
    const client = await listen(t, ROUTES);
    // uWebSockets.js keeps one open answer a connection.
    const post = 'POST /later HTTP/1.1\r\nHost: localhost\r\nContent-Length: 1\r\n\r\n7';
    assert.deepEqual(await client.raw(post + GET, 2), []);
    assert.equal((await client.get('/echo')).status, 200);
  });

  test('whoever hangs up while an answer is made, or while a body comes, does no harm', async (t) => {
    let entered = (): void => undefined;
    const waiting = new Promise<void>((resolve) => {
      entered = resolve;
    });
    let finish = (): void => undefined;
    const slow = route('GET', '/slow', async () => {
      entered();
      await new Promise<void>((resolve) => {
        finish = resolve;
      });
      return json('late');
    });
    const client = await listen(t, [...ROUTES, slow]);
    const socket = await client.connect();
    socket.write('GET /slow HTTP/1.1\r\nHost: localhost\r\n\r\n');
    await waiting;
    socket.destroy();
    const half = await client.connect();
    half.write('POST /echo HTTP/1.1\r\nHost: localhost\r\nContent-Length: 100\r\n\r\nhalf');
    half.destroy();
    assert.equal((await client.get('/echo')).status, 200);
    finish();
    assert.equal((await client.get('/echo')).status, 200);
  });

  test('HTTP/1.0 is refused as a version that is not spoken here', async (t) => {
    const client = await listen(t, ROUTES);
    const [answer] = await client.raw('GET /echo HTTP/1.0\r\nHost: localhost\r\n\r\n');
    assert.equal(answer?.status, 505);
  });

  test('what is no HTTP is hung up on', async (t) => {
    const client = await listen(t, ROUTES);
    for (const bytes of ['\x16\x03\x01\x02\x00\x01\x00\x01\xfc', 'GET\r\n\r\n', '\r\n\r\n\r\n']) {
      const socket = await client.connect();
      socket.end(bytes);
      socket.resume();
      await once(socket, 'close');
    }
    assert.equal((await client.get('/echo')).status, 200);
  });

  test('closing the listener hangs up on everybody', async (t) => {
    const client = await listen({ after: () => undefined }, ROUTES);
    const socket = await client.connect();
    socket.resume();
    client.listener.close();
    await once(socket, 'close');
    await assert.rejects(client.connect());
    void t;
  });
});

describe('listening', () => {
  test('port 0 is a free one, which the address tells', async (t) => {
    const clients: Client[] = [await listen(t, ROUTES), await listen(t, ROUTES)];
    const [one, two] = clients.map(({ listener }) => listener.address);
    assert.match(one!, /^127\.0\.0\.1:[1-9]\d+$/);
    assert.notEqual(one, two);
  });

  test('a port in use is an error: two never share one, in one process or in two', async (t) => {
    // A named port: with 0, uWebSockets.js does not ask the kernel to share.
    const { listener: before } = await listen({ after: () => undefined }, ROUTES);
    before.close();
    const other = spawn(process.execPath, ['--input-type=module', '--eval', OTHER_PROCESS, before.address], {
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    t.after(() => other.kill('SIGKILL'));
    await once(other.stdout, 'data');
    const refused = { code: 'LISTENER_FAILED', message: new RegExp(`listen on ${before.address}`) };
    await assert.rejects(listen(t, ROUTES, { listen: before.address }), refused);
    other.kill('SIGKILL');
    await once(other, 'exit');
    await listen(t, ROUTES, { listen: before.address });
    await assert.rejects(listen(t, ROUTES, { listen: before.address }), refused);
  });

  test('an address that is none, or not of this machine, is an error', async (t) => {
    for (const address of [
      '8000',
      '127.0.0.1',
      '127.0.0.1:',
      '127.0.0.1:x',
      '127.0.0.1:0x50',
      '127.0.0.1:-1',
      '127.0.0.1:65536',
      '203.0.113.7:0',
    ]) {
      await assert.rejects(listen(t, ROUTES, { listen: address }), { code: 'LISTENER_FAILED' }, address);
    }
  });

  test('a certificate that cannot be used is an error that names it', async (t) => {
    const file = join(folderFor(t), 'none.pem');
    const tls = { certificate: file, key: file };
    await assert.rejects(listen(t, ROUTES, { tls }), { code: 'LISTENER_FAILED', message: new RegExp(file) });
  });
});
