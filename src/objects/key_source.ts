import { type Static, type TUnion, Type } from '@sinclair/typebox';
import { list } from './containers.ts';
import { type FieldOptions, field, secret } from './field.ts';
import { FieldError, invalidType } from './field_error.ts';
import type { Plain } from './plain.ts';
import { anyValue, text } from './scalars.ts';
import { table } from './table.ts';
import { untaggedReader, untaggedRedactor } from './untagged.ts';

const utf8 = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });

const keyData = secret(
  field(
    Type.Union([Type.String(), Type.Array(Type.Integer({ minimum: 0, maximum: 255 }))], {
      description: 'Literal bytes of the secret; a list of integers if they are not UTF-8.',
    }),
    readBytes,
  ),
);

const Data = table('KeySourceData', { key_data: keyData });

const Vault = table('KeySourceVault', {
  vault_mount: text({ description: 'KV v2 mount name.' }),
  vault_path: text({ description: 'Path of the secret.' }),
  vault_key: text({ description: 'Field name inside the secret.', default: 'key', since: '2025.10.06-5ec871ab' }),
  vault_address: Type.Optional(text({ description: 'Vault URL; $VAULT_ADDR when absent.' })),
  vault_token: Type.Optional(secret(text({ description: 'Vault token; $VAULT_TOKEN when absent.' }))),
});

const Event = table('KeySourceEvent', {
  event_name: text({ description: 'Event whose handler returns the bytes.', since: '2025.12.02-67ee9e96' }),
  event_args: list(anyValue({ description: 'One argument.' }), {
    description: 'Arguments for the event handler; must be present.',
    since: '2025.12.02-67ee9e96',
  }),
});

const File = Type.String({ description: 'Path of the file that holds the secret.' });
const TABLES = [Data, Vault, Event];
const readTable = untaggedReader('KeySource', TABLES);
const hide = untaggedRedactor(TABLES);

type KeySourceSchema = TUnion<[typeof File, typeof Data, typeof Vault, typeof Event]>;
export type KeySource = Static<KeySourceSchema>;

/** Where a key, certificate or password comes from. Nothing is loaded when it is read. */
export function keySource(options: FieldOptions<KeySource>): KeySourceSchema {
  const read = (input: Plain) => (typeof input === 'string' ? input : readTable(input));
  return field(Type.Union([File, Data, Vault, Event], options), read, hide);
}

/** Bytes as text where they are UTF-8, so that equal secrets have equal text whichever form they came in. */
function readBytes(input: Plain): string | number[] {
  if (typeof input === 'string') return input;
  if (!(input instanceof Uint8Array) && !Array.isArray(input)) throw invalidType(input, 'a string', 'string');
  const bytes = input instanceof Uint8Array ? input : Uint8Array.from(input, readByte);
  try {
    return utf8.decode(bytes);
  } catch {
    // Not UTF-8: the decoder has no other error.
    return Array.from(bytes);
  }
}

function readByte(input: Plain): number {
  if (typeof input === 'number' && Number.isInteger(input) && input >= 0 && input <= 255) return input;
  throw new FieldError('string', 'invalid value: sequence, expected a string or a list of bytes');
}
