/** The program's entry: hands the arguments to the command line and ends with its exit status. */
import { main } from './cli/index.ts';

// Whoever reads our output may stop reading (`| head`); that is no error of ours.
process.stdout.on('error', (error: NodeJS.ErrnoException) => {
  if (error.code !== 'EPIPE') throw error;
  process.exit(0);
});

void main(process.argv.slice(2)).then((status) => {
  // Not process.exit: what was printed may still be on its way. Whatever would keep the process alive was stopped.
  process.exitCode = status;
});
