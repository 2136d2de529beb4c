/** `kumo.make_*`, the listeners, spools, logs and hooks: Lua tables checked against a schema. */
import { ConfigError } from '../errors.ts';
import { callerPlace } from '../lua/errors.ts';
import { type LuaState, lua } from '../lua/fengari.ts';
import { toPlain } from '../lua/values.ts';
import {
  egressPath,
  egressPool,
  egressSource,
  esmtpListener,
  FieldError,
  httpListener,
  listenerDomain,
  localLogs,
  logDispositionHook,
  logHook,
  type ObjectType,
  queueConfig,
  spool,
  throttle,
} from '../objects/index.ts';
import { Float, Opaque, type Plain } from '../objects/plain.ts';
import { ConfigObject, pushConfigObject } from './config_object.ts';
import type { DefinitionKind, KumoFunction } from './host.ts';

/** Fields that may hold a secret, misspelt ones too; their values never reach a message. */
const SECRET = /pas+w|secret|token|key_data|private_key|credential/i;

function read(L: LuaState, type: ObjectType, input: Plain): ConfigObject {
  try {
    return new ConfigObject(type, type.read(input));
  } catch (thrown) {
    if (!(thrown instanceof FieldError)) throw thrown;
    // KumoMTA's own words around the reason: helpers match on both literals (policy-extras.typing).
    const message = `deserialize error: ${thrown.message}, while processing ${describe(input)}`;
    throw new ConfigError('OBJECT_INVALID', `${type.constructorName}: ${message}`, {
      place: { ...callerPlace(L, 1), field: thrown.path },
      details: { object: type.name, field: thrown.path, expected: thrown.expected },
    });
  }
}

/** The offending table as compact JSON, without secrets, cut to what a person can read. */
function describe(input: Plain): string {
  const json = JSON.stringify(input, (key, value: Plain) => {
    if (SECRET.test(key)) return '[redacted]';
    if (value instanceof Float) return value.value;
    if (value instanceof Opaque) return `<${value.type}>`;
    if (value instanceof Uint8Array) return `<${value.length} bytes>`;
    return value;
  });
  if (json === undefined) return 'nil';
  return json.length > 1000 ? `${json.slice(0, 1000)}…` : json;
}

const make =
  (type: ObjectType): KumoFunction =>
  (_host, L) => {
    pushConfigObject(L, read(L, type, toPlain(L, 1)));
    return 1;
  };

const define =
  (kind: DefinitionKind, type: ObjectType): KumoFunction =>
  (host, L) => {
    const { value } = read(L, type, toPlain(L, 1));
    host.define(kind, value, callerPlace(L, 1));
    return 0;
  };

export const makeFunctions: Record<string, KumoFunction> = {
  make_queue_config: make(queueConfig),
  make_egress_pool: make(egressPool),
  make_egress_source: make(egressSource),
  make_egress_path: make(egressPath),
  make_listener_domain: make(listenerDomain),
  make_throttle: (_host, L) => {
    pushConfigObject(L, read(L, throttle, [toPlain(L, 1), toPlain(L, 2)].slice(0, lua.lua_gettop(L))));
    return 1;
  },
  start_esmtp_listener: define('esmtp_listener', esmtpListener),
  start_http_listener: define('http_listener', httpListener),
  define_spool: define('spool', spool),
  configure_local_logs: define('local_logs', localLogs),
  configure_log_hook: define('log_hook', logHook),
  configure_log_disposition_hook: define('log_disposition_hook', logDispositionHook),
};
