/** Output for people, and for programs when --json asks for it. */
import { type ConfigError, ERRORS } from '../errors.ts';

export function print(text: string): void {
  process.stdout.write(`${text}\n`);
}

export function printJson(value: unknown): void {
  print(JSON.stringify(value, null, 2));
}

/** `FILE:LINE: message` on stderr, and what to do about it. */
export function printError(error: ConfigError): void {
  process.stderr.write(`${error.located()}\n`);
  process.stderr.write(`  ${error.code}: ${ERRORS[error.code].hint}\n`);
}

/** The fields of a configuration value, one a line, as TOML would have them. */
export function fieldLines(value: Record<string, unknown>): string[] {
  return Object.entries(value).map(([field, item]) => `${field} = ${JSON.stringify(item)}`);
}
