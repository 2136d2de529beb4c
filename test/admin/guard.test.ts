import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Guard } from '../../src/admin/guard.ts';
import type { ErrorCode } from '../../src/errors.ts';

const HEADERS = { host: '127.0.0.1:8000', origin: '', authorization: '' };

/** What a request is refused with; undefined when it is let in. */
function refusal({
  trusted = ['127.0.0.1', '::1'],
  peer = '127.0.0.1',
  open = false,
  ...headers
}: Partial<typeof HEADERS & { trusted: string[]; peer: string; open: boolean }> = {}): ErrorCode | undefined {
  try {
    new Guard(trusted, 'Admin.Example.com').check(peer, { ...HEADERS, ...headers }, open);
    return undefined;
  } catch (thrown) {
    return (thrown as { code: ErrorCode }).code;
  }
}

test('peers in trusted_hosts are let in: addresses, networks, and IPv4 mapped into IPv6', () => {
  const cases: [string[], string, boolean][] = [
    [['127.0.0.1'], '127.0.0.1', true],
    [['127.0.0.1'], '127.0.0.2', false],
    [['127.0.0.1'], '::1', false],
    [['::1'], '::1', true],
    [['::1'], '0000:0000:0000:0000:0000:0000:0000:0001', true],
    [['127.0.0.1'], '::ffff:127.0.0.1', true],
    [['127.0.0.1'], '0000:0000:0000:0000:0000:ffff:7f00:0001', true],
    [['10.0.0.0/8'], '10.255.0.1', true],
    [['10.0.0.0/8'], '11.0.0.1', false],
    [['10.0.0.0/8'], '::ffff:10.1.2.3', true],
    [['2001:db8::/32'], '2001:db8:1::1', true],
    [['2001:db8::/32'], '2001:db9::1', false],
    [[], '127.0.0.1', false],
    [['any'], '203.0.113.7', true],
    [['any'], '2001:db8::1', true],
    [['any'], '::ffff:203.0.113.7', true],
    [['10.0.0.1'], 'garbage', false],
  ];
  for (const [trusted, peer, allowed] of cases) {
    assert.equal(refusal({ trusted, peer }), allowed ? undefined : 'PEER_NOT_TRUSTED', `${peer} by ${trusted}`);
  }
});

test('a peer gets the same answer every time', () => {
  const guard = new Guard(['10.0.0.0/8'], 'h');
  for (let time = 0; time < 3; time++) {
    guard.check('10.0.0.1', HEADERS, false);
    assert.throws(() => guard.check('11.0.0.1', HEADERS, false), { code: 'PEER_NOT_TRUSTED' });
  }
});

test('whoever sends credentials is told that they are not known, trusted or not', () => {
  for (const peer of ['127.0.0.1', '203.0.113.7']) {
    assert.equal(refusal({ peer, authorization: 'Basic dTpw' }), 'UNAUTHENTICATED');
  }
});

test('open routes answer any peer, but by the right Host and to no foreign page', () => {
  assert.equal(refusal({ open: true, peer: '203.0.113.7' }), undefined);
  assert.equal(refusal({ open: true, peer: '203.0.113.7', authorization: 'Basic dTpw' }), undefined);
  assert.equal(refusal({ open: true, host: 'evil.example' }), 'HOST_NOT_ALLOWED');
  assert.equal(refusal({ open: true, origin: 'http://evil.example' }), 'ORIGIN_NOT_ALLOWED');
});

test("Host is an IP address, localhost or the listener's hostname, with or without a port", () => {
  for (const host of [
    '127.0.0.1',
    '127.0.0.1:8000',
    '203.0.113.7:1',
    '[::1]',
    '[::1]:8000',
    '[2001:db8::1]:8000',
    'localhost',
    'LocalHost:8000',
    'admin.example.com',
    'ADMIN.example.com:443',
  ]) {
    assert.equal(refusal({ host }), undefined, host);
  }
  for (const host of [
    '',
    ':8000',
    'evil.example',
    'localhost.evil.example',
    'evil.example:localhost',
    'admin.example.com.evil.example',
    '127.0.0.1.evil.example',
    'localhost:8000:8000',
    'localhost@evil.example',
    '[evil.example]',
    '2130706433',
    '0x7f.1',
  ]) {
    assert.equal(refusal({ host }), 'HOST_NOT_ALLOWED', host);
  }
});

test('Origin, where there is one, is the page that this listener served', () => {
  for (const [host, origin] of [
    ['127.0.0.1:8000', 'http://127.0.0.1:8000'],
    ['127.0.0.1', 'http://127.0.0.1'],
    ['[::1]:8000', 'http://[::1]:8000'],
    ['admin.example.com', 'https://admin.example.com'],
    ['Admin.Example.com', 'https://admin.example.com'],
  ]) {
    assert.equal(refusal({ host: host!, origin: origin! }), undefined, origin);
  }
  for (const origin of [
    'null',
    'http://evil.example',
    'http://127.0.0.1',
    'http://127.0.0.1:8001',
    'http://localhost:8000',
    'http://127.0.0.1:8000.evil.example',
    'http://127.0.0.1:8000@evil.example',
    'file://',
    'not a url',
  ]) {
    assert.equal(refusal({ origin }), 'ORIGIN_NOT_ALLOWED', origin);
  }
});

test("a Host that makes no URL is nobody's Origin", () => {
  for (const host of ['127.0.0.1:99999', '[127.0.0.1]', '[fe80::1%eth0]', 'fe80::a']) {
    assert.equal(refusal({ host }), undefined, host);
    for (const origin of ['http://evil.example', `http://${host}`]) {
      assert.equal(refusal({ host, origin }), 'ORIGIN_NOT_ALLOWED', `${host} ${origin}`);
    }
  }
});
