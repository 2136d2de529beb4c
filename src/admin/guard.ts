/** Who may ask: the checks that every request passes before anything else is looked at. */
import { BlockList, isIP } from 'node:net';
import { ConfigError } from '../errors.ts';

export interface GuardedHeaders {
  host: string;
  origin: string;
  authorization: string;
}

/**
 * Addresses, networks and `any`, as KumoMTA writes them, in a BlockList; it matches IPv4 addresses that are mapped into
 * IPv6, too.
 */
export function addressList(entries: readonly string[]): BlockList {
  const list = new BlockList();
  for (const entry of entries.flatMap((text) => (text === 'any' ? ['0.0.0.0/0', '::/0'] : [text]))) {
    const [address = '', bits] = entry.split('/');
    const family = isIP(address) === 4 ? 'ipv4' : 'ipv6';
    if (bits === undefined) list.addAddress(address, family);
    else list.addSubnet(address, Number(bits), family);
  }
  return list;
}

const MAX_VERDICTS = 10_000;

export class Guard {
  private readonly trusted: BlockList;
  /** Of peers that have asked: the list is fixed, and looking through it costs more than most answers. */
  private readonly verdicts = new Map<string, boolean>();
  private readonly hostname: string;

  constructor(trustedHosts: readonly string[], hostname: string) {
    this.trusted = addressList(trustedHosts);
    this.hostname = hostname.toLowerCase();
  }

  /** Throws what the request is refused with. `open` routes answer any peer, but no foreign page. */
  check(peer: string, headers: GuardedHeaders, open: boolean): void {
    if (!open) {
      if (headers.authorization !== '') {
        throw new ConfigError('UNAUTHENTICATED', 'the credentials are not known here');
      }
      if (!this.isTrusted(peer)) {
        throw new ConfigError('PEER_NOT_TRUSTED', `peer ${peer} is not in trusted_hosts`);
      }
    }
    this.checkHost(headers.host);
    this.checkOrigin(headers);
  }

  private isTrusted(peer: string): boolean {
    let trusted = this.verdicts.get(peer);
    if (trusted === undefined) {
      if (this.verdicts.size >= MAX_VERDICTS) this.verdicts.clear();
      trusted = this.trusted.check(peer, isIP(peer) === 4 ? 'ipv4' : 'ipv6');
      this.verdicts.set(peer, trusted);
    }
    return trusted;
  }

  /** A name that somebody else's DNS points here (rebinding) is not ours. */
  private checkHost(host: string): void {
    const name = host
      .replace(/:\d+$/, '')
      .replace(/^\[(.*)\]$/, '$1')
      .toLowerCase();
    if (isIP(name) !== 0 || name === 'localhost' || name === this.hostname) return;
    throw new ConfigError('HOST_NOT_ALLOWED', `Host '${host.slice(0, 255)}' is not one of this listener's names`);
  }

  private checkOrigin({ origin, host }: GuardedHeaders): void {
    if (origin === '') return;
    // A Host with a port beyond 65535, say, passes as one of ours and yet makes no URL.
    const own = URL.parse(`http://${host}`);
    if (own === null || URL.parse(origin)?.host !== own.host)
      throw new ConfigError('ORIGIN_NOT_ALLOWED', `Origin '${origin.slice(0, 255)}' is not this listener`);
  }
}
