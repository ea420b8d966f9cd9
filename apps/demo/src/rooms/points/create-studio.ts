import type { TrainedDdpm } from "@gen/ddpm";
import { type Sampler, sampler } from "@gen/sampling";
import { heldBackend } from "./held-backend.ts";
import { samplePoints } from "./sample-points.ts";
import type { Method, Studio } from "./studio.ts";
import { type Halt, trainPoints } from "./train-points.ts";

/** The work of the room, in the thread that calls it. */
export function createStudio(): Studio {
  let trained: TrainedDdpm | undefined;
  let points: Float32Array = new Float32Array();
  let drawing: Sampler | undefined;
  let halt: Halt | undefined;
  // The newest run of each method that was asked for, and those that have begun.
  const latest = new Map<Method, AbortController>();
  const runs = new Set<{ abort: AbortController; ended: Promise<unknown> }>();

  // Layers this small take longer to share among threads than to compute on one.
  const held = heldBackend(1, async () => {
    await cancelAll();
    await forgetSampler();
  });

  async function cancelAll(): Promise<void> {
    const all = [...runs];
    for (const { abort } of all) abort.abort();
    await Promise.allSettled(all.map(({ ended }) => ended));
  }

  async function forgetSampler(): Promise<void> {
    const old = drawing;
    drawing = undefined;
    await old?.dispose();
  }

  return {
    // A worker whose script was refused never answers.
    ready: () => true,

    async train(request, hear) {
      const resume = request.goOn ? trained?.training.state : undefined;
      const signal: Halt = { aborted: false, step: resume?.step ?? 0 };
      halt = signal;
      await cancelAll();
      const backend = await held(request.choice);
      await forgetSampler();
      hear({ ranOn: backend.name });
      const started = performance.now();
      trained = await trainPoints({ backend, request, resume, signal, hear });
      points = request.points;
      const seconds = (performance.now() - started) / 1000;
      const { step } = trained.training;
      return { ranOn: backend.name, step, heardAt: signal.heardAt, seconds };
    },

    stop() {
      if (!halt || halt.aborted) return;
      halt.aborted = true;
      halt.heardAt = halt.step;
    },

    async sample(request, hear) {
      const { choice, method } = request;
      const abort = new AbortController();
      latest.get(method)?.abort();
      latest.set(method, abort);
      const backend = await held(choice);
      if (abort.signal.aborted) return undefined;
      if (!trained) throw new Error("there is nothing to sample from: train first");
      drawing ??= sampler({ backend, denoiser: trained.pipeline.denoiser });
      const run = {
        abort,
        ended: samplePoints({ on: drawing, request, points, signal: abort.signal, hear }),
      };
      runs.add(run);
      try {
        return { ranOn: backend.name, ...(await run.ended) };
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
