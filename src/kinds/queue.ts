import { ConfigError } from '../errors.ts';
import { parseDuration, queueConfig } from '../objects/index.ts';
import type { Plain } from '../objects/plain.ts';
import { byStrategy, type Kind } from './kind.ts';

/** The parts of a scheduled queue's name, `campaign:tenant@domain!routing_domain`. */
export interface QueueName {
  domain: string;
  tenant?: string | undefined;
  campaign?: string | undefined;
  routing_domain?: string | undefined;
}

/**
 * Takes a queue's name apart as KumoMTA does: at the first `@`, then the first `:` before and the first `!` after it.
 * A campaign without a tenant is written `campaign:@domain` and gives the empty string as tenant.
 */
export function parseQueueName(name: string): QueueName {
  const at = name.indexOf('@');
  const prefix = at === -1 ? undefined : name.slice(0, at);
  const rest = at === -1 ? name : name.slice(at + 1);
  const bang = rest.indexOf('!');
  const domain = bang === -1 ? rest : rest.slice(0, bang);
  if (domain === '') throw new ConfigError('INVALID_NAME', `queue name '${name}' has no domain`);
  const colon = prefix?.indexOf(':') ?? -1;
  return {
    domain,
    tenant: colon === -1 ? prefix : prefix!.slice(colon + 1),
    campaign: colon === -1 ? undefined : prefix!.slice(0, colon),
    routing_domain: bang === -1 ? undefined : rest.slice(bang + 1),
  };
}

export function formatQueueName({ domain, tenant, campaign, routing_domain }: QueueName): string {
  const routed = routing_domain === undefined ? domain : `${domain}!${routing_domain}`;
  if (campaign !== undefined) return `${campaign}:${tenant ?? ''}@${routed}`;
  return tenant === undefined ? routed : `${tenant}@${routed}`;
}

const XFER_SUFFIX = '.xfer.kumomta.internal';

/** Queues whose configuration KumoMTA fixes itself, by their whole name. */
function reserved(name: string): Record<string, unknown> | undefined {
  switch (name) {
    case 'null':
      return queueConfig.read({ retry_interval: 10, max_retry_interval: 10 });
    case 'generator.kumomta.internal':
      return queueConfig.read({ retry_interval: 10 });
    case 'deferred_smtp_inject.kumomta.internal':
      return queueConfig.read({ retry_interval: 60 });
  }
  if (name.endsWith(XFER_SUFFIX) && URL.canParse(name.slice(0, -XFER_SUFFIX.length))) {
    const target = name.slice(0, -XFER_SUFFIX.length);
    return queueConfig.read({ retry_interval: 10, protocol: { xfer: { target } } });
  }
  return undefined;
}

export const UNSPECIFIED = 'unspecified';

export const queue: Kind = {
  name: 'queue',
  type: queueConfig,
  ask(name) {
    const { domain, tenant, campaign, routing_domain } = parseQueueName(name);
    return { event: 'get_queue_config', args: [domain, tenant, campaign, routing_domain] as Plain[] };
  },
  reserved,
  whenNone: 'default',
  timing: (value) => byStrategy(value, parseDuration(value!['reap_interval'] as string)),
  uses: (value) => [{ kind: 'egress_pool', name: (value!['egress_pool'] as string | undefined) ?? UNSPECIFIED }],
  blame: () => '',
};
