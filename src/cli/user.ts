/** Giving up root. */
import { chownSync, mkdirSync, readFileSync } from 'node:fs';
import { ConfigError } from '../errors.ts';

/**
 * Becomes the user called `name`, for good; the state directory is made first and given to it. As in KumoMTA, a process
 * that is not root may only name the user that it is.
 */
export function becomeUser(name: string, stateDir: string | undefined): void {
  const user = lookUp(name);
  if (process.geteuid!() !== 0) {
    if (user.uid === process.getuid!()) return;
    throw new ConfigError('USAGE', `--user ${name}: only root can become another user`);
  }
  if (stateDir !== undefined) {
    mkdirSync(stateDir, { recursive: true, mode: 0o700 });
    chownSync(stateDir, user.uid, user.gid);
  }
  process.setgroups!([user.gid]);
  process.setgid!(user.gid);
  process.setuid!(user.uid);
}

function lookUp(name: string): { uid: number; gid: number } {
  const line = readFileSync('/etc/passwd', 'utf8')
    .split('\n')
    .find((text) => text.startsWith(`${name}:`));
  if (line === undefined) throw new ConfigError('USAGE', `Invalid user ${name}`);
  const [, , uid, gid] = line.split(':');
  return { uid: Number(uid), gid: Number(gid) };
}
