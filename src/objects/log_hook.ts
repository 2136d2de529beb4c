import { list } from './containers.ts';
import { perRecord } from './log_record.ts';
import { objectType } from './object_type.ts';
import { flag, integer, text } from './scalars.ts';
import { table } from './table.ts';

export const logHook = objectType(
  'LogHookParams',
  'configure_log_hook',
  table('LogHookParams', {
    name: text({
      description: 'Unique hook name, passed to should_enqueue_log_record.',
      since: '2023.08.22-4d895015',
    }),
    back_pressure: integer('usize', {
      description: 'Outstanding records before submission blocks; also dispatch concurrency.',
      default: 128_000,
    }),
    meta: list(text({ description: 'Meta name.' }), { description: 'Meta names to capture.', default: [] }),
    headers: list(text({ description: 'Header name.' }), { description: 'Header names to capture.', default: [] }),
    per_record: perRecord,
    deferred_spool: flag({
      description: 'Do not save generated messages to spool immediately.',
      default: false,
    }),
  }),
);

export const logDispositionHook = objectType(
  'DispHookParams',
  'configure_log_disposition_hook',
  table('DispHookParams', {
    name: text({ description: 'Unique hook name; handler event is log_disposition_<name>.' }),
    per_record: perRecord,
  }),
);
