import { inspect } from 'node:util';

/**
 * The one table of errors. A code is stable: users match on it. `status` is the HTTP status of an answer that carries
 * the error, `exit` the exit status of a command that ends with it, `hint` what to do about it.
 */
export const ERRORS = {
  // The configuration, or something it needs, is at fault.
  POLICY_NOT_FOUND: { status: 422, exit: 1, hint: 'check the path given with --policy' },
  POLICY_SYNTAX: { status: 422, exit: 1, hint: 'mend the Lua syntax at the named line' },
  POLICY_FAILED: { status: 422, exit: 1, hint: 'mend the policy at the named line' },
  HANDLER_FAILED: { status: 422, exit: 1, hint: 'mend the handler at the named line' },
  HANDLER_MISSING: { status: 422, exit: 1, hint: 'register the event with kumo.on when the policy is loaded' },
  HANDLER_NO_VALUE: {
    status: 422,
    exit: 1,
    hint: 'return the object from the matching kumo.make_* function',
  },
  HANDLER_TIMEOUT: { status: 422, exit: 1, hint: 'make the handler finish sooner, or raise --handler-timeout' },
  OBJECT_INVALID: { status: 422, exit: 1, hint: 'give the field a value of the expected type' },
  WORKER_LOST: { status: 422, exit: 1, hint: 'the worker was replaced; see the log for what the script did' },
  EPOCH_REJECTED: { status: 422, exit: 1, hint: 'mend the policy; the previous epoch goes on serving' },
  GLOB_INVALID: { status: 422, exit: 1, hint: 'see docs/compatibility.md for the glob syntax' },
  LISTENER_FAILED: { status: 422, exit: 1, hint: 'free the address, or choose another' },
  STATE_DIR_UNUSABLE: { status: 503, exit: 1, hint: 'choose another --state-dir, or none' },
  STATE_DIR_LOCKED: { status: 503, exit: 1, hint: 'stop the other daemon, or choose another --state-dir' },
  ADDON_UNLOADABLE: { status: 503, exit: 1, hint: 'give the daemon one folder whose mount allows execution' },
  DNS_FAILED: { status: 422, exit: 1, hint: 'check the name and the resolver, or give the site' },
  CHECK_FAILED: { status: 422, exit: 1, hint: 'mend the problems that are listed' },
  // The request is at fault.
  MALFORMED_JSON: { status: 400, exit: 2, hint: 'send one JSON object' },
  TOO_DEEP: { status: 400, exit: 2, hint: 'nest JSON at most 64 levels deep' },
  INVALID_REQUEST: { status: 400, exit: 2, hint: 'see /openapi.json for the shape of the request' },
  UNKNOWN_KIND: { status: 400, exit: 2, hint: 'use queue, egress_pool, egress_source, egress_path or listener_domain' },
  INVALID_NAME: { status: 400, exit: 2, hint: 'see the README for how objects are named' },
  UNAUTHENTICATED: { status: 401, exit: 3, hint: 'authenticate, or ask from a host in trusted_hosts' },
  PEER_NOT_TRUSTED: { status: 403, exit: 3, hint: "add the peer's address to the listener's trusted_hosts" },
  HOST_NOT_ALLOWED: { status: 403, exit: 3, hint: "use an IP address, localhost or the listener's hostname" },
  ORIGIN_NOT_ALLOWED: { status: 403, exit: 3, hint: 'browsers may ask only from pages that this listener served' },
  NOT_FOUND: { status: 404, exit: 3, hint: 'see /openapi.json for the routes' },
  NOT_LIVE: { status: 404, exit: 3, hint: 'resolve the object first; unused objects idle out' },
  METHOD_NOT_ALLOWED: { status: 405, exit: 3, hint: 'use a method that the Allow header names' },
  BODY_TOO_LARGE: { status: 413, exit: 3, hint: "raise the listener's request_body_limit" },
  NOT_READY: { status: 503, exit: 3, hint: 'wait until GET /api/config/v1/ready answers 200' },
  SHUTTING_DOWN: { status: 503, exit: 3, hint: 'ask again once the daemon is back' },
  SERVER_UNREACHABLE: { status: 503, exit: 3, hint: 'check --server and that the daemon runs' },
  USAGE: { status: 400, exit: 2, hint: 'see kumo-configd --help' },
  INTERNAL: { status: 500, exit: 1, hint: 'please report this with the log' },
} as const satisfies Record<string, { status: number; exit: number; hint: string }>;

export type ErrorCode = keyof typeof ERRORS;

/** Where in the configuration an error lies. */
export interface ErrorPlace {
  file?: string;
  line?: number;
  /** Path of the field within the object, as `shrink_policy[2].interval`. */
  field?: string;
}

/** An error of ours: a stable code, a message for people, and the place when one is known. */
export class ConfigError extends Error {
  readonly code: ErrorCode;
  readonly place: ErrorPlace;
  readonly details: unknown;

  constructor(
    code: ErrorCode,
    message: string,
    options: { place?: ErrorPlace; details?: unknown; cause?: unknown } = {},
  ) {
    super(message, options.cause === undefined ? undefined : { cause: options.cause });
    this.name = 'ConfigError';
    this.code = code;
    this.place = options.place ?? {};
    this.details = options.details;
  }

  /** `FILE:LINE: message`, as far as the place is known; what commands print on stderr. */
  located(): string {
    const { file, line } = this.place;
    if (file === undefined) return this.message;
    const at = line === undefined ? file : `${file}:${line}`;
    return this.message.startsWith(at) ? this.message : `${at}: ${this.message}`;
  }

  /** The form that crosses threads and HTTP. */
  toJSON(): ErrorReport {
    const report: ErrorReport = { code: this.code, message: this.message };
    if (this.place.file !== undefined) report.file = this.place.file;
    if (this.place.line !== undefined) report.line = this.place.line;
    if (this.place.field !== undefined) report.field = this.place.field;
    if (this.details !== undefined) report.details = this.details;
    return report;
  }

  static fromReport(report: ErrorReport): ConfigError {
    const { code, message, file, line, field, details } = report;
    return new ConfigError(code, message, { place: { file, line, field }, details });
  }
}

export interface ErrorReport {
  code: ErrorCode;
  message: string;
  file?: string;
  line?: number;
  field?: string;
  details?: unknown;
}

/** A report as it leaves the process over HTTP: with the traceback only where it helps, in the log. */
export function publicReport(report: ErrorReport): ErrorReport {
  const { details, ...rest } = report;
  if (typeof details !== 'object' || details === null) return report;
  const { traceback: _, ...shown } = details as Record<string, unknown>;
  return Object.keys(shown).length === 0 ? rest : { ...rest, details: shown };
}

/** Any thrown value as a ConfigError, so that nothing that is caught loses its message. */
export function toConfigError(thrown: unknown, code: ErrorCode = 'INTERNAL'): ConfigError {
  if (thrown instanceof ConfigError) return thrown;
  const message = thrown instanceof Error ? thrown.message : thrownText(thrown);
  return new ConfigError(code, message, { cause: thrown });
}

/** What was thrown instead of an Error; an object need not have a way to become text. */
function thrownText(thrown: unknown): string {
  return typeof thrown === 'string' ? thrown : inspect(thrown, { depth: 0 });
}
