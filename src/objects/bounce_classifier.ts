import { availableParallelism } from 'node:os';
import { list } from './containers.ts';
import { objectType } from './object_type.ts';
import { integer, text } from './scalars.ts';
import { table } from './table.ts';

export const bounceClassifier = objectType(
  'ClassifierParams',
  'configure_bounce_classifier',
  table('ClassifierParams', {
    files: list(text({ description: 'Path of a rule file.' }), {
      description: 'Rule files; each must end in .toml or .json.',
    }),
    back_pressure: integer('usize', {
      description: 'In-flight classifications before blocking.',
      default: 131_072,
      since: '2024.09.02-c5476b89',
    }),
    pool_size: integer('usize', {
      description: 'Classifier threads; a quarter of the processors when absent.',
      default: Math.max(1, Math.floor(availableParallelism() / 4)),
      since: '2024.09.02-c5476b89',
    }),
    cache_size: integer('usize', {
      description: 'Cache entries for categorised results.',
      default: 1024,
      since: '2024.09.02-c5476b89',
    }),
    uncategorized_cache_size: integer('usize', {
      description: 'Cache entries for uncategorised results.',
      default: 1024,
      since: '2024.09.02-c5476b89',
    }),
  }),
);
