import { Type } from '@sinclair/typebox';
import { SPOOL_KIND } from './enums.ts';
import { annotate } from './field.ts';
import { diskFloor } from './min_free.ts';
import { objectType } from './object_type.ts';
import { RocksSpoolParams } from './rocks_params.ts';
import { choice, flag, text } from './scalars.ts';
import { table } from './table.ts';

export const spool = objectType(
  'DefineSpoolParams',
  'define_spool',
  table('DefineSpoolParams', {
    name: text({ description: 'Spool name, conventionally data or meta.' }),
    path: text({ description: 'Directory for the spool.', format: 'path' }),
    kind: choice(SPOOL_KIND, { description: 'Storage backend.', default: 'LocalDisk' }),
    flush: flag({ description: 'Sync storage after each write.', default: false }),
    rocks_params: Type.Optional(
      annotate(RocksSpoolParams, {
        description: 'RocksDB tuning; used only when kind is RocksDB.',
        since: '2023.03.31-36aa20de',
      }),
    ),
    ...diskFloor,
  }),
);
