import { Type } from '@sinclair/typebox';
import { duration } from './duration.ts';
import { ROCKS_COMPRESSION, ROCKS_LOG_LEVEL } from './enums.ts';
import { choice, flag, integer } from './scalars.ts';
import { table } from './table.ts';

/** Tuning of a RocksDB spool. Unlike KumoMTA, which ignores what it does not know, misspelt names are refused. */
export const RocksSpoolParams = table('RocksSpoolParams', {
  increase_parallelism: Type.Optional(
    integer('i32', { description: 'Background flush and compaction threads.', since: '2023.03.31-36aa20de' }),
  ),
  optimize_level_style_compaction: Type.Optional(
    integer('usize', { description: 'Memtable budget; selects level-style compaction.', since: '2023.03.31-36aa20de' }),
  ),
  optimize_universal_style_compaction: Type.Optional(
    integer('usize', {
      description: 'Memtable budget; selects universal-style compaction.',
      since: '2023.03.31-36aa20de',
    }),
  ),
  paranoid_checks: flag({ description: 'Extra consistency checks.', default: false, since: '2023.03.31-36aa20de' }),
  compression_type: choice(ROCKS_COMPRESSION, {
    description: 'SST compression; official builds link only None and Snappy.',
    default: 'Snappy',
    since: '2023.03.31-36aa20de',
  }),
  compaction_readahead_size: Type.Optional(
    integer('usize', { description: 'Read-ahead during compaction.', since: '2023.03.31-36aa20de' }),
  ),
  level_compaction_dynamic_level_bytes: flag({
    description: 'Dynamic level target sizes.',
    default: false,
    since: '2023.03.31-36aa20de',
  }),
  max_open_files: Type.Optional(
    integer('usize', { description: 'Upper bound on open SST files.', since: '2023.03.31-36aa20de' }),
  ),
  write_buffer_size: Type.Optional(integer('usize', { description: 'Memtable size before flush.', since: 'dev' })),
  level0_stop_writes_trigger: Type.Optional(
    integer('i32', { description: 'Level-0 SST count at which writes stop.', since: 'dev' }),
  ),
  log_level: choice(ROCKS_LOG_LEVEL, {
    description: 'RocksDB LOG verbosity.',
    default: 'Info',
    since: '2023.03.31-36aa20de',
  }),
  memtable_huge_page_size: Type.Optional(
    integer('usize', { description: 'Huge page size for memtables.', since: '2023.03.31-36aa20de' }),
  ),
  log_file_time_to_roll: duration({
    description: 'Age at which the RocksDB LOG rolls.',
    default: '1day',
    since: '2023.11.28-b5252a41',
  }),
  obsolete_files_period: duration({
    description: 'Interval between obsolete file sweeps.',
    default: '6h',
    since: '2023.11.28-b5252a41',
  }),
  limit_concurrent_stores: Type.Optional(
    integer('usize', { description: 'Cap on concurrent back-pressured stores.', since: '2025.03.19-1d3f1f67' }),
  ),
  limit_concurrent_loads: Type.Optional(
    integer('usize', { description: 'Cap on concurrent loads.', since: '2025.03.19-1d3f1f67' }),
  ),
  limit_concurrent_removes: Type.Optional(
    integer('usize', { description: 'Cap on concurrent back-pressured removes.', since: '2025.03.19-1d3f1f67' }),
  ),
  store_deadline: duration({
    description: 'Longest back-pressure wait for store and remove.',
    default: '30s',
    since: 'dev',
  }),
  error_latch_duration: duration({
    description: 'Continuous error time before load shedding latches.',
    default: '15s',
    since: 'dev',
  }),
  error_unlatch_duration: duration({
    description: 'Continuous healthy time before load shedding clears.',
    default: '5m',
    since: 'dev',
  }),
  allow_error_unlatch: flag({
    description: 'Permit automatic clearing of the load-shedding gate.',
    default: true,
    since: 'dev',
  }),
});
