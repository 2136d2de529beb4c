import { type TArray, type TRecord, type TSchema, type TString, Type } from '@sinclair/typebox';
import { listItems, type MapKeys, map } from './containers.ts';
import { type FieldOptions, field } from './field.ts';
import { FieldError, invalidType } from './field_error.ts';
import { addressLength, type Bits, formatAddress, isV4, parseAddress } from './ip.ts';
import type { Plain } from './plain.ts';

/**
 * A set of networks. Printed normalised: IPv4 before IPv6, ascending, without what a wider entry covers, adjacent
 * halves merged. All bad entries are reported at once.
 */
export function cidrSet(options: FieldOptions<string[]>): TArray<TString> {
  return field(Type.Array(Type.String({ format: 'cidr' }), options), readSet);
}

/** Values by network. Keys are printed in address order, a wider network before those that it covers. */
export function cidrMap<S extends TSchema>(value: S, options: FieldOptions<never>): TRecord<TString, S> {
  return map(value, options, CIDR_KEYS);
}

const HOST_PART = 'host part of address was not zero';

const CIDR_KEYS: MapKeys = {
  schema: Type.String({ format: 'cidr' }),
  read: (key) => format(parse(key)),
  compare: (a, b) => (parse(a) < parse(b) ? -1 : 1),
};

function readSet(input: Plain): string[] {
  const networks: Bits[] = [];
  const faults: string[] = [];
  listItems(input).forEach((item, index) => {
    if (typeof item !== 'string') throw invalidType(item, 'a string', 'cidr').within(index + 1);
    try {
      networks.push(parse(item));
    } catch (thrown) {
      if (!(thrown instanceof FieldError)) throw thrown;
      const help = thrown.reason.endsWith(HOST_PART) ? `. Did you mean ${widened(item)}?` : '';
      faults.push(`${item}: ${thrown.reason}${help}`);
    }
  });
  if (faults.length > 0) throw new FieldError('list of cidr', faults.join(', '));
  return normalise(networks).map(format);
}

/** Drops networks that others cover and merges halves. Sorted text puts a prefix before all that it covers. */
function normalise(networks: Bits[]): Bits[] {
  const result: Bits[] = [];
  for (const network of networks.sort()) {
    if (result.length > 0 && network.startsWith(result.at(-1)!)) continue;
    result.push(network);
    while (result.length > 1 && areHalves(result.at(-2)!, result.at(-1)!)) {
      const half = result.pop()!;
      result[result.length - 1] = half.slice(0, -1);
    }
  }
  return result;
}

function areHalves(lower: Bits, upper: Bits): boolean {
  return lower.length === upper.length && lower.slice(0, -1) === upper.slice(0, -1);
}

/** An address, `address/length` without host bits, or `any`. Throws FieldError in KumoMTA's words. */
function parse(text: string): Bits {
  if (text === 'any') return '';
  const [address, length] = splitLength(text);
  const bits = parseAddress(address);
  if (bits === undefined) throw invalidCidr(text, "couldn't parse address in network: invalid IP address syntax");
  if (length === undefined) return bits;
  if (!/^\d{1,3}$/.test(length)) {
    throw invalidCidr(text, "couldn't parse length in network: invalid digit found in string");
  }
  const longest = addressLength(bits) - 1;
  if (Number(length) > longest) {
    const family = isV4(bits) ? 'Ipv4' : 'Ipv6';
    const fault = `Network length ${Number(length)} is too long for ${family} (maximum: ${longest})`;
    throw invalidCidr(text, `invalid length for network: ${fault}`);
  }
  const end = 1 + Number(length);
  if (bits.includes('1', end)) throw invalidCidr(text, HOST_PART);
  return bits.slice(0, end);
}

function invalidCidr(text: string, fault: string): FieldError {
  return new FieldError('cidr', `${text} is not a valid CIDR: ${fault}`);
}

function format(network: Bits): string {
  if (network === '') return 'any';
  const address = formatAddress(network);
  return network.length === addressLength(network) ? address : `${address}/${network.length - 1}`;
}

/** The network that holds the address, where only the host part is wrong. */
function widened(text: string): string {
  const [address, length] = splitLength(text);
  return format(parseAddress(address)!.slice(0, 1 + Number(length)));
}

function splitLength(text: string): [string, string | undefined] {
  const slash = text.indexOf('/');
  return slash < 0 ? [text, undefined] : [text.slice(0, slash), text.slice(slash + 1)];
}
