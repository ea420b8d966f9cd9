/* The work of `gen encode`, `gen decode` and `gen reconstruct`. */
import { extname, resolve } from "node:path";
import {
  type Dataset,
  type NdArray,
  readNpz,
  slice,
  writeNpy,
  writeNpz,
  writePng,
} from "@gen/data";
import { normalNoise } from "@gen/math";
import type { Backend } from "@gen/runtime-gpu";
import { openBackend } from "@gen/runtime-gpu/open";
import { codeVectors, decode, elbo, encode, reconstruct, type Vae } from "@gen/vae";
import { replaceFile } from "../atomic-files.ts";
import { isDrawable, maxDrawable, pictureOf } from "../drawing/pictures.ts";
import { interrupted, usageError } from "../errors.ts";
import { checkModelFolder, claimOutput, readBounded } from "../files.ts";
import {
  classOf,
  type ItemFlags,
  type LatentModel,
  openItems,
  openLatentModel,
} from "../latent-model.ts";
import { floatsOf, readNpyFlag } from "../npy-flags.ts";
import type { CommonOptions } from "../options.ts";
import { outputKind } from "../output-kind.ts";
import { checkOutput, writeSamples } from "../sample-output.ts";
import { interruptSignal, print, progress } from "../terminal.ts";
import { isQuantized } from "../trained-vae.ts";

/** Options of every verb on latents. */
export interface LatentOptions extends CommonOptions {
  readonly model?: string;
}

/** What a verb computes with. */
export interface LatentRun {
  readonly backend: Backend;
  readonly seed: number;
  readonly batchSize: number;
  readonly model: Vae;
  readonly signal: AbortSignal;
  readonly onProgress: (done: number, total: number) => void;
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

/** Images of a VAE, in [0, 1], as a pipeline's samples in [-1, 1]. */
export const asSamples = ({ data, shape }: { data: Float32Array; shape: readonly number[] }) => ({
  x: data.map((v) => 2 * v - 1),
  shape,
});

/** Runs `gen encode`. */
export async function runEncode(
  options: LatentOptions & ItemFlags & { readonly draw: "mean" | "sample" },
): Promise<void> {
  const { out, json, force, seed, draw } = options;
  const folder = await requireModel(options.model);
  const kind = extname(out).toLowerCase();
  if (kind !== ".npy" && kind !== ".npz")
    throw usageError(`--out must end in .npy or .npz, got ${out}`);
  await claimOutput(out, { force, kind: "file" });
  const signal = interruptSignal();
  const opened = await openLatentModel(folder, { signal, ...options });
  const dataset = await openItems(opened, options);
  await withLatentRun(options, opened, signal, "Encoding", async (run) => {
    const { mean, logVariance, codes, shape } = await encode({ ...run, dataset });
    const [count, ...latent] = shape;
    const z = draw === "sample" ? posteriorDraws({ mean, logVariance, shape }, seed) : mean;
    const { labels } = dataset;
    const bytes =
      kind === ".npy"
        ? writeNpy({ data: z, shape })
        : writeNpz({
            z: { data: z, shape },
            ...(codes
              ? { codes: { data: Int32Array.from(codes), shape: [count, ...latent.slice(1)] } }
              : { log_variance: { data: logVariance, shape } }),
            ...(labels && { labels: { data: Int32Array.from(labels), shape: [count] } }),
          });
    await replaceFile(out, bytes);
    print(json, { out: resolve(out), count, latent, backend: run.backend.name }, [
      `${count} latents [${latent.join(", ")}] are in ${out}`,
    ]);
  });
}

/** A draw of each posterior, keyed by the seed and the item's number, as `latentDataset` has them. */
export function posteriorDraws(
  { mean, logVariance, shape: [batch] }: Awaited<ReturnType<typeof encode>>,
  seed: number,
): Float32Array {
  const noise = normalNoise({ seed, purpose: "latents", batch, size: mean.length / batch });
  return mean.map((v, i) => v + Math.exp(logVariance[i] / 2) * noise[i]);
}

/** Runs `gen decode`. */
export async function runDecode(
  options: LatentOptions & { readonly latents?: string; readonly class?: readonly string[] },
): Promise<void> {
  const { out, json, force, latents } = options;
  const folder = await requireModel(options.model);
  if (latents === undefined)
    throw usageError("--latents must be given: an npy or npz file as `gen encode` writes it");
  const kind = outputKind(out);
  await claimOutput(out, { force, kind: kind === "folder" ? "folder" : "file" });
  const signal = interruptSignal();
  const { z, labels } = await readLatents(latents);
  const [count, ...latent] = z.shape;
  const opened = await openLatentModel(folder, { signal, ...options, latent });
  const { model, settings } = opened;
  const codes =
    count >= 1 && isQuantized(model) && latent.join() === model.latent.slice(1).join()
      ? codeVectors(model, Array.from(z.data as ArrayLike<number | bigint>, Number))
      : undefined;
  const data = codes ?? Float32Array.from(floatsOf(`--latents ${latents}`, z));
  if (!codes && (!(count >= 1) || latent.join() !== model.latent.join()))
    throw usageError(
      `--latents ${latents} must be [count, ${model.latent.join(", ")}], got [${z.shape.join(", ")}]`,
    );
  checkOutput(out, kind, count, { item: model.shape, shape: model.latent });
  const classes = labelsOf(options.class, model, settings?.classes, count) ?? labels;
  await withLatentRun(options, opened, signal, "Decoding", async (run) => {
    const images = await decode({ ...run, z: data, labels: classes });
    await writeSamples(out, kind, asSamples(images));
    print(json, { out: resolve(out), shape: images.shape, backend: run.backend.name }, [
      `${count} ${count === 1 ? "picture is" : "pictures are"} in ${out}`,
    ]);
  });
}

/** The labels of `count` items by --class, in equal groups; undefined where no class is given. */
export function labelsOf(
  texts: readonly string[] | undefined,
  { classes: count }: Pick<Vae, "classes">,
  names: readonly string[] | undefined,
  items: number,
): Int32Array | undefined {
  if (!texts) return undefined;
  if (count === undefined) throw usageError("--class must be left out: the model has no classes");
  const labels = texts.map((text) => classOf("--class", text, { classes: names, count }));
  return Int32Array.from(
    { length: items },
    (_, i) => labels[Math.floor((i * labels.length) / items)],
  );
}

const npzLimit = 2 ** 30;

async function readLatents(path: string): Promise<{ z: NdArray; labels?: ArrayLike<number> }> {
  if (extname(path).toLowerCase() !== ".npz") return { z: await readNpyFlag("--latents", path) };
  const bytes = await readBounded(path, npzLimit);
  if (!bytes) throw usageError(`--latents ${path}: no such file`);
  const { z, labels } = readNpz(bytes, { name: `--latents ${path}`, limit: npzLimit });
  if (!z) throw usageError(`--latents ${path} must have an array z, as \`gen encode\` writes it`);
  return { z, ...(labels && { labels: Array.from(labels.data, Number) }) };
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
    const nats = settings && (await elbo({ ...run, dataset }));
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
