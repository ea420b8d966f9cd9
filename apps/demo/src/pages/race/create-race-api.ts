import { capabilities } from "@gen/runtime-gpu";
import { choices } from "../../backends/choices.ts";
import type { RaceApi } from "./race-api.ts";

/** Creates the runs of the race. They run in the thread that calls them. */
export function createRaceApi(): RaceApi {
  let abort = new AbortController();
  return {
    ready: () => true,

    async runtimes() {
      const found = await Promise.all(
        Object.entries(choices).map(async ([name, label]) => {
          const { available, adapter } = await capabilities(name);
          const {
            vendor = "",
            architecture = "",
            description = "",
            software = false,
          } = adapter ?? {};
          const gpu = description || [vendor, architecture].filter(Boolean).join(" ");
          return { available, name, label, software, adapter: gpu };
        }),
      );
      return {
        here: found.filter(({ available }) => available),
        absent: found.filter(({ available }) => !available),
      };
    },

    async run(request, onFrame) {
      const own = new AbortController();
      abort.abort();
      abort = own;
      try {
        const { timedRun } = await import("./timed-run.ts");
        return await timedRun(request, own.signal, onFrame);
      } catch (error) {
        if (own.signal.aborted) return undefined;
        throw error;
      }
    },

    cancel: () => abort.abort(),
  };
}
