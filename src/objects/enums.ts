// The named choices of KumoMTA that more than one field, or code elsewhere, refers to.

export const TLS = ['Opportunistic', 'OpportunisticInsecure', 'Required', 'RequiredInsecure', 'Disabled'] as const;
export const WAKEUP_STRATEGY = ['Aggressive', 'Relaxed'] as const;
export const MEMORY_REDUCTION_POLICY = ['ShrinkDataAndMeta', 'ShrinkData', 'NoShrink'] as const;
export const REFRESH_STRATEGY = ['Ttl', 'Epoch'] as const;
export const RECONNECT_STRATEGY = ['TerminateSession', 'ReconnectSameHost', 'ConnectNextHost'] as const;
export const QUEUE_STRATEGY = ['TimerWheel', 'SkipList', 'SingletonTimerWheel', 'SingletonTimerWheelV2'] as const;
export const IP_LOOKUP_STRATEGY = ['Ipv4Only', 'Ipv6Only', 'Ipv4AndIpv6', 'Ipv6ThenIpv4', 'Ipv4ThenIpv6'] as const;
export const BATCH_HANDLING = ['BifurcateAlways', 'BatchByDomain'] as const;
export const CONFORMANCE_DISPOSITION = ['Deny', 'Allow', 'Fix'] as const;
export const LOG_REPORT_DISPOSITION = ['Ignore', 'LogThenDrop', 'LogThenRelay'] as const;
export const SPOOL_KIND = ['LocalDisk', 'RocksDB'] as const;
export const ROCKS_COMPRESSION = ['None', 'Snappy', 'Zlib', 'Bz2', 'Lz4', 'Lz4hc', 'Zstd'] as const;
export const ROCKS_LOG_LEVEL = ['Debug', 'Info', 'Warn', 'Error', 'Fatal', 'Header'] as const;
export const RECORD_TYPE = [
  'Reception',
  'Delivery',
  'Bounce',
  'TransientFailure',
  'Expiration',
  'AdminBounce',
  'OOB',
  'Feedback',
  'Rejection',
  'AdminRebind',
  'DeferredInjectionRebind',
  'Delayed',
  'XferOut',
  'XferIn',
  'Any',
] as const;
