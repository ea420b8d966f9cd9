/*
 * What is evaluated: samples of a file, a VAE, or a diffusion model. Each gives its samples and its
 * bounds of held-out items, batch by batch.
 */
import { type Dataset, slice } from "@gen/data";
import { dataBound } from "@gen/ddpm";
import { normalNoise } from "@gen/math";
import type { Backend } from "@gen/runtime-gpu";
import { denoiserFunction, pipelineSampler, type SamplerName } from "@gen/sampling";
import { decode, elbo, logLikelihood, priorLatents, type Vae } from "@gen/vae";
import { usageError } from "../errors.ts";
import { isQuantized, labelsInTurn } from "../trained-vae.ts";
import { type Items, itemsOf, sizeOf, subItems } from "./items.ts";
import { isEdm, type openPipeline, samplingErrors } from "./open-model.ts";
import { paddedRows, type RowSet } from "./row-set.ts";

export type OpenedPipeline = Awaited<ReturnType<typeof openPipeline>>;

/** What decides samples and bounds. */
export interface ModelSettings {
  readonly count: number;
  readonly seed: number;
  readonly draws: number;
  readonly bound?: number;
  readonly sampler?: SamplerName;
  readonly steps?: number;
  readonly eta?: number;
}

/** A batch, and who is told of its steps. */
export interface BatchRun {
  /** Its first item. */
  readonly first: number;
  readonly signal: AbortSignal;
  /** Called with the items that are done, which need not be whole. */
  readonly onItems: (done: number) => void;
}

/** What is evaluated, on a backend. */
export interface EvaluatedModel {
  /** The samples of a batch. */
  samples(run: BatchRun): Promise<Items>;
  /** The terms of the bounds of the held-out items beside `rows` samples. */
  bounds(run: BatchRun, rows: number): Promise<RowSet>;
  close(): Promise<void>;
}

/** Items at once, where no sampler decides it. */
export const BATCH = 250;

/** Samples of a file. */
export const fileModel = (given: Items): EvaluatedModel => ({
  samples: async ({ first }) => subItems(given, first, first + BATCH),
  bounds: async () => ({}),
  close: async () => undefined,
});

/** Samples of a VAE's prior, of its classes in turn, and the bounds of its likelihood. */
export function vaeModel(
  model: Vae,
  backend: Backend,
  heldOut: Dataset,
  { count, seed, draws }: ModelSettings,
): EvaluatedModel {
  const run = { backend, model, seed };
  const labels = labelsInTurn(model, count);
  let latents: Promise<Float32Array> | undefined;
  return {
    async samples({ first, signal }) {
      latents ??= priorLatents({ ...run, count });
      const end = Math.min(count, first + BATCH);
      if (first >= end) return { data: new Float32Array(0), length: 0, shape: model.shape };
      const size = sizeOf({ shape: model.latent });
      const z = (await latents).subarray(first * size, end * size);
      const { data } = await decode({ ...run, signal, z, labels: labels?.slice(first, end) });
      return { data: data.map((v) => 2 * v - 1), length: end - first, shape: model.shape };
    },
    async bounds({ first, signal }, rows) {
      const end = Math.min(heldOut.length, first + rows);
      const one = first < end && { ...run, signal, first, dataset: slice(heldOut, first, end) };
      const terms = one ? (await elbo(one)).items : { reconstruction: [], kl: [], mean: [] };
      // A posterior that is one code has no density to draw from.
      const weighs = !isQuantized(model);
      const weighed = one && weighs && (await logLikelihood({ ...one, samples: draws }));
      return {
        reconstruction: paddedRows(terms.reconstruction, [], rows),
        kl: paddedRows(terms.kl, [], rows),
        mean: paddedRows(terms.mean, [sizeOf({ shape: model.latent })], rows),
        ...(weighs && { logLikelihood: paddedRows(weighed ? weighed.items : [], [], rows) }),
      };
    },
    close: async () => undefined,
  };
}

/** Samples of a diffusion model, and bounds of held-out items under it, in bits per dimension. */
export async function diffusionModel(
  { pipeline, given, count }: OpenedPipeline,
  backend: Backend,
  heldOut: Dataset,
  { seed, sampler, steps, eta, bound = 0 }: ModelSettings,
): Promise<EvaluatedModel> {
  const ready = pipelineSampler(pipeline, { backend });
  const conditioned = Object.keys(given.condition).length > 0 ? given : {};
  const drawing = { ...conditioned, count, seed, sampler, steps, eta };
  const { denoiser, scheduler, shape } = pipeline;
  return {
    async samples({ first, signal, onItems }) {
      // The batch that begins here, and no other.
      const part = [first, first + 1] as const;
      // Where a bound follows, the samples are half of the batch.
      const weight = first < Math.min(bound, heldOut.length) ? 0.5 : 1;
      const progress = ({ done }: { readonly done: number }) =>
        onItems(first + weight * (done * count - first));
      const { x, shape } = await ready
        .generate({ ...drawing, part, signal, onStep: progress })
        .catch((error: unknown) => samplingErrors(error, signal));
      return { data: x, length: shape[0], shape: shape.slice(1) };
    },
    async bounds({ first, signal, onItems }, rows): Promise<RowSet> {
      if (bound === 0) return {};
      const length = Math.max(0, Math.min(bound, heldOut.length, first + rows) - first);
      const found =
        length > 0 &&
        (await boundOf(first, length, signal, (share) =>
          onItems(first + (rows * (1 + share)) / 2),
        ));
      return {
        bound: paddedRows(found ? found.total : [], [], rows),
        prior: paddedRows(found ? found.prior : [], [], rows),
      };
    },
    close: () => ready.dispose(),
  };

  async function boundOf(
    first: number,
    length: number,
    signal: AbortSignal,
    onShare: (share: number) => void,
  ) {
    const batch = [length, ...shape];
    const compiled = await denoiserFunction({ backend, denoiser, shape: batch });
    const indices = Uint32Array.from({ length }, (_, i) => first + i);
    try {
      return await dataBound({
        schedule: scheduler.schedule,
        denoiser: compiled,
        predicts: denoiser.predicts,
        x0: itemsOf(slice(heldOut, first, first + length)).data,
        shape: batch,
        noise: (step, size) =>
          normalNoise({ seed, purpose: "bound", indices, step, size: size / length }),
        signal,
        clip: scheduler.clip ?? false,
        decoder: isBytes(heldOut) ? "discretized" : "density",
        onStep: ({ t, steps }) => onShare((steps - t) / steps),
      });
    } finally {
      await compiled.dispose();
    }
  }
}

/** The 256 levels of bytes have probabilities, other numbers a density. */
export const isBytes = ({ data, range }: Dataset): boolean =>
  data instanceof Uint8Array && range?.join() === "0,255";

/** @throws GenError `usage` when a diffusion model has no bound. */
export function checkBound({ pipeline, given, count }: OpenedPipeline, bound: number | undefined) {
  if (bound === undefined) return;
  const { scheduler, vae } = pipeline;
  const because = vae
    ? "the model's x are latents"
    : isEdm(scheduler)
      ? "EDM's noise levels are no steps of a schedule"
      : Object.keys(given.condition).length > 0
        ? "the model has conditions"
        : undefined;
  if (because) throw usageError(`--bound must be left out: ${because}`);
  if (bound > count) throw usageError(`--bound must be at most --count, ${count}, got ${bound}`);
}
