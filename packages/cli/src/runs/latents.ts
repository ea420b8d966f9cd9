/* The work of `gen encode`, `gen decode` and `gen reconstruct`. */
import { extname, resolve } from "node:path";
import { type Dataset, slice, writePng } from "@gen/data";
import { openBackend } from "@gen/runtime-gpu/open";
import { elbo, reconstruct } from "@gen/vae";
import { replaceFile } from "../atomic-files.ts";
import { isDrawable, maxDrawable, pictureOf } from "../drawing/pictures.ts";
import { interrupted, usageError } from "../errors.ts";
import { checkModelFolder, claimOutput } from "../files.ts";
import {
  checkLatentsFile,
  type LatentRun,
  latentsFile,
  prepareDecoding,
  prepareEncoding,
} from "../latent-batches.ts";
import { type ItemFlags, type LatentModel, openItems, openLatentModel } from "../latent-model.ts";
import type { CommonOptions } from "../options.ts";
import { outputKind } from "../output-kind.ts";
import { checkOutput, writeSamples } from "../sample-output.ts";
import { interruptSignal, print, progress } from "../terminal.ts";

/** Options of every verb on latents. */
export interface LatentOptions extends CommonOptions {
  readonly model?: string;
}

/** @throws GenError `usage` when --model is missing or no folder. */
export async function requireModel(model: string | undefined): Promise<string> {
  if (model === undefined)
    throw usageError(
      "--model must be given: a folder as `gen train vae` makes it, or a pipeline's",
    );
  await checkModelFolder(model);
  return model;
}

/** Opens the backend, runs `work` with progress, and closes it. Ctrl-C leaves nothing written. */
export async function withLatentRun<R>(
  { backend: name, seed }: CommonOptions,
  { model, batchSize }: LatentModel,
  signal: AbortSignal,
  label: string,
  work: (run: LatentRun) => Promise<R>,
): Promise<R> {
  const backend = await openBackend(name, { isolate: true });
  const line = progress(`${label} on ${backend.name}`);
  try {
    const done = await work({ backend, seed, batchSize, model, signal, onProgress: line.update });
    line.finish();
    return done;
  } catch (error) {
    if (!signal.aborted) throw error;
    throw interrupted("the work was done");
  } finally {
    await backend.close();
  }
}

/** Runs `gen encode`. */
export async function runEncode(
  options: LatentOptions & ItemFlags & { readonly draw: "mean" | "sample" },
): Promise<void> {
  const { out, json, force } = options;
  const model = await requireModel(options.model);
  checkLatentsFile(out);
  await claimOutput(out, { force, kind: "file" });
  const signal = interruptSignal();
  const encoding = await prepareEncoding({ ...options, model }, signal);
  await withLatentRun(options, encoding, signal, "Encoding", async (run) => {
    const rows = await encoding.rows(run, 0, encoding.count);
    await replaceFile(out, latentsFile(out, rows));
    const [count, ...latent] = rows.z.shape;
    print(json, { out: resolve(out), count, latent, backend: run.backend.name }, [
      `${count} latents [${latent.join(", ")}] are in ${out}`,
    ]);
  });
}

/** Runs `gen decode`. */
export async function runDecode(
  options: LatentOptions & { readonly latents?: string; readonly class?: readonly string[] },
): Promise<void> {
  const { out, json, force } = options;
  const model = await requireModel(options.model);
  const kind = outputKind(out);
  await claimOutput(out, { force, kind: kind === "folder" ? "folder" : "file" });
  const signal = interruptSignal();
  const decoding = await prepareDecoding({ ...options, model }, signal);
  const { count } = decoding;
  const { shape, latent } = decoding.model;
  checkOutput(out, kind, count, { item: shape, shape: latent });
  await withLatentRun(options, decoding, signal, "Decoding", async (run) => {
    const { x } = await decoding.rows(run, 0, count);
    await writeSamples(out, kind, { x: x.data, shape: x.shape });
    print(json, { out: resolve(out), shape: x.shape, backend: run.backend.name }, [
      `${count} ${count === 1 ? "picture is" : "pictures are"} in ${out}`,
    ]);
  });
}

/** Runs `gen reconstruct`. */
export async function runReconstruct(
  options: LatentOptions & ItemFlags & { readonly count: number },
): Promise<void> {
  const { out, json, force, count } = options;
  const folder = await requireModel(options.model);
  if (extname(out).toLowerCase() !== ".png") throw usageError(`--out must end in .png, got ${out}`);
  await claimOutput(out, { force, kind: "file" });
  const signal = interruptSignal();
  const opened = await openLatentModel(folder, { signal, ...options });
  const { model, settings } = opened;
  if (!isDrawable(model.shape))
    throw usageError(`--model ${folder} must make pictures, got items [${model.shape.join(", ")}]`);
  const dataset = await openItems(opened, options);
  const shown = Math.min(count, dataset.length, Math.floor(maxDrawable(model.shape) / 2));
  await withLatentRun(options, opened, signal, "Reconstructing", async (run) => {
    const images = await reconstruct({ ...run, dataset });
    // A pipeline's VAE has no likelihood, so no nats.
    const nats = settings && termsOf(await elbo({ ...run, dataset }));
    const pixels = pixelError(dataset, images.data);
    await replaceFile(out, writePng(pairs(slice(dataset, 0, shown), images.data)));
    const line = nats
      ? `, and ${nats.reconstruction.toFixed(2)} + ${nats.kl.toFixed(2)} = ${(-nats.elbo).toFixed(2)} nats (reconstruction + KL = minus the ELBO, ${nats.activeUnits} active units)`
      : "";
    print(
      json,
      {
        out: resolve(out),
        items: dataset.length,
        pixels,
        ...(nats && { nats }),
        backend: run.backend.name,
      },
      [
        `originals above their reconstructions are in ${out}`,
        `mean over ${dataset.length} items: ${pixels.meanAbsolute.toFixed(2)} of 255 levels for each pixel${line}`,
      ],
    );
  });
}

/** The means alone. */
const termsOf = ({ items: _, ...means }: Awaited<ReturnType<typeof elbo>>) => means;

/** The items' values in [0, 1]. */
export const unitData = ({ data, range: [low, high] = [0, 1] }: Dataset): Float32Array =>
  Float32Array.from(data, (v) => (v - low) / (high - low));

/** The error of each pixel in levels of 255: its mean, and the root of the mean square. */
export function pixelError(dataset: Dataset, images: Float32Array) {
  const originals = unitData(dataset);
  let [sum, square] = [0, 0];
  for (let i = 0; i < originals.length; i++) {
    const error = 255 * Math.abs(originals[i] - images[i]);
    sum += error / originals.length;
    square += error ** 2 / originals.length;
  }
  return { meanAbsolute: sum, rootMeanSquare: Math.sqrt(square) };
}

/** Rows of originals, each above the row of their reconstructions. */
function pairs(dataset: Dataset, images: Float32Array) {
  const { length, shape } = dataset;
  const columns = Math.min(length, 12);
  const originals = unitData(dataset);
  const size = originals.length / length;
  const rows = Math.ceil(length / columns);
  const sheet = new Float32Array(2 * rows * columns * size);
  for (let i = 0; i < length; i++) {
    const at = 2 * Math.floor(i / columns) * columns + (i % columns);
    sheet.set(originals.subarray(i * size, (i + 1) * size), at * size);
    sheet.set(images.subarray(i * size, (i + 1) * size), (at + columns) * size);
  }
  return pictureOf(sheet, [2 * rows * columns, ...shape], [0, 1], columns);
}
