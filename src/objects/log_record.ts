import { Type } from '@sinclair/typebox';
import { type MapKeys, map } from './containers.ts';
import { RECORD_TYPE } from './enums.ts';
import { choiceReader, flag, text } from './scalars.ts';
import { table } from './table.ts';

const LogRecordParams = table('LogRecordParams', {
  suffix: Type.Optional(text({ description: 'Text appended to segment file names.' })),
  log_dir: Type.Optional(
    text({ description: 'Directory overriding the parent log_dir for this record type.', format: 'path' }),
  ),
  enable: flag({ description: 'Whether this record type is logged.', default: true }),
  template: Type.Optional(
    text({ description: 'Mini Jinja template replacing the JSON record; compiled at configure time.' }),
  ),
  segment_header: text({
    description: 'Text written at the start of each new segment file.',
    default: '',
    since: '2023.11.28-b5252a41',
  }),
});

const RANKS: readonly string[] = RECORD_TYPE;

const RECORD_TYPE_KEYS: MapKeys = {
  schema: Type.String({ enum: RECORD_TYPE }),
  read: choiceReader(RECORD_TYPE),
  compare: (a, b) => RANKS.indexOf(a) - RANKS.indexOf(b),
};

/** Settings by record type, printed in the order of the types. */
export const perRecord = map(
  LogRecordParams,
  { description: 'Settings by record type; Any is the fallback key.', default: {} },
  RECORD_TYPE_KEYS,
);
