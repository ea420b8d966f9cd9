import type { TrainedDdpm } from "@gen/ddpm";
import { type Sampler, sampler } from "@gen/sampling";
import { backendSlot } from "./backend-slot.ts";
import { samplePoints } from "./sample-points.ts";
import { type StopSignal, trainPoints } from "./train-points.ts";
import type { Method, WorkerApi } from "./worker-api.ts";

/** Creates the work of the points page. It runs in the thread that calls it. */
export function createWorkerApi(): WorkerApi {
  let trained: TrainedDdpm | undefined;
  let points: Float32Array = new Float32Array();
  let currentSampler: Sampler | undefined;
  let stopSignal: StopSignal | undefined;
  // The last requested run of each method, and all runs that have begun.
  const latest = new Map<Method, AbortController>();
  const runs = new Set<{ abort: AbortController; result: Promise<unknown> }>();

  // Layers this small take longer to split over threads than to compute on one.
  const backendOf = backendSlot(1, async () => {
    await cancelAll();
    await disposeSampler();
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

  return {
    // If the worker's script is blocked, this call never returns.
    ready: () => true,

    async train(request, onProgress) {
      const resume = request.resume ? trained?.training.state : undefined;
      const signal: StopSignal = { aborted: false, step: resume?.step ?? 0 };
      stopSignal = signal;
      await cancelAll();
      const backend = await backendOf(request.choice);
      await disposeSampler();
      onProgress({ backendName: backend.name });
      const started = performance.now();
      trained = await trainPoints({ backend, request, resume, signal, onProgress });
      points = request.points;
      const seconds = (performance.now() - started) / 1000;
      const { step } = trained.training;
      const { stopRequestedAt } = signal;
      return { backendName: backend.name, step, stopRequestedAt, seconds };
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
      currentSampler ??= sampler({ backend, denoiser: trained.pipeline.denoiser });
      const { signal } = abort;
      const run = {
        abort,
        result: samplePoints({ sampler: currentSampler, request, points, signal, onFrame }),
      };
      runs.add(run);
      try {
        return { backendName: backend.name, ...(await run.result) };
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
