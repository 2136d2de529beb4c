/**
 * `collectgarbage`: JavaScript collects when it sees fit, so every option has a sensible answer and none an effect on
 * what is collected. Scripts call it to be good citizens, and must not fail for it.
 */
import { ConfigError } from '../errors.ts';
import { type LuaFunction, type LuaState, lua, name } from './fengari.ts';
import { pushPlain } from './values.ts';
import { textArgument } from './vm.ts';

const KIB = 1024;
/** What Lua 5.4 has for these when nothing set them. */
const PAUSE = 200;
const STEP_MULTIPLIER = 100;

/** The collector that a script thinks it has; each state has its own. */
interface Collector {
  mode: 'incremental' | 'generational';
  running: boolean;
  pause: number;
  stepMultiplier: number;
}

const OPTIONS: Record<string, (collector: Collector, argument: number) => number | boolean | string> = {
  collect: () => 0,
  /** KiB in use by this thread's heap, all its states together. */
  count: () => process.memoryUsage().heapUsed / KIB,
  step: () => true,
  stop: (collector) => {
    collector.running = false;
    return 0;
  },
  restart: (collector) => {
    collector.running = true;
    return 0;
  },
  isrunning: (collector) => collector.running,
  setpause: (collector, argument) => {
    const before = collector.pause;
    collector.pause = argument;
    return before;
  },
  setstepmul: (collector, argument) => {
    const before = collector.stepMultiplier;
    collector.stepMultiplier = argument;
    return before;
  },
  incremental: (collector) => switchTo(collector, 'incremental'),
  generational: (collector) => switchTo(collector, 'generational'),
};

function switchTo(collector: Collector, mode: Collector['mode']): string {
  const before = collector.mode;
  collector.mode = mode;
  return before;
}

export function installCollectgarbage(L: LuaState): void {
  const collector: Collector = { mode: 'incremental', running: true, pause: PAUSE, stepMultiplier: STEP_MULTIPLIER };
  const collectgarbage: LuaFunction = (L) => {
    const option = lua.lua_gettop(L) === 0 ? 'collect' : textArgument(L, 1, 'collectgarbage');
    if (!Object.hasOwn(OPTIONS, option)) {
      throw new ConfigError('POLICY_FAILED', `bad argument #1 to 'collectgarbage' (invalid option '${option}')`);
    }
    pushPlain(L, OPTIONS[option]!(collector, lua.lua_isnumber(L, 2) ? lua.lua_tonumber(L, 2) : 0));
    return 1;
  };
  lua.lua_pushcfunction(L, collectgarbage);
  lua.lua_setglobal(L, name('collectgarbage'));
}
