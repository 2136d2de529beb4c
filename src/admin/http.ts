/** Requests and replies as route handlers see them: plain data, whatever the server underneath. */

import { isUtf8 } from 'node:buffer';
import type { TSchema } from '@sinclair/typebox';
import { ConfigError, ERRORS, publicReport } from '../errors.ts';

export interface Request {
  /** Values of the `:names` in the route's path, decoded. */
  params: readonly string[];
  query: URLSearchParams;
  /** The body; empty when there is none. */
  body: Uint8Array;
  /** The peer's IP address. */
  peer: string;
}

export interface Reply {
  status: number;
  type: string;
  body: string;
}

export interface Route {
  method: 'GET' | 'POST';
  /** As uWebSockets.js takes it: `:name` stands for one segment. */
  path: string;
  summary: string;
  /** Answered to any peer. */
  open?: boolean;
  query?: TSchema;
  body?: TSchema;
  handle(request: Request): Reply | Promise<Reply>;
}

export function json(body: unknown, status = 200): Reply {
  return jsonText(JSON.stringify(body), status);
}

/** A reply whose JSON text is at hand. */
export function jsonText(body: string, status = 200): Reply {
  return { status, type: 'application/json', body };
}

export function errorReply(error: ConfigError): Reply {
  return json({ error: errorBody(error) }, ERRORS[error.code].status);
}

/** An error as answers carry it: its code, message, place and what to do. */
export function errorBody(error: ConfigError): Record<string, unknown> {
  const { code, message, details, ...place } = publicReport(error.toJSON());
  return { code, message, ...place, hint: ERRORS[code].hint, ...(details === undefined ? {} : { details }) };
}

const MAX_DEPTH = 64;

/** The body as JSON; undefined when it is empty. Throws MALFORMED_JSON or TOO_DEEP. */
export function parseBody(body: Uint8Array): unknown {
  if (body.length === 0) return undefined;
  if (!isUtf8(body)) throw new ConfigError('MALFORMED_JSON', 'the body is not UTF-8');
  if (tooDeep(body)) throw new ConfigError('TOO_DEEP', `the JSON nests deeper than ${MAX_DEPTH}`);
  try {
    return JSON.parse(Buffer.from(body.buffer, body.byteOffset, body.byteLength).toString('utf8'));
  } catch (thrown) {
    throw new ConfigError('MALFORMED_JSON', (thrown as Error).message);
  }
}

const [QUOTE, BACKSLASH, BRACKET, END_BRACKET, BRACE, END_BRACE] = Buffer.from('"\\[]{}') as unknown as number[];

/** Whether JSON nests deeper than MAX_DEPTH, found without parsing it. */
function tooDeep(body: Uint8Array): boolean {
  let depth = 0;
  let inString = false;
  for (let i = 0; i < body.length; i++) {
    const byte = body[i];
    if (inString) {
      if (byte === BACKSLASH) i++;
      else if (byte === QUOTE) inString = false;
    } else if (byte === QUOTE) inString = true;
    else if (byte === BRACKET || byte === BRACE) {
      if (++depth > MAX_DEPTH) return true;
    } else if (byte === END_BRACKET || byte === END_BRACE) depth--;
  }
  return false;
}
