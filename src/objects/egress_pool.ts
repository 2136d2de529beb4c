import { list } from './containers.ts';
import { duration } from './duration.ts';
import { objectType } from './object_type.ts';
import { integer, text } from './scalars.ts';
import { table } from './table.ts';

const EgressPoolEntry = table('EgressPoolEntry', {
  name: text({ description: 'Egress source name, resolved through get_egress_source.' }),
  weight: integer('u32', {
    description: 'Relative selection weight; 0 drops the entry from selection.',
    default: 1,
  }),
});

export const egressPool = objectType(
  'EgressPool',
  'make_egress_pool',
  table('EgressPool', {
    name: text({ description: 'Pool name.' }),
    entries: list(EgressPoolEntry, { description: 'Weighted member sources.', default: [] }),
    ttl: duration({ description: 'How long the definition is cached.', default: '1m' }),
  }),
);
