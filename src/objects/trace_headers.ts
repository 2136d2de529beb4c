import type { Static } from '@sinclair/typebox';
import { list } from './containers.ts';
import { flag, text } from './scalars.ts';
import { table } from './table.ts';

/** Which headers a listener adds to trace a message. A listener replaces it whole, so its defaults are its own. */
export const TraceHeaders = table('TraceHeaders', {
  received_header: flag({ description: 'Prepend a standard Received header.', default: true }),
  supplemental_header: flag({ description: 'Prepend the encoded supplemental trace header.', default: true }),
  header_name: text({ description: 'Name of the supplemental trace header.', default: 'X-KumoRef' }),
  include_meta_names: list(text({ description: 'Meta key.' }), {
    description: 'Meta keys encoded into the supplemental header.',
    default: [],
  }),
});

export type TraceHeaders = Static<typeof TraceHeaders>;
