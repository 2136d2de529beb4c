import { isIPv4, isIPv6 } from 'node:net';

/**
 * An IP address or network as the text of its leading bits, after one bit for the family: '0' is IPv4, '1' IPv6. So
 * '' holds every address, one network covers another if it is a prefix of it, and text order is address order.
 */
export type Bits = string;

const FAMILY_BITS = 1;

export function isV4(bits: Bits): boolean {
  return bits.startsWith('0');
}

/** How many bits an address of the same family has. */
export function addressLength(bits: Bits): number {
  return FAMILY_BITS + (isV4(bits) ? 32 : 128);
}

/** The bits of an address, or undefined if the text is none. Zones (`fe80::1%eth0`) are none. */
export function parseAddress(text: string): Bits | undefined {
  if (isIPv4(text)) return `0${v4Bits(text)}`;
  if (!isIPv6(text) || text.includes('%')) return undefined;
  const [head, tail] = text.split('::');
  const left = groupBits(head!);
  if (tail === undefined) return `1${left}`;
  const right = groupBits(tail);
  return `1${left}${'0'.repeat(128 - left.length - right.length)}${right}`;
}

/** The text of an address, or of a network's first one: the shortest form, in lower case. */
export function formatAddress(bits: Bits): string {
  const padded = bits.padEnd(addressLength(bits), '0').slice(FAMILY_BITS);
  return isV4(bits) ? v4Text(padded) : v6Text(padded);
}

const OCTET_BITS = Array.from({ length: 256 }, (_, octet) => octet.toString(2).padStart(8, '0'));

function v4Bits(text: string): string {
  const [a, b, c, d] = text.split('.');
  return OCTET_BITS[Number(a)]! + OCTET_BITS[Number(b)]! + OCTET_BITS[Number(c)]! + OCTET_BITS[Number(d)]!;
}

function groupBits(text: string): string {
  if (text === '') return '';
  return text
    .split(':')
    .map((group) => (group.includes('.') ? v4Bits(group) : Number.parseInt(group, 16).toString(2).padStart(16, '0')))
    .join('');
}

function v4Text(bits: string): string {
  const address = Number.parseInt(bits, 2);
  return `${address >>> 24}.${(address >>> 16) & 255}.${(address >>> 8) & 255}.${address & 255}`;
}

const MAPPED_V4 = '0'.repeat(80) + '1'.repeat(16);

function v6Text(bits: string): string {
  if (bits.startsWith(MAPPED_V4)) return `::ffff:${v4Text(bits.slice(MAPPED_V4.length))}`;
  const groups = bits
    .match(/.{16}/g)!
    .map((group) => Number.parseInt(group, 2).toString(16))
    .join(':');
  // The longest run of two or more zero groups, the first of equals, is written `::`.
  const runs = groups.match(/(?<![^:])0(?::0)+(?![^:])/g) ?? [];
  const longest = runs.reduce((a, b) => (b.length > a.length ? b : a), '');
  if (longest === '') return groups;
  const at = groups.search(new RegExp(`(?<![^:])${longest}(?![^:])`));
  const before = groups.slice(0, at).replace(/:$/, '');
  const after = groups.slice(at + longest.length).replace(/^:/, '');
  return `${before}::${after}`;
}
