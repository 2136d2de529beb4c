import { type TUnsafe, Type } from '@sinclair/typebox';
import { duration } from './duration.ts';
import { field, isMap, readerOf } from './field.ts';
import { FieldError, oneOf, unknownVariant } from './field_error.ts';
import type { Plain } from './plain.ts';
import { choiceReader } from './scalars.ts';
import { table } from './table.ts';
import { throttleSpec } from './throttle_spec.ts';

type Trigger = 'Immediate' | { Threshold: string };

const NAMES = ['Immediate', 'Threshold'];
const Threshold = table('Threshold', { Threshold: throttleSpec({ description: 'Rate of failures.' }) });
const readThreshold = readerOf(Threshold);
const readName = choiceReader(NAMES);

function readTrigger(input: Plain): unknown {
  if (isMap(input) && Object.keys(input).length === 1) {
    if ('Threshold' in input) return readThreshold(input);
    throw unknownVariant(Object.keys(input)[0]!, NAMES);
  }
  if (readName(input) === 'Immediate') return 'Immediate';
  throw new FieldError(oneOf(NAMES), 'invalid type: unit variant, expected newtype variant');
}

const trigger: TUnsafe<Trigger> = field(
  Type.Unsafe<Trigger>(
    Type.Union([Type.Literal('Immediate'), Threshold], {
      description: 'Whether one failure, or a rate of failures, starts the suspension.',
      default: 'Immediate',
      since: 'dev',
    }),
  ),
  readTrigger,
);

/** When and for how long a source is suspended after failures. */
export const SuspendOnFailure = table('SuspendOnFailure', {
  trigger,
  duration: duration({ description: 'How long the source remains suspended.', since: 'dev' }),
});
