/**
 * Bundles the program into the two scripts that the binary holds: the main thread's and the policy workers'. Both are
 * CommonJS, since a single executable application cannot start an ES module.
 */
import { build, type Metafile } from 'esbuild';
import { WORKER_BUNDLE } from '../src/embedded.ts';
import { ROOT } from './targets.ts';

export const MAIN_BUNDLE = 'dist/bundle/main.cjs';

async function bundle(entry: string, outfile: string): Promise<Metafile> {
  const result = await build({
    absWorkingDir: ROOT,
    entryPoints: [entry],
    outfile,
    bundle: true,
    platform: 'node',
    target: 'node22',
    format: 'cjs',
    // Nothing is minified: beside Node the scripts weigh nothing, and a stack trace names our functions and lines.
    legalComments: 'external',
    metafile: true,
    // With a code cache `import()` does not work, and in a bundle there is nothing to import but Node's own modules.
    supported: { 'dynamic-import': false },
    define: {
      // fengari lets its environment change the interpreter's limits; the program's environment must not.
      'process.env.FENGARICONF': 'undefined',
      // Where the sources are, for src/embedded.ts alone, which asks only when it does not run from the binary.
      'import.meta.dirname': '""',
    },
    logLevel: 'warning',
    // Any other use of import.meta would break in the binary, and only there.
    logOverride: { 'empty-import-meta': 'error' },
  });
  return result.metafile;
}

/** Both bundles; answers the files that went into them. */
export async function bundleAll(): Promise<string[]> {
  const [main, worker] = await Promise.all([
    bundle('src/main.ts', MAIN_BUNDLE),
    bundle('src/policy/worker.ts', WORKER_BUNDLE),
  ]);
  return [...new Set([...Object.keys(main.inputs), ...Object.keys(worker.inputs)])];
}
