import { ConfigError } from '../errors.ts';
import { listenerDomain } from '../objects/index.ts';
import type { Plain } from '../objects/plain.ts';
import { type Ask, DEFAULT_REAP_MS, type Kind } from './kind.ts';

export const DEFAULT_LISTENER = '127.0.0.1:25';

/** Live listener domains are named `LISTENER domain`. */
export function listenerDomainName(domain: string, listener: string): string {
  return `${listener} ${domain}`;
}

export function askListenerDomain(domain: string, listener: string, meta: { [key: string]: Plain }): Ask {
  return { event: 'get_listener_domain', args: [domain, listener, meta] };
}

export const listenerDomainKind: Kind = {
  name: 'listener_domain',
  type: listenerDomain,
  ask(name) {
    const space = name.indexOf(' ');
    if (space === -1) return askListenerDomain(name, DEFAULT_LISTENER, {});
    // An empty domain is asked for the null sender.
    if (space === 0) {
      throw new ConfigError('INVALID_NAME', `listener domain name '${name}' is not of the form 'LISTENER domain'`);
    }
    return askListenerDomain(name.slice(space + 1), name.slice(0, space), {});
  },
  reserved: () => undefined,
  whenNone: 'nil',
  timing: () => ({
    strategy: 'Epoch',
    refreshInterval: '1m',
    refreshMs: null,
    onEpoch: true,
    reapMs: DEFAULT_REAP_MS,
  }),
  uses: () => [],
  blame: () => '',
};
