import { ref, shallowRef, watch } from "vue";
import { explainError, type Failure, serverReachable } from "../../network.ts";
import { useWorker } from "../../use-worker.ts";
import type { GuidedRun, SteerWork } from "./create-work.ts";
import type { Settings } from "./settings.ts";
import { words } from "./words.ts";

/** The run of the present settings, computed in a worker. While it runs, the last one stands. */
export function useGuidance(settings: Settings) {
  const { inPage, work, end } = useWorker<SteerWork>({
    worker: () => new Worker(new URL("./steer.worker.ts", import.meta.url), { type: "module" }),
    inPage: () => import("./create-work.ts").then((module) => module.createWork()),
  });
  const run = shallowRef<GuidedRun>();
  const failure = shallowRef<Failure>();
  const busy = ref(false);
  let changed = false;

  // Of many changes in a row, such as a slider's, only the last one is waiting.
  async function update(): Promise<void> {
    changed = true;
    if (busy.value) return;
    busy.value = true;
    failure.value = undefined;
    try {
      while (changed) {
        changed = false;
        run.value = await (await work()).guide({ ...settings, classes: [...settings.classes] });
      }
    } catch (cause) {
      failure.value = (await serverReachable())
        ? { words: words.value.failed, detail: (cause as Error).message }
        : await explainError(cause, words.value.sampler);
      end();
    } finally {
      busy.value = false;
    }
  }

  watch(settings, update, { immediate: true });
  return { run, failure, busy, inPage, update };
}
