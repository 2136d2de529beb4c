/**
 * Compiled Lua, shared by the contexts of a worker: the second context that loads the same policy neither reads nor
 * compiles it again, and all contexts of one epoch run the same text even when a file changes meanwhile.
 */
import { ConfigError } from '../errors.ts';
import {
  bytesOf,
  type LClosure,
  LuaLClosure,
  type LuaState,
  LuaTValue,
  lauxlib,
  lua,
  luaF_initupvals,
  name,
  type Proto,
  tag,
  textOf,
} from './fengari.ts';

export class Chunks {
  private readonly protos = new Map<string, { proto: Proto; upvalues: number }>();
  private readonly texts = new Map<string, Uint8Array>();
  private readonly shortNames = new Map<string, string>();
  private readonly read: (file: string) => Uint8Array;

  /**
   * `read` gives a file's bytes, or throws what the policy's author should see. `known` are texts of files that another
   * worker has loaded: they stand for what is on disk.
   */
  constructor(read: (file: string) => Uint8Array, known: ReadonlyMap<string, Uint8Array> = new Map()) {
    this.read = (file) => known.get(file) ?? read(file);
  }

  /** Pushes the main function of `file`. Throws POLICY_SYNTAX with the line, or what reading the file threw. */
  push(L: LuaState, file: string): void {
    if (this.pushCompiled(L, file)) return;
    const text = this.read(file);
    this.compile(L, file, text);
    this.texts.set(file, text);
  }

  /** The same for a chunk whose text is at hand; `file` is its name in messages. */
  pushText(L: LuaState, file: string, text: Uint8Array): void {
    if (!this.pushCompiled(L, file)) this.compile(L, file, text);
  }

  /** The whole path of a chunk that Lua shortened to 60 bytes in a message. */
  fullPath(short: string): string {
    return this.shortNames.get(short) ?? short;
  }

  /** The files that have been loaded, the policy and its modules, with their texts. */
  sources(): ReadonlyMap<string, Uint8Array> {
    return this.texts;
  }

  private pushCompiled(L: LuaState, file: string): boolean {
    const compiled = this.protos.get(file);
    if (compiled === undefined) return false;
    const closure = new LuaLClosure(L, compiled.upvalues);
    closure.p = compiled.proto;
    luaF_initupvals(L, closure);
    lua.lua_checkstack(L, 2);
    // A main function has one upvalue, _ENV.
    lua.lua_rawgeti(L, lua.LUA_REGISTRYINDEX, LUA_RIDX_GLOBALS);
    closure.upvals[0]!.setfrom(L.stack[L.top - 1]!);
    L.stack[L.top - 1] = new LuaTValue(tag.LUA_TLCL, closure);
    return true;
  }

  private compile(L: LuaState, file: string, bytes: Uint8Array): void {
    const text = bytes[0] === HASH ? withoutFirstLine(bytes) : bytes;
    const status = lauxlib.luaL_loadbufferx(L, text, text.length, bytesOf(`@${file}`), name('t'));
    if (status !== lua.LUA_OK) {
      const message = textOf(lua.lua_tolstring(L, -1)!);
      lua.lua_pop(L, 1);
      const position = /^.*?:(\d+): /s.exec(message);
      throw new ConfigError('POLICY_SYNTAX', position === null ? message : message.slice(position[0].length), {
        place: { file, line: position === null ? undefined : Number(position[1]) },
      });
    }
    const closure = L.stack[L.top - 1]!.value as LClosure;
    this.protos.set(file, { proto: closure.p, upvalues: closure.nupvalues });
    const ar = new lua.lua_Debug();
    lua.lua_pushvalue(L, -1);
    lua.lua_getinfo(L, bytesOf('>S'), ar);
    this.shortNames.set(textOf(ar.short_src), file);
  }
}

const LUA_RIDX_GLOBALS = 2;
const HASH = 0x23;
const NEWLINE = 0x0a;

/** A first line that starts with `#` is a Unix shebang; its line break stays, so that lines keep their numbers. */
function withoutFirstLine(bytes: Uint8Array): Uint8Array {
  const end = bytes.indexOf(NEWLINE);
  return end === -1 ? new Uint8Array() : bytes.subarray(end);
}
