import { Type } from '@sinclair/typebox';
import { SPOOL_KIND } from './enums.ts';
import { annotate } from './field.ts';
import { minFree } from './min_free.ts';
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
    min_free_space: minFree({
      description: 'Free space floor, in percent or bytes.',
      default: '10%',
      since: '2024.09.02-c5476b89',
    }),
    min_free_inodes: minFree({
      description: 'Free inode floor, in percent or inodes.',
      default: '10%',
      since: '2024.09.02-c5476b89',
    }),
  }),
);
