import { Interrupted } from "./errors.ts";

/** Aborted by the first Ctrl-C, so that work is saved; a second one ends the process at once. */
export function interruptSignal(): AbortSignal {
  const controller = new AbortController();
  const stop = () => {
    if (controller.signal.aborted) process.exit(130);
    process.stderr.write("\nstopping: saving what is done (Ctrl-C again to quit at once)\n");
    controller.abort(new Interrupted("interrupted; what was done so far is saved"));
  };
  process.on("SIGINT", stop);
  process.on("SIGTERM", stop);
  return controller.signal;
}
