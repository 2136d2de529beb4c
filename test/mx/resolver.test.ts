import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type MxSource, siteOf } from '../../src/mx/resolver.ts';

const answering = (...records: [string, number][]): MxSource => ({
  resolveMx: async () => records.map(([exchange, priority]) => ({ exchange, priority })),
});
const failing = (code: string): MxSource => ({
  resolveMx: async (domain) => {
    throw Object.assign(new Error(`queryMx ${code} ${domain}`), { code });
  },
});
const silent: MxSource = { resolveMx: async () => assert.fail('DNS was asked') };

test('MX hosts are taken by preference, and by name within one', async () => {
  const records: [string, number][] = [
    ['0.example.com', 20],
    ['b.example.com', 10],
    ['A.example.com.', 10],
  ];
  for (const order of [records, records.toReversed()]) {
    assert.equal(await siteOf('example.com', answering(...order)), '(a|b|0).example.com');
  }
});

test('an address in brackets, with or without a port, is its own site and DNS is not asked', async () => {
  const literals: [string, string][] = [
    ['[10.0.0.1]', '10.0.0.1'],
    ['[10.0.0.1]:2025', '10.0.0.1'],
    ['[::1]', '::1'],
    ['[IPv6:::1]', '::1'],
    ['[ipv6:2001:DB8:0:0::1]', '2001:db8::1'],
  ];
  for (const [literal, site] of literals) assert.equal(await siteOf(literal, silent), site, literal);
});

test('a port is not looked up, and sticks to each host', async () => {
  const asked: string[] = [];
  const dns: MxSource = {
    resolveMx: async (domain) => {
      asked.push(domain);
      return [
        { exchange: 'mx1.example.com', priority: 1 },
        { exchange: 'mx2.example.com', priority: 2 },
      ];
    },
  };
  assert.equal(await siteOf('example.com:2025', dns), '(mx1|mx2).example.com:2025');
  assert.deepEqual(asked, ['example.com']);
});

test('a domain without MX records is its own mail host', async () => {
  for (const dns of [failing('ENODATA'), answering()]) {
    assert.equal(await siteOf('Example.com', dns), 'example.com');
    assert.equal(await siteOf('example.com.', dns), 'example.com');
    assert.equal(await siteOf('example.com:26', dns), 'example.com:26');
  }
});

test('a null MX says that the domain takes no mail: its site is empty', async () => {
  for (const exchange of ['', '.']) assert.equal(await siteOf('example.com', answering([exchange, 0])), '');
});

test('what DNS cannot answer is an error that names the domain', async () => {
  for (const code of ['ENOTFOUND', 'ESERVFAIL', 'ETIMEOUT', 'ECONNREFUSED']) {
    await assert.rejects(siteOf('example.com', failing(code)), {
      code: 'DNS_FAILED',
      message: `MX lookup of 'example.com' failed: queryMx ${code} example.com`,
    });
  }
});
