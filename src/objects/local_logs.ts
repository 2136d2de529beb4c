import { Type } from '@sinclair/typebox';
import { list } from './containers.ts';
import { duration } from './duration.ts';
import { perRecord } from './log_record.ts';
import { diskFloor } from './min_free.ts';
import { objectType } from './object_type.ts';
import { integer, text } from './scalars.ts';
import { table } from './table.ts';

export const localLogs = objectType(
  'LogFileParams',
  'configure_local_logs',
  table('LogFileParams', {
    log_dir: text({ description: 'Directory for log segments; created if missing.', format: 'path' }),
    max_file_size: integer('u64', { description: 'Uncompressed bytes per segment.', default: 1_000_000_000 }),
    back_pressure: integer('usize', {
      description: 'Outstanding records before submission blocks.',
      default: 128_000,
    }),
    compression_level: integer('i32', {
      description: 'zstd level; 0 is the zstd default, 1-21 explicit.',
      default: 0,
    }),
    max_segment_duration: Type.Optional(duration({ description: 'Longest time one segment covers.' })),
    meta: list(text({ description: 'Meta name.' }), {
      description: 'Meta names to log; trailing * wildcard since 2025.10.06-5ec871ab.',
      default: [],
    }),
    headers: list(text({ description: 'Header name.' }), {
      description: 'Header names to log; trailing * wildcard since 2023.12.28-63cde9c7.',
      default: [],
    }),
    per_record: perRecord,
    filter_event: Type.Optional(
      text({
        description: 'Event deciding whether a message is logged here.',
        since: '2023.11.28-b5252a41',
      }),
    ),
    ...diskFloor,
  }),
);
