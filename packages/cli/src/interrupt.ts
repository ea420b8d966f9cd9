import { GenError } from "@gen/math";
import { endLine } from "./progress.ts";

// npm hands on the Ctrl-C that the terminal has sent already: what comes at once is the same one.
const sameMs = 500;

/**
 * Aborted by the first Ctrl-C, so that work is saved; a second one ends the process at once. From
 * then on the process exits with 130, even if the work was as good as done.
 */
export function interruptSignal(): AbortSignal {
  const controller = new AbortController();
  let first = 0;
  const stop = () => {
    if (controller.signal.aborted) {
      if (performance.now() - first > sameMs) process.exit(130);
      return;
    }
    first = performance.now();
    process.exitCode = 130;
    endLine();
    process.stderr.write("stopping: saving what is done (Ctrl-C again to quit at once)\n");
    controller.abort(new GenError("interrupted", "interrupted; what was done so far is saved"));
  };
  for (const name of ["SIGINT", "SIGTERM", "SIGHUP"] as const) process.on(name, stop);
  return controller.signal;
}
