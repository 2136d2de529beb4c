/** Options that several verbs share, and how their values read. */
import { InvalidArgumentError, Option } from 'commander';
import { parseDuration } from '../objects/index.ts';

export const DEFAULT_POLICY = '/opt/kumomta/etc/policy/init.lua';
export const DEFAULT_SERVER = 'http://127.0.0.1:8000';

/** A duration as KumoMTA writes it, in milliseconds. */
export function duration(text: string): number {
  try {
    return parseDuration(text);
  } catch (thrown) {
    throw new InvalidArgumentError((thrown as Error).message);
  }
}

export function positiveInteger(text: string): number {
  const number = Number(text);
  if (Number.isInteger(number) && number > 0) return number;
  throw new InvalidArgumentError('a whole number, 1 or more, expected');
}

/** An option that may be given again and again. */
export function collect(value: string, before: string[]): string[] {
  return [...before, value];
}

export function policyOption(): Option {
  return new Option('--policy <file>', 'the policy').default(DEFAULT_POLICY);
}

export function timeoutOption(): Option {
  return new Option('--handler-timeout <duration>', 'how long a handler may run').argParser(duration);
}

export function jsonOption(): Option {
  return new Option('--json', 'print JSON');
}

/** For verbs that ask a daemon in any case. */
export function serverOption(): Option {
  return new Option('--server <url>', 'the daemon to ask').default(DEFAULT_SERVER);
}
