/** What is allowed but hardly meant: KumoMTA takes all of these without a word. */
import type { KindName } from '../kinds/index.ts';
import { parseDuration } from './duration.ts';

type Value = Record<string, unknown>;

const RULES: Partial<Record<KindName, ((value: Value) => string | undefined)[]>> = {
  queue: [
    ({ retry_interval, max_retry_interval }) =>
      max_retry_interval !== undefined && ms(max_retry_interval) < ms(retry_interval)
        ? `max_retry_interval ${max_retry_interval} is shorter than retry_interval ${retry_interval}`
        : undefined,
  ],
  egress_pool: [
    ({ entries }) => {
      const list = entries as { weight: number }[];
      if (list.length === 0) return 'it has no entries: mail for it finds no source';
      return list.every(({ weight }) => weight === 0)
        ? 'every entry has weight 0: mail for it finds no source'
        : undefined;
    },
    ({ entries }) => {
      const names = (entries as { name: string }[]).map(({ name }) => name);
      const twice = names.find((name, i) => names.indexOf(name) !== i);
      return twice === undefined ? undefined : `source '${twice}' is listed twice`;
    },
  ],
  egress_source: [
    (value) => half(value, 'ha_proxy_server', 'ha_proxy_source_address'),
    (value) => half(value, 'socks5_proxy_server', 'socks5_proxy_source_address'),
  ],
  egress_path: [
    (value) => half(value, 'tls_certificate', 'tls_private_key'),
    (value) => half(value, 'smtp_auth_plain_username', 'smtp_auth_plain_password'),
  ],
};

/** Warnings about a complete value, in words; empty when it looks right. */
export function warningsOf(kind: KindName, value: Value): string[] {
  return (RULES[kind] ?? []).map((rule) => rule(value)).filter((warning) => warning !== undefined);
}

const ms = (duration: unknown): number => parseDuration(duration as string);

function half(value: Value, one: string, other: string): string | undefined {
  if ((value[one] === undefined) === (value[other] === undefined)) return undefined;
  const [set, missing] = value[one] === undefined ? [other, one] : [one, other];
  return `${set} is set without ${missing}, and is ignored`;
}
