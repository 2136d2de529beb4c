import type { TObject } from '@sinclair/typebox';
import { bounceClassifier } from './bounce_classifier.ts';
import { egressPath } from './egress_path.ts';
import { egressPool } from './egress_pool.ts';
import { egressSource } from './egress_source.ts';
import { esmtpListener, SessionOverrides } from './esmtp_listener.ts';
import { httpListener } from './http_listener.ts';
import { listenerDomain } from './listener_domain.ts';
import { localLogs } from './local_logs.ts';
import { logDispositionHook, logHook } from './log_hook.ts';
import type { ObjectType } from './object_type.ts';
import { queueConfig } from './queue_config.ts';
import { redisThrottles } from './redis_throttles.ts';
import { spool } from './spool.ts';
import { throttle } from './throttle.ts';

export { formatDuration, parseDuration } from './duration.ts';
export type { SessionOverrides } from './esmtp_listener.ts';
export { FieldError } from './field_error.ts';
export { type ObjectType, redact } from './object_type.ts';
export { formatThrottle, parseThrottle, type Throttle } from './throttle_spec.ts';
export {
  bounceClassifier,
  egressPath,
  egressPool,
  egressSource,
  esmtpListener,
  httpListener,
  listenerDomain,
  localLogs,
  logDispositionHook,
  logHook,
  queueConfig,
  redisThrottles,
  spool,
  throttle,
};

/** Every kind of object, under the name of its constructor. */
export const objectTypes: Readonly<Record<string, ObjectType>> = Object.fromEntries(
  [
    queueConfig,
    egressPool,
    egressSource,
    egressPath,
    listenerDomain,
    esmtpListener,
    httpListener,
    spool,
    localLogs,
    logHook,
    logDispositionHook,
    throttle,
    bounceClassifier,
    redisThrottles,
  ].map((type) => [type.constructorName, type as ObjectType]),
);

/** Schemas that those of the objects refer to as `#/components/schemas/NAME`. */
export const sharedSchemas: Readonly<Record<string, TObject>> = { EsmtpSessionOverrides: SessionOverrides };
