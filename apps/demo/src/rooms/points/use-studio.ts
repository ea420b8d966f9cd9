import * as comlink from "comlink";
import { onScopeDispose } from "vue";
import type { Studio } from "./studio.ts";

/** The worker of the room, ended with the component that asked for it. */
export function useStudio(): Studio & { renew(): void } {
  let { remote, end } = start();
  onScopeDispose(() => end());
  // A plain object: whatever Vue asks a comlink proxy about itself would become a message.
  return {
    train: (request, hear) => remote.train(request, comlink.proxy(hear)),
    stop: () => void remote.stop(),
    sample: (request, hear) => remote.sample(request, comlink.proxy(hear)),
    cancel: () => void remote.cancel(),
    /** A new worker, which knows nothing: a library that failed to start may fail in the old one for ever. */
    renew() {
      end();
      ({ remote, end } = start());
    },
  };
}

function start() {
  const worker = new Worker(new URL("./studio.worker.ts", import.meta.url), { type: "module" });
  const remote = comlink.wrap<Studio>(worker);
  const end = () => {
    remote[comlink.releaseProxy]();
    worker.terminate();
  };
  return { remote, end };
}
