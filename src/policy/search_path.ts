/** `package.path` of a policy, and the files that are watched until it says otherwise. */
import { dirname, resolve, sep } from 'node:path';
import { DEFAULT_GLOBS } from '../monitor/globs.ts';

const ETC = '/opt/kumomta/etc';

const PATH = [
  '/opt/kumomta/share/?.lua',
  '/opt/kumomta/share/?/init.lua',
  `${ETC}/policy/?.lua`,
  `${ETC}/policy/?/init.lua`,
  // What stock Lua 5.4 searches.
  '/usr/local/share/lua/5.4/?.lua',
  '/usr/local/share/lua/5.4/?/init.lua',
  '/usr/local/lib/lua/5.4/?.lua',
  '/usr/local/lib/lua/5.4/?/init.lua',
  './?.lua',
  './?/init.lua',
];

/** The folder of a policy that lies outside /opt/kumomta/etc; undefined for one that lies inside. */
function ownFolder(policy: string): string | undefined {
  const folder = dirname(resolve(policy));
  return folder === ETC || folder.startsWith(ETC + sep) ? undefined : folder;
}

/** KumoMTA's search path, with the folder of a policy that lies elsewhere first. */
export function searchPath(policy: string): string {
  const folder = ownFolder(policy);
  const own = folder === undefined ? [] : [`${folder}/?.lua`, `${folder}/?/init.lua`];
  return [...own, ...PATH].join(';');
}

/** KumoMTA's globs, and the folder of a policy that lies elsewhere. */
export function defaultGlobs(policy: string): string[] {
  const folder = ownFolder(policy);
  return folder === undefined ? [...DEFAULT_GLOBS] : [...DEFAULT_GLOBS, `${folder}/**/*.{lua,json,toml,yaml}`];
}
