/** The files of a policy, read in the policy's thread: whatever a path names, reading it must not block. */
import { accessSync, closeSync, constants, fstatSync, openSync, readFileSync, statSync } from 'node:fs';
import { ConfigError, type ErrorCode } from '../errors.ts';

/** What the operating system says, in the words of KumoMTA. */
const REASONS: Readonly<Record<string, string>> = {
  ENOENT: 'No such file or directory (os error 2)',
  EACCES: 'Permission denied (os error 13)',
  ENOTDIR: 'Not a directory (os error 20)',
  EISDIR: 'Is a directory (os error 21)',
};

/** A data file or a module. */
export function readFile(file: string): Uint8Array {
  return readRegular(file, `reading file ${file}`, 'POLICY_FAILED');
}

/** The policy itself. */
export function readPolicy(file: string): Uint8Array {
  return readRegular(file, `reading policy file "${file}"`, 'POLICY_NOT_FOUND');
}

/** Only regular files: reading a FIFO or a device could block this thread for good, and so could opening one. */
function readRegular(file: string, doing: string, code: ErrorCode): Uint8Array {
  try {
    const fd = openSync(file, constants.O_RDONLY | constants.O_NONBLOCK);
    try {
      const stat = fstatSync(fd);
      if (stat.isDirectory()) throw Object.assign(new Error('it is a directory'), { code: 'EISDIR' });
      if (!stat.isFile()) throw new Error('not a regular file');
      return readFileSync(fd);
    } finally {
      closeSync(fd);
    }
  } catch (thrown) {
    const { code: errno = '', message } = thrown as NodeJS.ErrnoException;
    const place = code === 'POLICY_NOT_FOUND' ? { file } : {};
    throw new ConfigError(code, `${doing}: ${REASONS[errno] ?? message}`, { cause: thrown, place });
  }
}

/** Whether `require` may load it. */
export function exists(file: string): boolean {
  try {
    accessSync(file, constants.R_OK);
    return statSync(file).isFile();
  } catch {
    // Not there, or not ours to read: for `require` the same as in Lua, the next template is tried.
    return false;
  }
}
