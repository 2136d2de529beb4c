import assert from 'node:assert/strict';
import { BlockList, isIPv4 } from 'node:net';
import { test } from 'node:test';
import fc from 'fast-check';
import { cidrMap, cidrSet } from '../../src/objects/cidr.ts';
import { readerOf } from '../../src/objects/field.ts';
import { text } from '../../src/objects/scalars.ts';
import { cidrText } from './arbitraries.ts';
import { assertRefused } from './refusal.ts';

const read = readerOf(cidrSet({ description: 'a test' })) as (input: unknown) => string[];
const readMap = readerOf(cidrMap(text({ description: 'a value' }), { description: 'a test' }));

test('a set prints normalised', () => {
  assert.deepEqual(read(['127.0.0.0/8', '::1', '0.0.0.0', '::']), ['0.0.0.0', '127.0.0.0/8', '::/127']);
  assert.deepEqual(read(['::1', '127.0.0.1']), ['127.0.0.1', '::1']);
  assert.deepEqual(read(['192.168.1.24', '192.168.1.0/24', '10.0.3.0/24']), ['10.0.3.0/24', '192.168.1.0/24']);
  assert.deepEqual(read(['10.0.0.0/25', '10.0.0.128/26', '10.0.0.192/26']), ['10.0.0.0/24']);
  assert.deepEqual(read(['10.0.0.1/32', '2001:DB8::/32']), ['10.0.0.1', '2001:db8::/32']);
  assert.deepEqual(read(['any', '10.0.0.0/8']), ['any']);
});

test('an empty table is an empty set', () => {
  assert.deepEqual(read({}), []);
  assert.deepEqual(read([]), []);
});

test('all bad entries are reported at once', () => {
  assertRefused(
    () => read(['10.0.0.1/24', '10.0.0.0/8', 'nonsense']),
    '',
    '10.0.0.1/24: 10.0.0.1/24 is not a valid CIDR: host part of address was not zero. Did you mean 10.0.0.0/24?, ' +
      "nonsense: nonsense is not a valid CIDR: couldn't parse address in network: invalid IP address syntax",
  );
});

test('addresses and lengths are checked', () => {
  for (const bad of ['10.0.0', '10.0.0.256', '010.0.0.1', 'fe80::1%eth0', '[::1]', '', ' 10.0.0.1', 'Any', '/8']) {
    assertRefused(() => read([bad]), '', /couldn't parse address in network: invalid IP address syntax$/);
  }
  for (const bad of ['10.0.0.0/', '10.0.0.0/x', '10.0.0.0/-1', '10.0.0.0/8/8']) {
    assertRefused(() => read([bad]), '', /couldn't parse length in network: invalid digit found in string$/);
  }
  assertRefused(() => read(['10.0.0.0/33']), '', /Network length 33 is too long for Ipv4 \(maximum: 32\)$/);
  assertRefused(() => read(['::/129']), '', /Network length 129 is too long for Ipv6 \(maximum: 128\)$/);
});

test('what is no list of text is refused', () => {
  assertRefused(() => read('10.0.0.0/8'), '', 'invalid type: string, expected table');
  assertRefused(() => read(['::1', 5]), '[2]', 'invalid type: integer `5`, expected a string');
  assertRefused(() => read({ a: '::1' }), '', 'invalid type: map, expected a sequence');
});

test('a map prints its keys normalised, in address order, wider before narrower', () => {
  const printed = readMap({ '::1': 'a', '10.0.0.0/8': 'b', '10.0.0.1/32': 'c', any: 'd', '9.9.9.9': 'e' });
  assert.deepEqual(Object.keys(printed as object), ['any', '9.9.9.9', '10.0.0.0/8', '10.0.0.1', '::1']);
});

test('a map refuses bad keys and two keys for one network', () => {
  assertRefused(
    () => readMap({ '10.0.0.1/24': 'a' }),
    '["10.0.0.1/24"]',
    '10.0.0.1/24 is not a valid CIDR: host part of address was not zero',
  );
  assertRefused(() => readMap({ '::1': 'a', '0::1': 'b' }), '', 'two keys stand for the same entry');
});

test('a set holds the same addresses before and after it is normalised', () => {
  fc.assert(
    fc.property(fc.array(cidrText, { maxLength: 12 }), fc.oneof(fc.ipV4(), fc.ipV6()), (entries, address) => {
      assert.equal(holds(read(entries), address), holds(entries, address));
    }),
  );
});

test('a normalised set depends on no order and stays as it is', () => {
  fc.assert(
    fc.property(fc.array(cidrText, { maxLength: 12 }), (entries) => {
      const printed = read(entries);
      assert.deepEqual(read([...entries].reverse()), printed);
      assert.deepEqual(read(printed), printed);
    }),
  );
});

/** Whether the entries hold the address, in the judgement of Node's own lists. */
function holds(entries: string[], address: string): boolean {
  const list = new BlockList();
  for (const entry of entries) {
    if (entry === 'any') return true;
    const [network, length] = entry.split('/');
    const family = isIPv4(network!) ? 'ipv4' : 'ipv6';
    if (length === undefined) list.addAddress(network!, family);
    else list.addSubnet(network!, Number(length), family);
  }
  return list.check(address, isIPv4(address) ? 'ipv4' : 'ipv6');
}
