/** Lua's `io`: everything but `popen`. Only regular files are opened, since no read or write may block the thread. */
import { mkdtempSync, rmSync } from 'node:fs';
import { constants, tmpdir } from 'node:os';
import { join } from 'node:path';
import { getSystemErrorMessage } from 'node:util';
import { ConfigError } from '../../errors.ts';
import { type LuaFunction, type LuaState, LuaTValue, lua, name, tag } from '../fengari.ts';
import { pushUserdata } from '../userdata.ts';
import { luaString, pushPlain, stringValue } from '../values.ts';
import { setField, textArgument } from '../vm.ts';
import { DiskFile, isMode, type LuaFile, StandardFile } from './file.ts';

/** What goes to the standard files. */
export interface IoHost {
  print(bytes: Uint8Array): void;
  printError(bytes: Uint8Array): void;
}

/** The holder of a Lua file handle: Lua's name for the type is FILE*. */
class Handle {
  readonly file: LuaFile;
  /** Its userdata, made once: a file equals itself, however a script came by it. */
  userdata: unknown;
  constructor(file: LuaFile) {
    this.file = file;
  }
}

/** The default files of one state. */
interface Defaults {
  input: Handle;
  output: Handle;
}

export function installIo(L: LuaState, host: IoHost): void {
  const stdin = new Handle(new StandardFile(undefined));
  const stdout = new Handle(new StandardFile((bytes) => host.print(bytes)));
  const stderr = new Handle(new StandardFile((bytes) => host.printError(bytes)));
  const defaults: Defaults = { input: stdin, output: stdout };

  lua.lua_newtable(L);
  const functions: Record<string, LuaFunction> = {
    open: (L) => open(L),
    close: (L) => close(L, lua.lua_gettop(L) === 0 ? defaults.output : handle(L, 1)),
    read: (L) => read(L, usable(defaults.input), 1),
    write: (L) => write(L, defaults.output, 1),
    lines: (L) => libraryLines(L, defaults),
    input: (L) => chooseDefault(L, defaults, 'input', 'r'),
    output: (L) => chooseDefault(L, defaults, 'output', 'w'),
    tmpfile: (L) => attempt(L, () => pushHandle(L, new Handle(temporaryFile()))),
    type: (L) => {
      const data = lua.lua_type(L, 1) === lua.LUA_TUSERDATA ? lua.lua_touserdata(L, 1) : undefined;
      pushPlain(L, data instanceof Handle ? (data.file.closed ? 'closed file' : 'file') : undefined);
      return 1;
    },
    popen: () => {
      throw new ConfigError('POLICY_FAILED', 'not available in kumo-configd: io.popen');
    },
  };
  for (const [key, f] of Object.entries(functions)) setField(L, key, f);
  for (const [key, standard] of Object.entries({ stdin, stdout, stderr })) {
    pushHandle(L, standard);
    lua.lua_setfield(L, -2, name(key));
  }
  lua.lua_setglobal(L, name('io'));
}

const METHODS: Record<string, LuaFunction> = {
  close: (L) => close(L, handle(L, 1)),
  read: (L) => read(L, usable(handle(L, 1)), 2),
  write: (L) => write(L, handle(L, 1), 2),
  lines: (L) => lines(L, handle(L, 1), 2, false),
  flush: (L) => attempt(L, () => usable(handle(L, 1)).flush(), 1),
  setvbuf: (L) => {
    usable(handle(L, 1));
    pushPlain(L, true);
    return 1;
  },
  seek: (L) => {
    const file = usable(handle(L, 1));
    const whence = lua.lua_gettop(L) < 2 || lua.lua_type(L, 2) === lua.LUA_TNIL ? 'cur' : textArgument(L, 2, 'seek');
    if (whence !== 'set' && whence !== 'cur' && whence !== 'end') {
      throw new ConfigError('POLICY_FAILED', `bad argument #2 to 'seek' (invalid option '${whence}')`);
    }
    const offset = lua.lua_isnumber(L, 3) ? lua.lua_tonumber(L, 3) : 0;
    return attempt(L, () => pushPlain(L, file.seek(whence, offset)));
  },
};

const TYPE = {
  name: 'FILE*',
  methods: METHODS,
  metamethods: {
    __tostring: (L: LuaState): number => {
      pushPlain(L, handle(L, 1).file.closed ? 'file (closed)' : 'file');
      return 1;
    },
    __close: (L: LuaState): number => {
      const { file } = handle(L, 1);
      if (!file.closed && file.closable) file.close();
      return 0;
    },
  },
};

function pushHandle(L: LuaState, file: Handle): void {
  if (file.userdata === undefined) {
    pushUserdata(L, TYPE, file);
    file.userdata = L.stack[L.top - 1]!.value;
    return;
  }
  lua.lua_checkstack(L, 1);
  L.stack[L.top++] = new LuaTValue(tag.LUA_TUSERDATA, file.userdata);
}

function handle(L: LuaState, index: number): Handle {
  const data = lua.lua_type(L, index) === lua.LUA_TUSERDATA ? lua.lua_touserdata(L, index) : undefined;
  if (data instanceof Handle) return data;
  throw new ConfigError('POLICY_FAILED', `bad argument #${index} (FILE* expected)`);
}

function usable({ file }: Handle): LuaFile {
  if (file.closed) throw new ConfigError('POLICY_FAILED', 'attempt to use a closed file');
  return file;
}

// --- Functions -----------------------------------------------------------------------------------------------------

function open(L: LuaState): number {
  const path = textArgument(L, 1, 'open');
  const mode = lua.lua_gettop(L) < 2 || lua.lua_type(L, 2) === lua.LUA_TNIL ? 'r' : textArgument(L, 2, 'open');
  if (!isMode(mode)) throw new ConfigError('POLICY_FAILED', "bad argument #2 to 'open' (invalid mode)");
  return attempt(L, () => pushHandle(L, new Handle(new DiskFile(path, mode))), undefined, path);
}

function close(L: LuaState, { file }: Handle): number {
  if (file.closed) throw new ConfigError('POLICY_FAILED', 'attempt to use a closed file');
  return attempt(L, () => file.close(), 1);
}

function write(L: LuaState, to: Handle, first: number): number {
  const file = usable(to);
  return attempt(L, () => {
    for (let i = first; i <= lua.lua_gettop(L); i++) {
      const type = lua.lua_type(L, i);
      if (type !== lua.LUA_TSTRING && type !== lua.LUA_TNUMBER) textArgument(L, i, 'write');
      file.write(lua.lua_tolstring(L, i)!);
    }
    pushHandle(L, to);
  });
}

/** Reads what the formats from argument `first` on ask for; a failed one gives nil and ends it. */
function read(L: LuaState, file: LuaFile, first: number): number {
  const last = lua.lua_gettop(L);
  if (last < first) return attempt(L, () => pushPlain(L, file.readLine(false)));
  lua.lua_checkstack(L, last - first + 2);
  let count = 0;
  return attempt(
    L,
    () => {
      for (let i = first; i <= last; i++) {
        count++;
        if (!readOne(L, file, i)) {
          lua.lua_pushnil(L);
          return;
        }
      }
    },
    () => count,
  );
}

/** Pushes what one format asks for; false, with nothing pushed, when it is not there. */
function readOne(L: LuaState, file: LuaFile, index: number): boolean {
  if (lua.lua_type(L, index) === lua.LUA_TNUMBER) return pushRead(L, file.readBytes(lua.lua_tonumber(L, index)));
  const format = textArgument(L, index, 'read').replace(/^\*/, '');
  switch (format[0]) {
    case 'l':
      return pushRead(L, file.readLine(false));
    case 'L':
      return pushRead(L, file.readLine(true));
    case 'a':
      return pushRead(L, file.readAll());
    case 'n':
      lua.lua_pushliteral(L, file.readNumeral());
      if (lua.lua_stringtonumber(L, lua.lua_tolstring(L, -1)!) === 0) {
        lua.lua_pop(L, 1);
        return false;
      }
      lua.lua_remove(L, -2);
      return true;
    default:
      throw new ConfigError('POLICY_FAILED', `bad argument #${index} to 'read' (invalid format)`);
  }
}

function pushRead(L: LuaState, bytes: Uint8Array | undefined): boolean {
  if (bytes === undefined) return false;
  pushPlain(L, bytes);
  return true;
}

function libraryLines(L: LuaState, defaults: Defaults): number {
  if (lua.lua_gettop(L) === 0 || lua.lua_type(L, 1) === lua.LUA_TNIL) return lines(L, defaults.input, 2, false);
  const path = textArgument(L, 1, 'lines');
  let file: Handle;
  try {
    file = new Handle(new DiskFile(path, 'r'));
  } catch (thrown) {
    throw new ConfigError('POLICY_FAILED', `${path}: ${reasonOf(thrown).message}`, { cause: thrown });
  }
  lines(L, file, 2, true);
  // The generic `for` closes its fourth value.
  lua.lua_pushnil(L);
  lua.lua_pushnil(L);
  pushHandle(L, file);
  return 4;
}

/** Pushes an iterator that reads with the formats from argument `first` on; at the end it may close the file. */
function lines(L: LuaState, from: Handle, first: number, closes: boolean): number {
  usable(from);
  const formats: (string | Uint8Array | number)[] = [];
  for (let i = first; i <= lua.lua_gettop(L); i++) {
    const isNumber = lua.lua_type(L, i) === lua.LUA_TNUMBER;
    formats.push(isNumber ? lua.lua_tonumber(L, i) : stringValue(luaString(lua.lua_tolstring(L, i)!)));
  }
  lua.lua_pushcfunction(L, (L) => {
    if (from.file.closed) throw new ConfigError('POLICY_FAILED', 'file is already closed');
    lua.lua_settop(L, 0);
    for (const format of formats) pushPlain(L, format);
    const count = read(L, from.file, 1);
    if (lua.lua_type(L, -count) !== lua.LUA_TNIL) return count;
    // A second value says that this was an error and not the end.
    if (count > 1)
      throw new ConfigError('POLICY_FAILED', String(stringValue(luaString(lua.lua_tolstring(L, 1 - count)!))));
    if (closes) from.file.close();
    return 1;
  });
  return 1;
}

function chooseDefault(L: LuaState, defaults: Defaults, which: keyof Defaults, mode: string): number {
  if (lua.lua_gettop(L) > 0 && lua.lua_type(L, 1) !== lua.LUA_TNIL) {
    if (lua.lua_type(L, 1) === lua.LUA_TUSERDATA) {
      defaults[which] = handle(L, 1);
    } else {
      const path = textArgument(L, 1, which);
      try {
        defaults[which] = new Handle(new DiskFile(path, mode));
      } catch (thrown) {
        throw new ConfigError('POLICY_FAILED', `cannot open file '${path}' (${reasonOf(thrown).message})`);
      }
    }
  }
  pushHandle(L, defaults[which]);
  return 1;
}

/** A file that nobody else can open: its name is gone before it is used. */
function temporaryFile(): DiskFile {
  const folder = mkdtempSync(join(tmpdir(), 'kumo-configd-'));
  try {
    return new DiskFile(join(folder, 'tmpfile'), 'w+');
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

// --- Failures ------------------------------------------------------------------------------------------------------

/**
 * Does what may fail at the system's hand. Success answers what was pushed, or `true` where nothing was (`results` 1);
 * failure answers nil, the reason and its number, as Lua's `io` does. Errors of ours go on to the script.
 */
function attempt(
  L: LuaState,
  act: () => void,
  results: 1 | (() => number) | undefined = undefined,
  path?: string,
): number {
  const top = lua.lua_gettop(L);
  try {
    act();
  } catch (thrown) {
    if (thrown instanceof ConfigError || typeof (thrown as NodeJS.ErrnoException).code !== 'string') throw thrown;
    const { message, errno } = reasonOf(thrown);
    lua.lua_settop(L, top);
    lua.lua_checkstack(L, 3);
    lua.lua_pushnil(L);
    pushPlain(L, path === undefined ? message : `${path}: ${message}`);
    pushPlain(L, errno);
    return 3;
  }
  if (typeof results === 'function') return results();
  if (results === 1) pushPlain(L, true);
  return 1;
}

/** The system's words for what went wrong, with a capital as C has them. */
function reasonOf(thrown: unknown): { message: string; errno: number } {
  const { code = '', message } = thrown as NodeJS.ErrnoException;
  const errno = (constants.errno as Record<string, number>)[code];
  if (errno === undefined) return { message, errno: 0 };
  const words = getSystemErrorMessage(-errno) ?? message;
  return { message: words.charAt(0).toUpperCase() + words.slice(1), errno };
}
