import type { TString } from '@sinclair/typebox';
import type { FieldOptions } from './field.ts';
import { FieldError } from './field_error.ts';
import { formatAddress, isV4, parseAddress } from './ip.ts';
import { parsedText } from './scalars.ts';

/** A bare IP address, without brackets or port. */
export function ipAddress(options: FieldOptions<string>): TString {
  return parsedText('ip', parseIp, options);
}

/** An IP address, bare or in brackets, with or without port, or an absolute unix socket path. */
export function hostOrSocket(options: FieldOptions<string>): TString {
  return parsedText('host-or-socket-address', parseHostOrSocket, options);
}

/** An IP address or host name with its port, or an absolute unix socket path. */
export function resolvableSocket(options: FieldOptions<string>): TString {
  return parsedText('resolvable-socket-address', parseResolvable, options);
}

// What the Rust libraries say of anything that is none.
const NO_SOCKET = 'invalid socket address syntax';
const NO_UNIX = 'unix domain path must be absolute';

function parseIp(text: string): string {
  const bits = parseAddress(text);
  if (bits === undefined) throw new FieldError('IP address', 'invalid IP address syntax');
  return formatAddress(bits);
}

function parseHostOrSocket(text: string): string {
  const address = parseSocket(text) ?? parseHost(text);
  if (address !== undefined) return address;
  const why = `Got '${NO_SOCKET}' when considering it as an IP address and '${NO_UNIX}' when considering it as a unix domain socket path.`;
  throw new FieldError(
    'IP address with or without port, or unix path',
    `Failed to parse '${text}' as an address. ${why}`,
  );
}

function parseResolvable(text: string): string {
  const address = parseSocket(text);
  if (address !== undefined) return address;
  const fault = hostPortFault(text);
  if (fault === undefined) return text;
  const why = `not an IP socket (${NO_SOCKET}); not a unix socket path (${NO_UNIX}); not host:port (${fault})`;
  throw new FieldError(
    'host:port, ip:port or unix path',
    `failed to parse ${JSON.stringify(text)} as a resolvable socket address: ${why}`,
  );
}

/** The normal form of `ip:port`, `[ip]:port` or a unix path; an IPv6 address needs its brackets. */
function parseSocket(text: string): string | undefined {
  if (text.startsWith('/')) return text;
  const { host, port } = /^(?<host>\[.*\]|[^:]*):(?<port>.*)$/s.exec(text)?.groups ?? {};
  const bits = host === undefined ? undefined : parseAddress(host.replace(/^\[(.*)\]$/s, '$1'));
  if (bits === undefined || !isPort(port!)) return undefined;
  const address = formatAddress(bits);
  return `${isV4(bits) ? address : `[${address}]`}:${Number(port)}`;
}

function parseHost(text: string): string | undefined {
  const bits = parseAddress(text.replace(/^\[(.*)\]$/s, '$1'));
  return bits === undefined ? undefined : formatAddress(bits);
}

function hostPortFault(text: string): string | undefined {
  const colon = text.lastIndexOf(':');
  if (colon < 0) return 'missing :port suffix';
  const host = text.slice(0, colon);
  const port = text.slice(colon + 1);
  if (!isPort(port)) return `invalid port ${JSON.stringify(port)}`;
  const fault = hostNameFault(host);
  return fault === undefined ? undefined : `invalid hostname ${JSON.stringify(host)}: ${fault}`;
}

function hostNameFault(host: string): string | undefined {
  if (host === '') return 'hostname is empty';
  const odd = /[\s\p{Cc}]/u.exec(host);
  if (odd !== null) return `unrecognized char: ${odd[0]}`;
  const labels = host.replace(/\.$/, '').split('.');
  const bad = labels.find((label) => !/^[\p{L}\p{N}_]([\p{L}\p{N}_-]{0,61}[\p{L}\p{N}_])?$/u.test(label));
  return bad === undefined ? undefined : `Malformed label: ${bad}`;
}

function isPort(text: string): boolean {
  return /^\d{1,5}$/.test(text) && Number(text) <= 65535;
}
