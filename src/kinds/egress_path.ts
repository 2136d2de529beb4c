import { ConfigError } from '../errors.ts';
import { egressPath } from '../objects/index.ts';
import { type Ask, byStrategy, DEFAULT_REAP_MS, type Kind } from './kind.ts';

/** A path's name, `source->site`, taken apart. Throws INVALID_NAME. */
export function parsePathName(name: string): { source: string; site: string } {
  const arrow = name.indexOf('->');
  if (arrow <= 0 || arrow + 2 === name.length) {
    throw new ConfigError('INVALID_NAME', `egress path name '${name}' is not of the form 'source->site'`);
  }
  return { source: name.slice(0, arrow), site: name.slice(arrow + 2) };
}

/** The handler call for a message to `domain` that leaves through `source` to `site`. */
export function askPath(domain: string, source: string, site: string): Ask {
  return { event: 'get_egress_path_config', args: [domain, source, site] };
}

export const egressPathKind: Kind = {
  name: 'egress_path',
  type: egressPath,
  /** Known by its name alone, a path has no domain of its own: the site stands for it. */
  ask(name) {
    const { source, site } = parsePathName(name);
    return askPath(site, source, site);
  },
  reserved: () => undefined,
  whenNone: 'default',
  timing: (value) => byStrategy(value, DEFAULT_REAP_MS),
  uses: () => [],
  blame: () => '',
};
