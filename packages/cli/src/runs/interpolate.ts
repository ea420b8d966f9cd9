/*
 * The work of `gen interpolate`: a row of pictures from one latent to another, or along the
 * direction of a class. Latents are those of a VAE, or the noise that a diffusion model starts from.
 */
import { resolve } from "node:path";
import { slice } from "@gen/data";
import { linearInterpolation, sphericalInterpolation } from "@gen/ddim";
import { normalNoise } from "@gen/math";
import { openBackend } from "@gen/runtime-gpu/open";
import { defaultSampler, generate, type SamplerName } from "@gen/sampling";
import { attributeDirection, decode, encode, priorLatents } from "@gen/vae";
import { type Conditioning, conditionsOf } from "../conditions.ts";
import { interrupted, usageError } from "../errors.ts";
import { claimOutput } from "../files.ts";
import { asSamples, labelsOf } from "../latent-batches.ts";
import {
  classOf,
  type ItemFlags,
  isVaeFolder,
  openItems,
  openLatentModel,
} from "../latent-model.ts";
import { readModelFolder } from "../model-folder.ts";
import { outputKind } from "../output-kind.ts";
import { checkOutput, writeSamples } from "../sample-output.ts";
import { unscale } from "../scaling.ts";
import { interruptSignal, print, progress } from "../terminal.ts";
import { type LatentOptions, requireModel, withLatentRun } from "./latents.ts";

interface InterpolateOptions extends LatentOptions, ItemFlags {
  readonly items?: readonly number[];
  readonly seeds?: readonly number[];
  readonly attribute?: string;
  readonly strength?: number;
  readonly frames: number;
  readonly path?: "linear" | "spherical";
  readonly sampler?: SamplerName;
  readonly steps?: number;
  readonly class?: readonly string[];
  readonly guidance?: number;
}

/** Runs `gen interpolate`. */
export async function runInterpolate(options: InterpolateOptions): Promise<void> {
  const { out, force, items, seeds, attribute, strength } = options;
  const folder = await requireModel(options.model);
  const kind = outputKind(out);
  await claimOutput(out, { force, kind: kind === "folder" ? "folder" : "file" });
  if (items && seeds) throw usageError("--items and --seeds do not go together");
  if (!items && !seeds) throw usageError("--items or --seeds must be given, such as --seeds 1,2");
  if (strength !== undefined && attribute === undefined)
    throw usageError("--strength needs --attribute");
  const ends = (items ?? seeds) as readonly number[];
  if (attribute === undefined && ends.length < 2)
    throw usageError(
      `${items ? "--items" : "--seeds"} must list at least 2 numbers, got ${ends.length}`,
    );
  const given = { ...options, model: folder, kind, signal: interruptSignal(), ends };
  const isVae = items !== undefined || attribute !== undefined || (await isVaeFolder(folder));
  await (isVae ? alongLatents(given) : alongNoise(given));
}

type Given = InterpolateOptions & {
  readonly model: string;
  readonly kind: ReturnType<typeof outputKind>;
  readonly signal: AbortSignal;
  readonly ends: readonly number[];
};

async function alongLatents(options: Given): Promise<void> {
  const { model: folder, kind, signal, out, items, attribute, ends, frames, path } = options;
  const wrong = (["sampler", "steps", "guidance"] as const).find(
    (name) => options[name] !== undefined,
  );
  if (wrong) throw usageError(`--${wrong} is for noise, and this walk is in the latents of a VAE`);
  if (attribute !== undefined && path) throw usageError("--path must be left out with --attribute");
  const opened = await openLatentModel(folder, options);
  const { model, settings } = opened;
  const needsData = items !== undefined || attribute !== undefined;
  const dataset = needsData ? await openItems(opened, options) : undefined;
  const far = items?.find((i) => dataset && i >= dataset.length);
  if (dataset && far !== undefined)
    throw usageError(`--items must be in [0, ${dataset.length - 1}], got ${far}`);
  const rows = attribute === undefined ? ends.length - 1 : ends.length;
  checkOutput(out, kind, rows * frames, { item: model.shape, shape: model.latent });
  const { labels, classes } = dataset ?? {};
  if (attribute !== undefined && !labels)
    throw usageError(`--attribute needs classes, and --data has none`);
  const count = classes?.length ?? Math.max(-1, ...(labels ?? [])) + 1;
  const target =
    attribute === undefined ? 0 : classOf("--attribute", attribute, { classes, count });
  await withLatentRun(options, opened, signal, "Interpolating", async (run) => {
    const picked = { ...run, onProgress: undefined };
    const starts = await Promise.all(
      ends.map(async (end) => {
        if (items && dataset) {
          const one = slice(dataset, end, end + 1);
          return (await encode({ ...picked, dataset: one })).mean;
        }
        return priorLatents({ ...picked, seed: end, count: 1 });
      }),
    );
    const z =
      attribute === undefined
        ? walk(starts, frames, path ?? "linear")
        : await alongDirection(starts);
    const ofItems =
      items &&
      labels &&
      Int32Array.from({ length: rows * frames }, (_, i) => labels[items[Math.floor(i / frames)]]);
    const conditions = labelsOf(options.class, model, settings?.classes, rows * frames) ?? ofItems;
    const images = await decode({
      ...run,
      z,
      labels: model.classes === undefined ? undefined : conditions,
    });
    await writeSamples(out, kind, asSamples(images), undefined, frames);
    finish(options, rows, images.shape, run.backend.name);

    async function alongDirection(from: readonly Float32Array[]): Promise<Float32Array> {
      if (!dataset || !labels) throw usageError("--attribute needs --data with classes");
      const { mean } = await encode({ ...run, dataset });
      const direction = attributeDirection(mean, labels, target);
      const { strength = 1 } = options;
      return joined(
        from.flatMap((z) =>
          Array.from({ length: frames }, (_, k) =>
            z.map((v, i) => v + direction[i] * strength * share(k, frames)),
          ),
        ),
      );
    }
  });
}

async function alongNoise(options: Given): Promise<void> {
  const { model: folder, kind, signal, out, ends, frames, path = "spherical", sampler } = options;
  if (options.data !== undefined) throw usageError("--data needs --items");
  const opening = openBackend(options.backend, { isolate: true });
  opening.catch(() => undefined);
  const rows = ends.length - 1;
  const count = rows * frames;
  let given: Conditioning = { condition: {} };
  const pipeline = await readModelFolder(folder, {
    signal,
    backend: options.backend,
    conditions(found) {
      given = conditionsOf(options, { condition: {}, unconditional: {} }, found, {
        count,
        model: folder,
      });
      return given.condition;
    },
  });
  const { shape } = pipeline;
  checkOutput(out, kind, count, pipeline);
  const size = shape.reduce((a, b) => a * b, 1);
  const starts = ends.map((seed) => normalNoise({ seed, purpose: "initial", batch: 1, size }));
  const noise = walk(starts, frames, path);
  const backend = await opening;
  try {
    const name = sampler ?? defaultSampler(pipeline.scheduler);
    const line = progress(`${name.toUpperCase()} on ${backend.name}`);
    const samples = await generate(pipeline, {
      backend,
      count,
      ...(sampler && { sampler }),
      steps: options.steps,
      seed: options.seed,
      ...(Object.keys(given.condition).length > 0 && given),
      noise: ([batch], { firstIndex }) => ({
        x: noise.subarray(firstIndex * size, (firstIndex + batch) * size),
      }),
      signal,
      onStep: ({ done, steps }) => line.update(done * steps, steps),
    }).catch((error: unknown) => {
      if (!signal.aborted) throw error;
      throw interrupted("the work was done");
    });
    if (pipeline.scaling) unscale(samples.x, pipeline.scaling);
    line.finish(`${samples.steps} steps`);
    await writeSamples(out, kind, samples, undefined, frames);
    finish(options, rows, samples.shape, backend.name);
  } finally {
    await backend.close();
  }
}

const share = (k: number, frames: number): number => (frames === 1 ? 0 : k / (frames - 1));

/** A row from each latent to the next, `[rows frames, ...]`. */
function walk(
  starts: readonly Float32Array[],
  frames: number,
  path: "linear" | "spherical",
): Float32Array {
  const between = path === "linear" ? linearInterpolation : sphericalInterpolation;
  return joined(
    starts
      .slice(1)
      .flatMap((to, row) =>
        Array.from({ length: frames }, (_, k) => between(starts[row], to, share(k, frames))),
      ),
  );
}

const joined = (rows: readonly ArrayLike<number>[]): Float32Array => {
  const all = new Float32Array(rows.reduce((sum, { length }) => sum + length, 0));
  rows.forEach((row, i) => all.set(row, i * row.length));
  return all;
};

function finish(
  { out, json, frames }: Given,
  rows: number,
  shape: readonly number[],
  backend: string,
): void {
  print(json, { out: resolve(out), shape, rows, frames, backend }, [
    `${rows === 1 ? "a row" : `${rows} rows`} of ${frames} pictures ${rows === 1 ? "is" : "are"} in ${out}`,
  ]);
}
