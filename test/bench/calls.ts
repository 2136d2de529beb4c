/** Handler calls a second through the policy host, and the rivals: plain fengari in one thread, and native Lua. */
import { spawnSync } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { cpus } from 'node:os';
import { join } from 'node:path';
import { bytesOf, type LuaState, lauxlib, lua, lualib, name, textOf } from '../../src/lua/fengari.ts';
import type { PolicyHost } from '../../src/policy/host.ts';
import { REALISTIC, ratePerSecond, repeat, report, SIMPLE, startEngine, temporaryFolder } from './lib.ts';

const RUNS = 5;
const RUN_MS = 800;
/** Calls under way for each worker: twice what the host sends to one, so that none runs dry. */
const OUTSTANDING = 2000;
const ARGUMENTS = Array.from({ length: 1000 }, (_, i) => [`domain-${i}.example`, `tenant-${i}`]);
/** For the rivals: `kumo` reduced to what hands the handler and its table over. */
const STUB = `
package.preload.kumo = function()
  return { on = function(_, f) handler = f end, make_queue_config = function(params) return params end }
end
`;
const NOTES = {
  simple: 'a table of three fields',
  realistic: 'eight fields from three tables',
  fengari: 'same thread; its table converted, not validated',
};

for (const [title, policy] of [
  ['simple', SIMPLE],
  ['realistic', REALISTIC],
] as const) {
  for (const workers of new Set([1, cpus().length])) {
    const engine = await startEngine(policy, workers);
    const rates = await repeat(RUNS, () => hostRate(engine.host, OUTSTANDING * workers));
    report(`${title} get_queue_config, ${workers} worker${workers > 1 ? 's' : ''}`, rates, 'calls/s', NOTES[title]);
    await engine.stop();
  }
  const handler = plainFengari(policy);
  report(`rival: ${title}, plain fengari`, await repeat(RUNS, () => fengariRate(handler)), 'calls/s', NOTES.fengari);
  const native = nativeRates(policy);
  if (native !== undefined) report(`rival: ${title}, lua5.4`, native, 'calls/s', 'the table is not converted');
}

/** Keeps that many calls under way for a while. */
function hostRate(host: PolicyHost, outstanding: number): Promise<number> {
  return new Promise((resolve, reject) => {
    const began = performance.now();
    let asked = 0;
    let answered = 0;
    let ended = 0;
    const ask = (): void => {
      host.call('get_queue_config', ARGUMENTS[asked++ % ARGUMENTS.length]!, (result) => {
        if (result.status !== 0) reject(new Error(JSON.stringify(result.error)));
        const now = performance.now();
        if (now - began < RUN_MS) {
          answered++;
          ask();
        } else if (++ended === outstanding) {
          resolve((answered / RUN_MS) * 1000);
        }
      });
    };
    for (let i = 0; i < outstanding; i++) ask();
  });
}

// --- Rivals ------------------------------------------------------------------------------------------------------

/** A fengari state with the handler as a global; nothing of ours is in it. */
function plainFengari(policy: string): LuaState {
  const L = lauxlib.luaL_newstate();
  lualib.luaL_openlibs(L);
  const text = bytesOf(STUB + policy);
  if (lauxlib.luaL_loadbufferx(L, text, text.length, bytesOf('=policy'), bytesOf('t')) !== lua.LUA_OK)
    throw new Error('syntax');
  lua.lua_call(L, 0, 0);
  return L;
}

function fengariRate(L: LuaState): number {
  let asked = 0;
  return ratePerSecond(RUN_MS, 100, () => {
    for (let i = 0; i < 100; i++) {
      const [domain, tenant] = ARGUMENTS[asked++ % ARGUMENTS.length]!;
      lua.lua_getglobal(L, name('handler'));
      lua.lua_pushstring(L, bytesOf(domain!));
      lua.lua_pushstring(L, bytesOf(tenant!));
      lua.lua_call(L, 2, 1);
      flatTable(L);
      lua.lua_settop(L, 0);
    }
  });
}

/** The table on top of the stack, through the API that Lua documents. */
function flatTable(L: LuaState): Record<string, unknown> {
  const table: Record<string, unknown> = {};
  lua.lua_pushnil(L);
  while (lua.lua_next(L, -2) !== 0) {
    const type = lua.lua_type(L, -1);
    const value = type === lua.LUA_TNUMBER ? lua.lua_tonumber(L, -1) : textOf(lua.lua_tolstring(L, -1)!);
    table[textOf(lua.lua_tolstring(L, -2)!)] = value;
    lua.lua_pop(L, 1);
  }
  return table;
}

/** Of the system's own Lua 5.4; undefined where there is none. */
function nativeRates(policy: string): number[] | undefined {
  const loop = `
    local count, runs = 200000, {}
    local function run()
      local began = os.clock()
      for i = 1, count do handler('domain-' .. i % 1000 .. '.example', 'tenant-' .. i % 1000) end
      return count / (os.clock() - began)
    end
    run()
    for i = 1, ${RUNS} do print(run()) end
  `;
  const file = join(temporaryFolder(), 'native.lua');
  writeFileSync(file, STUB + policy + loop);
  const { status, stdout } = spawnSync('lua5.4', [file], { encoding: 'utf8' });
  return status === 0 ? stdout.trim().split('\n').map(Number) : undefined;
}
