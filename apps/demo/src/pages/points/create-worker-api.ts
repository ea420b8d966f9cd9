import { type Sampler, sampler } from "@gen/sampling";
import { backendError } from "../../backends/backend-error.ts";
import { backendSlot } from "../../backends/backend-slot.ts";
import type { Choice } from "../../backends/choices.ts";
import { previewModel, trainedDenoiser } from "./preview-model.ts";
import { dataDistance, samplePoints } from "./sample-points.ts";
import { type StopSignal, trainPoints } from "./train-points.ts";
import type { Method, TrainedModel, WorkerApi } from "./worker-api.ts";

/** Creates the work of the points page. It runs in the thread that calls it. */
export function createWorkerApi(): WorkerApi {
  let trained: TrainedModel | undefined;
  let freshScore: { mean: number; spread: number } | undefined;
  let currentSampler: Sampler | undefined;
  let stopSignal: StopSignal | undefined;
  // The last requested run of each method, and all runs that have begun.
  const latest = new Map<Method, AbortController>();
  const runs = new Set<{ abort: AbortController; result: Promise<unknown> }>();

  // Layers this small take longer to split over threads than to compute on one.
  const slot = backendSlot(1, async () => {
    await cancelAll();
    await disposeSampler();
  });
  const backendOf = (choice: Choice) =>
    slot(choice).catch((cause: Error) => {
      throw Object.assign(new Error(cause.message), { name: backendError });
    });

  async function cancelAll(): Promise<void> {
    const all = [...runs];
    for (const { abort } of all) abort.abort();
    await Promise.allSettled(all.map(({ result }) => result));
  }

  async function disposeSampler(): Promise<void> {
    const old = currentSampler;
    currentSampler = undefined;
    await old?.dispose();
  }

  function keepModel(model: TrainedModel): void {
    trained = model;
    freshScore = undefined;
  }

  return {
    // If the worker's script is blocked, this call never returns.
    ready: () => true,

    async train(request, onProgress) {
      const resume = request.resume ? trained?.state : undefined;
      const signal: StopSignal = { aborted: false, step: resume?.step ?? 0 };
      stopSignal = signal;
      await cancelAll();
      const backend = await backendOf(request.choice);
      await disposeSampler();
      onProgress({ backendName: backend.name });
      const started = performance.now();
      const { training } = await trainPoints({ backend, request, resume, signal, onProgress });
      const { state, step } = training;
      keepModel({ state, points: request.points, fresh: request.fresh });
      const seconds = (performance.now() - started) / 1000;
      const preview = await previewModel(backend, state, request.points);
      const { stopRequestedAt } = signal;
      return { backendName: backend.name, step, stopRequestedAt, seconds, state, preview };
    },

    async restore(model) {
      await cancelAll();
      await disposeSampler();
      keepModel(model);
    },

    stop() {
      if (!stopSignal || stopSignal.aborted) return;
      stopSignal.aborted = true;
      stopSignal.stopRequestedAt = stopSignal.step;
    },

    async sample(request, onFrame) {
      const { choice, method } = request;
      const abort = new AbortController();
      latest.get(method)?.abort();
      latest.set(method, abort);
      const backend = await backendOf(choice);
      if (abort.signal.aborted) return undefined;
      if (!trained) throw new Error("sampling needs a trained model; train first");
      const { state, points, fresh } = trained;
      currentSampler ??= sampler({ backend, denoiser: trainedDenoiser(state) });
      freshScore ??= meanAndSpread(fresh.map((draw) => dataDistance(draw, points)));
      const score = freshScore;
      const { signal } = abort;
      const run = {
        abort,
        result: samplePoints({ sampler: currentSampler, request, points, signal, onFrame }),
      };
      runs.add(run);
      try {
        const result = await run.result;
        return { backendName: backend.name, fresh: score, ...result };
      } catch (error) {
        if (abort.signal.aborted) return undefined;
        throw error;
      } finally {
        runs.delete(run);
      }
    },

    cancel() {
      for (const abort of latest.values()) abort.abort();
    },
  };
}

function meanAndSpread(values: readonly number[]): { mean: number; spread: number } {
  const mean = values.reduce((sum, v) => sum + v, 0) / values.length;
  const squares = values.reduce((sum, v) => sum + (v - mean) ** 2, 0);
  return { mean, spread: Math.sqrt(squares / Math.max(values.length - 1, 1)) };
}
