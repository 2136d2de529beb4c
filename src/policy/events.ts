/** The events that KumoMTA declares. An event that is not in this table is Single. */

/** Events that any number of handlers may take: they run in order until one returns a value. */
const MULTIPLE: ReadonlySet<string> = new Set([
  'get_acl_definition',
  'get_queue_config',
  'pre_init',
  'requeue_message',
  'should_enqueue_log_record',
  'throttle_insert_ready_queue',
  'validate_config',
]);

export function isMultiple(event: string): boolean {
  return MULTIPLE.has(event);
}

/** What a config event must return, by the name of the object type; other events return nothing that is looked at. */
export const RETURNS: Readonly<Record<string, string>> = {
  get_queue_config: 'QueueConfig',
  get_egress_pool: 'EgressPool',
  get_egress_source: 'EgressSource',
  get_egress_path_config: 'EgressPathConfig',
  get_listener_domain: 'EsmtpDomain',
};

/** Events for which nil is an answer, not a mistake. */
export const NIL_IS_AN_ANSWER: ReadonlySet<string> = new Set(['get_listener_domain']);

/** Which argument of an event is the connection's metadata; it is passed as an object with methods. */
export const CONNECTION_ARGUMENT: Readonly<Record<string, number>> = { get_listener_domain: 2 };
