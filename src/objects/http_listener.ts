import { Type } from '@sinclair/typebox';
import { cidrSet } from './cidr.ts';
import { withEffectiveDefault } from './field.ts';
import { HOST_NAME } from './host_name.ts';
import { keySource } from './key_source.ts';
import { objectType } from './object_type.ts';
import { flag, integer, text } from './scalars.ts';
import { table } from './table.ts';

export const httpListener = objectType(
  'HttpListenerParams',
  'start_http_listener',
  table('HttpListenerParams', {
    hostname: text({ description: 'Name used for the generated certificate.', default: HOST_NAME }),
    listen: text({ description: 'Local host:port to bind.', default: '127.0.0.1:8000' }),
    use_tls: flag({ description: 'Serve HTTPS.', default: false }),
    request_body_limit: withEffectiveDefault(
      integer('usize', { description: 'Largest request body, in bytes.', since: '2024.06.10-84e84b89' }),
      2 * 1024 * 1024,
    ),
    tls_certificate: Type.Optional(keySource({ description: 'Certificate; self-signed one generated when absent.' })),
    tls_private_key: Type.Optional(keySource({ description: 'Private key; generated when absent.' })),
    trusted_hosts: cidrSet({
      description: 'Peers exempt from authentication.',
      default: ['127.0.0.1', '::1'],
    }),
  }),
);
