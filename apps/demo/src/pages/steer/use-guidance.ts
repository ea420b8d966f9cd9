import { onActivated, onDeactivated, ref, shallowRef, watch } from "vue";
import { explainError, type Failure, serverReachable } from "../../network.ts";
import { useWorker } from "../../use-worker.ts";
import type { GuidedRun, SteerWork } from "./create-work.ts";
import type { Settings } from "./settings.ts";
import { words } from "./words.ts";

/** The scales at which the distance is measured, besides the present one. */
export const scales = [0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10] as const;

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
    if (!failure.value) void measureScales();
  }

  /** The distances at the first of {@link scales}, with all other settings as they are. */
  const distances = shallowRef<readonly number[]>([]);
  let measured = "";
  let measuring = 0;

  // One by one, so that a change of the settings waits for one of them at most.
  async function measureScales(): Promise<void> {
    const own = ++measuring;
    const present = { ...settings, classes: [...settings.classes] };
    const others = JSON.stringify({ ...present, scale: undefined });
    if (others !== measured) distances.value = [];
    measured = others;
    while (own === measuring && !busy.value && distances.value.length < scales.length) {
      const scale = scales[distances.value.length];
      const distance = await (await work()).distance({ ...present, scale });
      if (own === measuring) distances.value = [...distances.value, distance];
    }
  }
  onDeactivated(() => measuring++);
  onActivated(() => {
    if (run.value && !busy.value) void measureScales();
  });

  watch(settings, update, { immediate: true });
  return { run, failure, busy, inPage, distances, update };
}
