import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { hostOrSocket, ipAddress, resolvableSocket } from '../../src/objects/address.ts';
import { readerOf } from '../../src/objects/field.ts';
import { assertRefused } from './refusal.ts';

const options = { description: 'a test' };
const readIp = readerOf(ipAddress(options)) as (input: unknown) => string;
const readHost = readerOf(hostOrSocket(options));
const readSocket = readerOf(resolvableSocket(options));

test('an IP address prints in its shortest form', () => {
  const printed = {
    '10.0.0.1': '10.0.0.1',
    '255.255.255.255': '255.255.255.255',
    '2001:DB8:0:0:0:0:0:1': '2001:db8::1',
    '::': '::',
    '::1': '::1',
    '1::': '1::',
    '1:0:0:2:0:0:0:3': '1:0:0:2::3',
    '1:0:0:2:3:0:0:4': '1::2:3:0:0:4',
    '1:0:2:3:4:5:6:7': '1:0:2:3:4:5:6:7',
    '10:0:0:1:1:1:1:1': '10::1:1:1:1:1',
    '::ffff:10.0.0.1': '::ffff:10.0.0.1',
    '::ffff:a00:1': '::ffff:10.0.0.1',
  };
  for (const [text, normal] of Object.entries(printed)) assert.equal(readIp(text), normal);
});

test('what is no bare IP address is refused', () => {
  for (const bad of ['[::1]', '10.0.0.1:25', 'host', '', '1.2.3', '01.2.3.4', 'fe80::1%eth0', ':::', '1::2::3']) {
    assertRefused(() => readIp(bad), '', 'invalid IP address syntax');
  }
});

test('an IP address reads back as it was printed, and as Node understands it', () => {
  fc.assert(
    fc.property(fc.oneof(fc.ipV4(), fc.ipV6()), (address) => {
      const printed = readIp(address);
      assert.equal(readIp(printed), printed);
      const url = (text: string) => new URL(text.includes(':') ? `http://[${text}]` : `http://${text}`).hostname;
      assert.equal(url(printed), url(address));
    }),
  );
});

test('a host or socket address may have brackets, a port, or be a unix path', () => {
  const printed = {
    '10.0.0.1': '10.0.0.1',
    '[10.0.0.1]': '10.0.0.1',
    '[::1]': '::1',
    '::1': '::1',
    '10.0.0.1:25': '10.0.0.1:25',
    '[10.0.0.1]:25': '10.0.0.1:25',
    '[::1]:100': '[::1]:100',
    '/some/path': '/some/path',
  };
  for (const [text, normal] of Object.entries(printed)) assert.equal(readHost(text), normal);
});

test('what is no host or socket address is refused', () => {
  for (const bad of ['hello there', '[10.0.0.1]:bogus', 'mx.example.com', './socket', '10.0.0.1:65536', '']) {
    assertRefused(
      () => readHost(bad),
      '',
      `Failed to parse '${bad}' as an address. Got 'invalid socket address syntax' when considering it as an IP ` +
        "address and 'unix domain path must be absolute' when considering it as a unix domain socket path.",
    );
  }
});

test('a resolvable socket address is an IP or host name with port, or a unix path', () => {
  const printed = {
    '1.2.3.4:5000': '1.2.3.4:5000',
    '[1.2.3.4]:5000': '1.2.3.4:5000',
    '[::1]:5000': '[::1]:5000',
    '/some/path': '/some/path',
    'host.name:5000': 'host.name:5000',
    'my_host.:5000': 'my_host.:5000',
  };
  for (const [text, normal] of Object.entries(printed)) assert.equal(readSocket(text), normal);
});

test('what is no resolvable socket address is refused with what was tried', () => {
  const refused = {
    'mx.example.com': 'missing :port suffix',
    '10.0.0.1': 'missing :port suffix',
    'mx.example.com:bogus': 'invalid port "bogus"',
    'mx.example.com:70000': 'invalid port "70000"',
    ':25': 'invalid hostname "": hostname is empty',
    'I have spaces:25': 'invalid hostname "I have spaces": unrecognized char:  ',
    '::1:100': 'invalid hostname "::1": Malformed label: ::1',
    'a..b:25': 'invalid hostname "a..b": Malformed label: ',
  };
  for (const [text, why] of Object.entries(refused)) {
    assertRefused(
      () => readSocket(text),
      '',
      `failed to parse "${text}" as a resolvable socket address: not an IP socket (invalid socket address syntax); ` +
        `not a unix socket path (unix domain path must be absolute); not host:port (${why})`,
    );
  }
});
