/** Asking a running daemon. */
import { ConfigError, ERRORS, type ErrorReport } from '../errors.ts';

/** Longer than the longest wait that the daemon grants. */
const TIMEOUT_MS = 90_000;

/** The JSON answer to a request; throws the daemon's own error, or SERVER_UNREACHABLE. */
export async function ask(server: string, method: 'GET' | 'POST', path: string, body?: unknown): Promise<unknown> {
  let response: Response;
  try {
    response = await fetch(new URL(path, server), {
      method,
      body: body === undefined ? undefined : JSON.stringify(body),
      headers: { 'content-type': 'application/json' },
      signal: AbortSignal.timeout(TIMEOUT_MS),
    });
  } catch (thrown) {
    const { message, cause } = thrown as Error;
    const reason = cause instanceof Error ? cause.message || (cause as NodeJS.ErrnoException).code : message;
    throw new ConfigError('SERVER_UNREACHABLE', `${server}: ${reason}`, { cause: thrown });
  }
  const text = await response.text();
  const answer = parsed(text);
  if (response.ok && answer !== undefined) return answer;
  throw refusal(server, response.status, answer);
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    // Not an answer of ours; the caller says so with the status.
    return undefined;
  }
}

function refusal(server: string, status: number, answer: unknown): ConfigError {
  const error = (answer as { error?: Record<string, unknown> } | undefined)?.error;
  if (error === undefined || !Object.hasOwn(ERRORS, String(error['code']))) {
    return new ConfigError('SERVER_UNREACHABLE', `${server} answered ${status}, and not as kumo-configd does`);
  }
  return ConfigError.fromReport(error as unknown as ErrorReport);
}
