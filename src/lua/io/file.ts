/** An open file as Lua's `io` has it: bytes in and out through a buffer, and the formats of `read`. */
import { closeSync, constants, fstatSync, fsyncSync, openSync, readSync, writeSync } from 'node:fs';
import { ConfigError } from '../../errors.ts';

const CHUNK = 65_536;
/** Reading a file whole must not take the process down: `read 'a'` of more than this is an error. */
const MAX_WHOLE = 256 * 2 ** 20;
const NEWLINE = 0x0a;

/** The modes of `io.open`, without the `b` that means nothing here. */
const MODES: Readonly<Record<string, { flags: number; reads: boolean; writes: boolean }>> = {
  r: { flags: constants.O_RDONLY, reads: true, writes: false },
  'r+': { flags: constants.O_RDWR, reads: true, writes: true },
  w: { flags: constants.O_WRONLY | constants.O_CREAT | constants.O_TRUNC, reads: false, writes: true },
  'w+': { flags: constants.O_RDWR | constants.O_CREAT | constants.O_TRUNC, reads: true, writes: true },
  a: { flags: constants.O_WRONLY | constants.O_CREAT | constants.O_APPEND, reads: false, writes: true },
  'a+': { flags: constants.O_RDWR | constants.O_CREAT | constants.O_APPEND, reads: true, writes: true },
};

export const isMode = (mode: string): boolean => Object.hasOwn(MODES, mode.replace('b', ''));
export const isWriting = (mode: string): boolean => MODES[mode.replace('b', '')]!.writes;

/** What a file's methods need; `close` answers what `file:close()` does. */
export interface LuaFile {
  readonly closed: boolean;
  /** False for the standard files, which scripts cannot close. */
  readonly closable: boolean;
  readLine(keepEnd: boolean): Uint8Array | undefined;
  readBytes(count: number): Uint8Array | undefined;
  readAll(): Uint8Array;
  /** The longest text at the position that may be a number; its characters are taken. */
  readNumeral(): string;
  write(bytes: Uint8Array): void;
  seek(whence: 'set' | 'cur' | 'end', offset: number): number;
  flush(): void;
  close(): void;
}

export class DiskFile implements LuaFile {
  closed = false;
  readonly closable = true;
  private readonly fd: number;
  private readonly reads: boolean;
  private readonly writes: boolean;
  private readonly appends: boolean;
  /** Where the next byte of the buffer, or of a write, lies in the file. */
  private position = 0;
  private buffer: Buffer = Buffer.alloc(0);

  /** Opens a regular file. Throws the system's error; anything else than a regular file could block the thread. */
  constructor(path: string, mode: string) {
    const { flags, reads, writes } = MODES[mode.replace('b', '')]!;
    this.fd = openSync(path, flags | constants.O_NONBLOCK, 0o666);
    this.reads = reads;
    this.writes = writes;
    this.appends = (flags & constants.O_APPEND) !== 0;
    const stat = fstatSync(this.fd);
    if (stat.isFile()) return;
    closeSync(this.fd);
    throw Object.assign(new Error('not a regular file'), { code: stat.isDirectory() && writes ? 'EISDIR' : 'EINVAL' });
  }

  readLine(keepEnd: boolean): Uint8Array | undefined {
    for (let searched = 0; ; ) {
      const end = this.buffer.indexOf(NEWLINE, searched);
      if (end !== -1) {
        const line = this.take(end + 1);
        return keepEnd ? line : line.subarray(0, end);
      }
      searched = this.buffer.length;
      if (!this.fill()) return this.buffer.length === 0 ? undefined : this.take(this.buffer.length);
    }
  }

  readBytes(count: number): Uint8Array | undefined {
    if (count > MAX_WHOLE) throw tooLarge();
    // `read(0)` asks whether there is more.
    while (this.buffer.length < Math.max(count, 1) && this.fill());
    if (this.buffer.length === 0) return undefined;
    return this.take(Math.min(count, this.buffer.length));
  }

  readAll(): Uint8Array {
    while (this.fill());
    return this.take(this.buffer.length);
  }

  readNumeral(): string {
    let text = '';
    const next = (accept: RegExp): boolean => {
      if (this.buffer.length === 0) this.fill();
      const byte = this.buffer[0];
      if (byte === undefined || !accept.test(String.fromCharCode(byte))) return false;
      text += String.fromCharCode(this.take(1)[0]!);
      // As in Lua, no numeral is longer.
      return text.length < 200;
    };
    const all = (accept: RegExp): void => {
      while (next(accept));
    };
    all(/\s/);
    text = '';
    next(/[+-]/);
    const hex = next(/0/) && next(/[xX]/);
    const digit = hex ? /[\da-fA-F]/ : /\d/;
    all(digit);
    if (next(/\./)) all(digit);
    if (next(hex ? /[pP]/ : /[eE]/)) {
      next(/[+-]/);
      all(/\d/);
    }
    return text;
  }

  write(bytes: Uint8Array): void {
    if (!this.writes) throw badDescriptor();
    this.buffer = Buffer.alloc(0);
    for (let written = 0; written < bytes.length; ) {
      const at = this.appends ? null : this.position;
      const count = writeSync(this.fd, bytes, written, bytes.length - written, at);
      written += count;
      this.position += count;
    }
    if (this.appends) this.position = fstatSync(this.fd).size;
  }

  seek(whence: 'set' | 'cur' | 'end', offset: number): number {
    const from = { set: 0, cur: this.position, end: fstatSync(this.fd).size }[whence];
    if (from + offset < 0) throw Object.assign(new Error('Invalid argument'), { code: 'EINVAL' });
    this.position = from + offset;
    this.buffer = Buffer.alloc(0);
    return this.position;
  }

  flush(): void {
    if (this.writes) fsyncSync(this.fd);
  }

  close(): void {
    this.closed = true;
    closeSync(this.fd);
  }

  /** Reads the next chunk into the buffer; false at the end. */
  private fill(): boolean {
    if (!this.reads) throw badDescriptor();
    if (this.buffer.length > MAX_WHOLE) throw tooLarge();
    const chunk = Buffer.allocUnsafe(Math.max(CHUNK, this.buffer.length));
    const count = readSync(this.fd, chunk, 0, chunk.length, this.position + this.buffer.length);
    if (count === 0) return false;
    const read = chunk.subarray(0, count);
    this.buffer = this.buffer.length === 0 ? read : Buffer.concat([this.buffer, read]);
    return true;
  }

  private take(count: number): Uint8Array {
    const bytes = this.buffer.subarray(0, count);
    this.buffer = this.buffer.subarray(count);
    this.position += count;
    // A copy: the buffer under it may be far larger than what is kept.
    return new Uint8Array(bytes);
  }
}

/** Standard output and error, and standard input, of which a policy gets nothing. */
export class StandardFile implements LuaFile {
  readonly closed = false;
  readonly closable = false;
  private readonly put: ((bytes: Uint8Array) => void) | undefined;

  constructor(put: ((bytes: Uint8Array) => void) | undefined) {
    this.put = put;
  }

  readLine(): undefined {
    return undefined;
  }
  readBytes(): undefined {
    return undefined;
  }
  readAll(): Uint8Array {
    return new Uint8Array();
  }
  readNumeral(): string {
    return '';
  }
  write(bytes: Uint8Array): void {
    if (this.put === undefined) throw badDescriptor();
    this.put(bytes);
  }
  seek(): number {
    throw Object.assign(new Error('Illegal seek'), { code: 'ESPIPE' });
  }
  flush(): void {
    // What is written goes out at once.
  }
  close(): void {
    throw new ConfigError('POLICY_FAILED', 'cannot close standard file');
  }
}

function badDescriptor(): Error {
  return Object.assign(new Error('Bad file descriptor'), { code: 'EBADF' });
}

function tooLarge(): ConfigError {
  return new ConfigError('POLICY_FAILED', `not enough memory (a read of more than ${MAX_WHOLE} bytes)`);
}
