/** `script`: runs a Lua file, then the event `main`, as `kumod --script` does. */
import { Command } from 'commander';
import { withEngine } from './local.ts';

/** A script takes the time that it takes. */
const NO_TIMEOUT_MS = 0x7fffffff;

export function scriptCommand(end: (status: number) => void): Command {
  return new Command('script')
    .description("run a Lua file, then the event 'main' with the arguments if one was registered")
    .argument('<file>', 'the Lua file')
    .argument('[args...]', 'for main')
    .passThroughOptions()
    .action(async (file: string, args: string[]) => {
      let exit: ((code: number) => void) | undefined;
      const exited = new Promise<number>((resolve) => {
        exit = resolve;
      });
      const local = { policy: file, handlerTimeoutMs: NO_TIMEOUT_MS, onExit: (code: number) => exit!(code) };
      const status = await withEngine(local, async (engine) => {
        const run = async (): Promise<number> => {
          await engine.load();
          await engine.run(['main'], args);
          return 0;
        };
        // os.exit ends the script at once, whatever the file still had in mind.
        return Promise.race([run(), exited]);
      });
      end(status);
    });
}
