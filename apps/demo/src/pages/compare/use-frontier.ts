import type { FrontierPoint } from "@gen/figures";
import { computed, ref, shallowRef } from "vue";
import type { CompareWork, Fresh } from "./compare-work.ts";
import { jobs, solvers } from "./solvers.ts";
import type { Lines } from "./verdict.ts";

const costs = jobs.map(({ steps }) => steps);
const sum = (values: readonly number[]) => values.reduce((total, v) => total + v, 0);

/** The distances of all solvers, which arrive one by one. */
export function useFrontier(work: Pick<CompareWork, "measure" | "stop" | "fresh">) {
  /** The distance of each job that is done, in the order of `jobs`. */
  const distances = shallowRef<readonly number[]>([]);
  const fresh = shallowRef<Fresh>();
  const running = ref(false);
  const secondsLeft = ref<number>();
  let run = 0;

  const done = computed(() => distances.value.length);
  const lines = computed(() => {
    const points = (id: string) =>
      distances.value.flatMap((distance, i) =>
        jobs[i].solver === id ? [{ steps: jobs[i].steps, distance }] : [],
      );
    const all: Record<string, readonly FrontierPoint[]> = Object.fromEntries(
      solvers.map(({ id }) => [id, points(id)]),
    );
    return all as Lines;
  });

  /** Scores fresh draws of the data, which the sides are compared with too. */
  async function scoreFresh(): Promise<void> {
    fresh.value ??= await work.fresh();
  }

  /** Measures the jobs that are not measured yet. */
  async function start(seed: number): Promise<void> {
    if (running.value || done.value === jobs.length) return;
    const own = ++run;
    const first = done.value;
    running.value = true;
    secondsLeft.value = undefined;
    const started = performance.now();
    try {
      await scoreFresh();
      if (own !== run) return;
      await work.measure(first, seed, ({ job, distance }) => {
        if (own !== run || job !== distances.value.length) return;
        distances.value = [...distances.value, distance];
        const rate = (performance.now() - started) / 1000 / sum(costs.slice(first, job + 1));
        secondsLeft.value = rate * sum(costs.slice(job + 1));
      });
    } finally {
      if (own === run) running.value = false;
    }
  }

  function stop(): void {
    if (!running.value) return;
    run++;
    running.value = false;
    void work.stop();
  }

  /** Forgets all numbers. `data` tells whether the data have changed too. */
  function reset(data: boolean): void {
    stop();
    distances.value = [];
    if (data) fresh.value = undefined;
  }

  return { lines, fresh, done, running, secondsLeft, scoreFresh, start, stop, reset };
}
