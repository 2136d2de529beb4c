/** Where mail for a domain goes: its MX hosts, rolled up to a site name. */
import { ConfigError } from '../errors.ts';
import { formatAddress, parseAddress } from '../objects/ip.ts';
import { siteName } from './site_name.ts';

/** What is asked of DNS; node:dns/promises has it. */
export interface MxSource {
  resolveMx(domain: string): Promise<{ exchange: string; priority: number }[]>;
}

/**
 * The site name of `domain`, which may have a `:port`. A domain literal, `[10.0.0.1]`, is its own site and is not looked
 * up; a domain without MX records is its own mail host. Rejects with DNS_FAILED.
 */
export async function siteOf(domain: string, dns: MxSource): Promise<string> {
  const literal = /^\[(?:ipv6:)?([^\]]+)\](?::\d+)?$/i.exec(domain)?.[1] ?? '';
  const address = parseAddress(literal);
  if (address !== undefined) return formatAddress(address);
  const [, name, port = ''] = /^(.*?)\.?(:\d+)?$/s.exec(domain)!;
  const records = await mxRecords(name!, dns);
  // One record with an empty name says that the domain takes no mail (RFC 7505).
  if (records.length === 1 && records[0]!.exchange.replace(/\.$/, '') === '') return '';
  const hosts = records.map(({ exchange, priority }) => ({
    host: exchange.toLowerCase().replace(/\.$/, ''),
    priority,
  }));
  hosts.sort((a, b) => a.priority - b.priority || compare(a.host, b.host));
  const names = hosts.length === 0 ? [name!] : hosts.map(({ host }) => host);
  return siteName(names.map((host) => host + port));
}

async function mxRecords(domain: string, dns: MxSource): Promise<{ exchange: string; priority: number }[]> {
  try {
    return await dns.resolveMx(domain);
  } catch (thrown) {
    const { code } = thrown as NodeJS.ErrnoException;
    if (code === 'ENODATA') return [];
    throw new ConfigError('DNS_FAILED', `MX lookup of '${domain}' failed: ${(thrown as Error).message}`);
  }
}

const compare = (a: string, b: string): number => (a < b ? -1 : a > b ? 1 : 0);
