import { normalNoise } from "@gen/math";
import { proxy } from "comlink";
import { onScopeDispose, ref, shallowReactive, shallowRef } from "vue";
import { explainError, type Failure } from "../../network.ts";
import { useWorker } from "../../use-worker.ts";
import {
  count,
  type RaceApi,
  type RunFrame,
  type RunResult,
  type Runtimes,
  steps,
} from "./race-api.ts";

/** One runtime's run, as the page shows it. */
export interface Lane {
  /** A lane that was drawn beforehand is done without a result. */
  phase: "starting" | "running" | "done" | "stopped" | "failed";
  /** The noise, then the points after each step, `[count, 2]` each. */
  frames: readonly Float32Array[];
  result?: RunResult;
  failure?: Failure;
  /** The estimated rest of the run in seconds. */
  secondsLeft?: number;
}

/** What all runs of a race share. */
export interface RaceRequest {
  readonly seed: number;
  readonly model: Uint8Array;
}

/** The noise that every run of a seed starts from, `[count, 2]`. */
export const startNoise = (seed: number): Float32Array =>
  normalNoise({ seed, purpose: "initial", batch: count, size: 2 });

/**
 * The runs of the race, one after the other, so that each is timed alone. Each has a worker of its
 * own, so that none finds a library that another has loaded, and Stop ends a run at once.
 */
export function useRace() {
  const { inPage, work, end } = useWorker<RaceApi>({
    worker: () => new Worker(new URL("./race.worker.ts", import.meta.url), { type: "module" }),
    inPage: () => import("./create-race-api.ts").then((module) => module.createRaceApi()),
  });
  /** The runs of this seed and model by the names of their runtimes. */
  const lanes = shallowReactive(new Map<string, Lane>());
  /** The label of the runtime that runs now, and its place in the race. */
  const current = shallowRef<{ name: string; label: string; place: number; of: number }>();
  const running = ref(false);
  let latest = 0;
  let release = () => {};

  /** The runtimes of this browser. */
  const found = shallowRef<Runtimes>();
  async function findRuntimes(): Promise<void> {
    found.value ??= await (await work()).runtimes();
  }

  /** Shows where a runtime ends, without a run. */
  function show(name: string, seed: number, points: Float32Array): void {
    lanes.set(name, { phase: "done", frames: [startNoise(seed), points] });
  }

  /** Ends the current race. Its unfinished run is marked as stopped. */
  function stop(): void {
    latest++;
    release();
    running.value = false;
    const lane = current.value && lanes.get(current.value.name);
    if (lane && !lane.result && !lane.failure) lane.phase = "stopped";
    current.value = undefined;
    if (inPage.value) void work().then((api) => api.cancel());
    else end();
  }

  /** Forgets all runs. */
  function clear(): void {
    stop();
    lanes.clear();
  }

  /** Runs runtimes one after the other. Returns whether none was stopped. */
  async function race(
    all: readonly { readonly name: string; readonly label: string }[],
    request: RaceRequest,
  ): Promise<boolean> {
    if (running.value) stop();
    const own = ++latest;
    const stopped = new Promise<undefined>((resolve) => {
      release = () => resolve(undefined);
    });
    running.value = true;
    // A worker that does not start says so in the first lane.
    const search = findRuntimes().catch(() => undefined);
    for (const { name } of all) lanes.delete(name);
    for (const [i, { name, label }] of all.entries()) {
      current.value = { name, label, place: i + 1, of: all.length };
      await runLane(name, label, request, { stopped, isLatest: () => own === latest });
      await Promise.race([search, stopped]);
      if (own !== latest) return false;
      if (!inPage.value) end();
    }
    running.value = false;
    current.value = undefined;
    return true;
  }

  async function runLane(
    name: string,
    label: string,
    request: RaceRequest,
    { stopped, isLatest }: { stopped: Promise<undefined>; isLatest: () => boolean },
  ): Promise<void> {
    const lane = shallowReactive<Lane>({ phase: "starting", frames: [startNoise(request.seed)] });
    lanes.set(name, lane);
    let first = 0;
    const onFrame = ({ x, step }: RunFrame) => {
      // A frame may arrive after the result.
      if (!isLatest() || lane.result) return;
      lane.frames = [...lane.frames, x];
      lane.phase = "running";
      if (step === 1) first = performance.now();
      else {
        lane.secondsLeft = ((performance.now() - first) / (step - 1) / 1000) * (steps - step);
      }
    };
    try {
      const api = await work();
      const result = await Promise.race([api.run({ name, ...request }, proxy(onFrame)), stopped]);
      if (!isLatest() || !result) return;
      lane.frames = [lane.frames[0], ...result.frames];
      lane.result = result;
      lane.phase = "done";
    } catch (cause) {
      const failure = await explainError(cause, label);
      if (!isLatest()) return;
      lane.failure = failure;
      lane.phase = "failed";
    }
  }

  onScopeDispose(stop);
  return { inPage, found, findRuntimes, lanes, current, running, show, race, stop, clear };
}
