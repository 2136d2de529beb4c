/** Whether the daemon is alive and ready, what it started, and its metrics. */
import { ConfigError } from '../../errors.ts';
import { json, type Route } from '../http.ts';
import type { AdminParts } from './parts.ts';

export function statusRoutes(parts: AdminParts): Route[] {
  return [
    {
      method: 'GET',
      path: '/api/check-liveness/v1',
      summary: 'Answers as long as the process does.',
      open: true,
      handle: () => ({ status: 200, type: 'text/plain; charset=utf-8', body: 'OK' }),
    },
    {
      method: 'GET',
      path: '/api/config/v1/ready',
      summary: 'Whether a policy is accepted and every essential listener is up.',
      handle() {
        const why = parts.notReady();
        if (why !== null) throw new ConfigError('NOT_READY', why);
        return json({ ready: true });
      },
    },
    {
      method: 'GET',
      path: '/api/config/v1/init',
      summary: 'What pre_init and init defined.',
      handle: () => json(parts.init()),
    },
    {
      method: 'GET',
      path: '/metrics',
      summary: "Metrics in Prometheus' text form.",
      handle: async () => ({
        status: 200,
        type: 'text/plain; version=0.0.4; charset=utf-8',
        body: await parts.metrics(),
      }),
    },
  ];
}
