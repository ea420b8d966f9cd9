import { ref, shallowRef } from "vue";
import { explainError, type Failure } from "../../network.ts";
import type { RunProgress } from "./images-work.ts";

/** The state of one kind of run. The latest one counts. `what` is what it downloads. */
export function useRun(what: () => string) {
  const running = ref(false);
  const stopped = ref(false);
  const progress = shallowRef<RunProgress>();
  const failure = shallowRef<Failure>();
  let latest = 0;

  /** Runs `work`, which gives undefined if it was stopped. */
  async function start<R>(
    work: (onProgress: (progress: RunProgress) => void) => Promise<R | undefined>,
  ): Promise<R | undefined> {
    const mine = ++latest;
    const isLatest = () => mine === latest;
    running.value = true;
    stopped.value = false;
    failure.value = undefined;
    progress.value = undefined;
    try {
      const result = await work((now) => {
        if (isLatest()) progress.value = now;
      });
      if (isLatest()) stopped.value = result === undefined;
      return isLatest() ? result : undefined;
    } catch (cause) {
      const explained = await explainError(cause, what());
      if (isLatest()) failure.value = explained;
      return undefined;
    } finally {
      if (isLatest()) running.value = false;
    }
  }

  return { running, stopped, progress, failure, start };
}
