import { resolve } from "node:path";
import { writePng } from "@gen/data";
import { dataBound } from "@gen/ddpm";
import { bitsPerDimension } from "@gen/math";
import type { Backend } from "@gen/runtime-gpu";
import { denoiserFunction, type SamplerName } from "@gen/sampling";
import { elbo, logLikelihood, type Vae } from "@gen/vae";
import { replaceFile } from "../atomic-files.ts";
import { neighborSheet, pointSheet } from "../drawing/neighbor-sheet.ts";
import { isDrawable } from "../drawing/pictures.ts";
import { interrupted, usageError } from "../errors.ts";
import { distanceParts, distancesOf, measure, nearestOf } from "../evaluation/distances.ts";
import { extractorOf } from "../evaluation/features.ts";
import {
  checkShape,
  chosenItems,
  evaluatedData,
  firstItems,
  type Items,
  itemsOf,
  readSamples,
  sizeOf,
  trainedOn,
} from "../evaluation/items.ts";
import { drawPrior, drawSamples, isEdm, openPipeline } from "../evaluation/open-model.ts";
import { reportLines } from "../evaluation/report.ts";
import { isImages } from "../models.ts";
import type { CommonOptions } from "../options.ts";
import { print, progress } from "../terminal.ts";
import { isQuantized, readTrainedVae } from "../trained-vae.ts";
import type { DataFlags } from "../training-options.ts";

export interface EvaluateOptions extends CommonOptions, DataFlags {
  readonly model?: string;
  readonly samples?: string;
  readonly data?: string;
  readonly count: number;
  readonly features?: string;
  readonly featureRange?: readonly [number, number];
  readonly sampler?: SamplerName;
  readonly steps?: number;
  readonly eta?: number;
  readonly guidance?: number;
  readonly draws: number;
  readonly bound?: number;
}

interface Running {
  readonly signal: AbortSignal;
  readonly opening: Promise<Backend>;
}

type Data = Awaited<ReturnType<typeof evaluatedData>>;
type OpenedPipeline = Awaited<ReturnType<typeof openPipeline>>;

/** Images nearest to each sample in the picture. */
const NEIGHBORS = 3;

/** Runs `gen evaluate`. */
export async function runEvaluate(options: EvaluateOptions, running: Running): Promise<void> {
  const { model: folder, out, json, seed } = options;
  const { signal } = running;
  const data = await evaluatedData(options, folder === undefined ? {} : await trainedOn(folder));
  const { model: vae } = (folder !== undefined && (await readTrainedVae("--model", folder))) || {};
  checkModel(options, data, vae);
  const given =
    options.samples === undefined ? undefined : await readSamples(options.samples, data);
  const pipeline =
    folder === undefined || vae ? undefined : await openPipeline(folder, { ...options, signal });
  if (pipeline) checkShape(pipeline.pipeline.item, data);
  const backend = await running.opening;
  try {
    const likelihood = vae && (await vaeLikelihood(vae, data, options, running));
    const bound = pipeline && (await diffusionBound(pipeline, data, options, running));
    const samples = given ?? (await drawn(options, { backend, signal, vae, pipeline }));
    const compared = await compare(samples, data, options, running);
    const { sheet, ...numbers } = compared;
    if (sheet) await replaceFile(out, writePng(sheet));
    const result = {
      ...(sheet && { out: resolve(out) }),
      data: data.name,
      ...(likelihood && { likelihood }),
      ...(bound && { bound }),
      ...numbers,
      seed,
      backend: backend.name,
    };
    print(json, result, reportLines(result, sheet && out));
  } finally {
    await backend.close();
  }
}

/** @throws GenError `usage` when a flag is for another kind of model. */
function checkModel({ model, ...options }: EvaluateOptions, { train }: Data, vae?: Vae): void {
  if (!vae) return;
  const ofDiffusion = ["sampler", "steps", "eta", "guidance", "bound"] as const;
  const given = ofDiffusion.find((name) => options[name] !== undefined);
  if (given) throw usageError(`--${given} is for a diffusion model, and --model ${model} is a VAE`);
  checkShape(vae.shape, { train, name: options.data ?? "the data" });
}

/** The bound and the log likelihood of held-out items under a VAE. */
async function vaeLikelihood(
  model: Vae,
  { test }: Data,
  { count, draws, seed }: EvaluateOptions,
  { signal, opening }: Running,
) {
  const backend = await opening;
  const dataset = chosenItems(test, count, seed);
  const run = { backend, model, dataset, seed, signal };
  const line = progress("Likelihood");
  line.update(0, undefined, `${draws} draws of z for each of ${dataset.length} held-out items`);
  try {
    const { elbo: bound, ...terms } = await elbo(run);
    // A posterior that is one code has no density to draw from.
    const estimate = isQuantized(model)
      ? undefined
      : await logLikelihood({ ...run, samples: draws });
    line.finish();
    const nats = -(estimate?.logLikelihood ?? bound);
    return {
      items: dataset.length,
      elbo: bound,
      ...terms,
      ...(estimate && { ...estimate, draws }),
      bitsPerDimension: bitsPerDimension(nats, sizeOf(dataset)),
    };
  } catch (error) {
    throw signal.aborted ? interrupted() : error;
  }
}

/** The variational bound of held-out items under a diffusion model, in bits per dimension. */
async function diffusionBound(
  { pipeline, given }: OpenedPipeline,
  { test }: Data,
  { bound: count, seed }: EvaluateOptions,
  { signal, opening }: Running,
) {
  if (count === undefined) return undefined;
  const { denoiser, scheduler, shape, vae } = pipeline;
  if (vae) throw usageError("--bound must be left out: the model's x are latents");
  if (isEdm(scheduler))
    throw usageError("--bound must be left out: EDM's noise levels are no steps of a schedule");
  if (Object.keys(given.condition).length > 0)
    throw usageError("--bound must be left out: the model has conditions");
  const backend = await opening;
  const items = chosenItems(test, count, seed);
  const { data: x0, length } = itemsOf(items);
  const batch = [length, ...shape];
  const compiled = await denoiserFunction({ backend, denoiser, shape: batch });
  const line = progress("Bound");
  // The 256 levels of bytes have probabilities, other numbers a density.
  const isBytes = items.data instanceof Uint8Array && items.range?.join() === "0,255";
  try {
    const { mean, total, prior } = await dataBound({
      schedule: scheduler.schedule,
      denoiser: compiled,
      predicts: denoiser.predicts,
      x0,
      shape: batch,
      seed,
      signal,
      clip: scheduler.clip ?? false,
      decoder: isBytes ? "discretized" : "density",
      onStep: ({ t, steps }) => line.update(steps - t, steps),
    });
    line.finish();
    const square = total.reduce((sum, value) => sum + (value - mean) ** 2, 0);
    return {
      items: length,
      bitsPerDimension: mean,
      standardError: Math.sqrt(square / Math.max(1, length - 1) / length),
      prior: prior.reduce((sum, value) => sum + value, 0) / length,
      likelihood: isBytes ? "256 levels" : "density",
    };
  } catch (error) {
    throw signal.aborted ? interrupted() : error;
  } finally {
    await compiled.dispose();
  }
}

/** Samples of the model. */
async function drawn(
  { count, seed, sampler, steps, eta }: EvaluateOptions,
  model: {
    readonly backend: Backend;
    readonly signal: AbortSignal;
    readonly vae?: Vae;
    readonly pipeline?: OpenedPipeline;
  },
): Promise<Items> {
  const { backend, signal, vae, pipeline } = model;
  if (vae) return drawPrior(vae, { backend, count, seed, signal });
  if (!pipeline) throw usageError("--model must be given: a folder");
  const line = progress(`Samples on ${backend.name}`);
  const drawing = { backend, count: pipeline.count, seed, sampler, steps, eta, signal };
  const samples = await drawSamples(pipeline, {
    ...drawing,
    onStep: ({ done, steps }) => line.update(done * steps, steps),
  });
  line.finish(`${samples.steps} steps`);
  return samples;
}

/** Compares samples and training items with held-out items, and draws the nearest ones. */
async function compare(samples: Items, data: Data, options: EvaluateOptions, running: Running) {
  const { count, seed } = options;
  const { signal } = running;
  const all = itemsOf(data.train);
  const heldOut = itemsOf(chosenItems(data.test, count, seed));
  const set = firstItems(samples, count);
  const train = itemsOf(chosenItems(data.train, set.length, seed));
  const extractor = await extractorOf(data.name, set.shape, options, await running.opening);
  const line = progress(`Distances in ${extractor.what}`);
  const parts = 3 + 2 * distanceParts + 2;
  let done = 0;
  const pause = async () => {
    line.update(++done, parts);
    await new Promise((next) => setImmediate(next));
    if (signal.aborted) throw interrupted();
  };
  try {
    const measured = [];
    for (const items of [set, train, heldOut]) {
      measured.push(await measure(items, extractor));
      await pause();
    }
    const [ours, theirs, held] = measured;
    const distances = await distancesOf(ours, held, { pause, seed });
    const reference = await distancesOf(theirs, held, { pause, seed });
    const near = Math.min(NEIGHBORS, all.length);
    const nearest = await nearestOf(set, { train: all, heldOut, count: near, pause });
    line.finish();
    const { shape } = set;
    const drawable = isDrawable(shape);
    const sheet = !drawable
      ? undefined
      : isImages({ shape })
        ? neighborSheet(set, all, nearest, near)
        : pointSheet(heldOut.data, set.data);
    return {
      samples: set.length,
      heldOut: heldOut.length,
      features: extractor.what,
      distances,
      trainingData: reference,
      nearest: { samples: nearest.samples, heldOut: nearest.heldOut },
      sheet,
    };
  } finally {
    await extractor.dispose();
  }
}
