import { Type } from '@sinclair/typebox';
import { ipAddress, resolvableSocket } from './address.ts';
import { duration } from './duration.ts';
import { annotate } from './field.ts';
import { keySource } from './key_source.ts';
import { objectType } from './object_type.ts';
import { integer, text } from './scalars.ts';
import { SuspendOnFailure } from './suspension.ts';
import { table } from './table.ts';

export const egressSource = objectType(
  'EgressSource',
  'make_egress_source',
  table('EgressSource', {
    name: text({ description: 'Source name used in logs and pools.' }),
    ehlo_domain: Type.Optional(text({ description: 'EHLO name; the path ehlo_domain takes precedence.' })),
    source_address: Type.Optional(ipAddress({ description: 'Local address to bind before connecting.' })),
    remote_port: Type.Optional(integer('u16', { description: 'Overrides destination port from mx_list and path.' })),
    ha_proxy_server: Type.Optional(
      resolvableSocket({ description: 'HAProxy endpoint; DNS names accepted since dev.' }),
    ),
    ha_proxy_source_address: Type.Optional(ipAddress({ description: 'Address the HAProxy server should bind.' })),
    socks5_proxy_server: Type.Optional(
      resolvableSocket({
        description: 'SOCKS5 endpoint; DNS names accepted since dev.',
        since: '2023.06.22-51b72a83',
      }),
    ),
    socks5_proxy_source_address: Type.Optional(
      ipAddress({ description: 'Address the SOCKS5 server should bind.', since: '2023.06.22-51b72a83' }),
    ),
    socks5_proxy_username: Type.Optional(
      text({ description: 'SOCKS5 user; used only with the password; undocumented in KumoMTA.' }),
    ),
    socks5_proxy_password: Type.Optional(
      keySource({ description: 'SOCKS5 password; used only with the username; undocumented in KumoMTA.' }),
    ),
    suspend_when_unplumbed: Type.Optional(
      annotate(SuspendOnFailure, {
        description: 'Auto-suspend when bind reports address not available.',
        since: 'dev',
      }),
    ),
    suspend_when_proxy_unhealthy: Type.Optional(
      annotate(SuspendOnFailure, { description: 'Auto-suspend when the proxy fails.', since: 'dev' }),
    ),
    ttl: duration({ description: 'How long the definition is cached.', default: '1m' }),
  }),
);
