/*
 * What `gen encode` and `gen decode` compute for each item, in batches that workers may share:
 *
 *   encode   z [n, ...latent], log_variance as z or codes, labels [n]
 *   decode   x [n, ...shape], images in [-1, 1]
 */
import { extname } from "node:path";
import { type NdArray, readNpz, slice, writeNpy, writeNpz } from "@gen/data";
import { normalNoise } from "@gen/math";
import type { Backend } from "@gen/runtime-gpu";
import type { AbortSignalLike } from "@gen/sampling";
import { codeVectors, decode, encode, type Vae } from "@gen/vae";
import { usageError } from "./errors.ts";
import type { RowSet } from "./evaluation/row-set.ts";
import { readBounded } from "./files.ts";
import {
  classOf,
  type ItemFlags,
  type LatentModel,
  openItems,
  openLatentModel,
} from "./latent-model.ts";
import { floatsOf, readNpyFlag } from "./npy-flags.ts";
import { isQuantized } from "./trained-vae.ts";

/** What a verb on latents computes with. */
export interface LatentRun {
  readonly backend: Backend;
  readonly seed: number;
  readonly batchSize: number;
  readonly model: Vae;
  readonly signal: AbortSignalLike;
  readonly onProgress?: (done: number, total: number) => void;
}

/** A verb on latents that is not begun. */
export interface LatentBatches extends LatentModel {
  /** Its items. */
  readonly count: number;
  /** The rows of items `start` to before `end`, which begin with a batch. */
  rows(run: LatentRun, start: number, end: number): Promise<RowSet>;
}

/** The flags of `gen encode`. */
export interface EncodeFlags extends ItemFlags {
  readonly model: string;
  readonly draw: "mean" | "sample";
}

/** Reads the model and the items of `gen encode`. @throws GenError `usage` where they do not fit. */
export async function prepareEncoding(
  { draw, ...flags }: EncodeFlags,
  signal: AbortSignal,
): Promise<LatentBatches> {
  const opened = await openLatentModel(flags.model, { signal, ...flags });
  const dataset = await openItems(opened, flags);
  return {
    ...opened,
    count: dataset.length,
    async rows(run, start, end) {
      const part = slice(dataset, start, end);
      const { mean, logVariance, codes, shape } = await encode({ ...run, dataset: part });
      const drawn = { mean, logVariance, shape };
      const [count, , ...positions] = shape;
      const { labels } = part;
      return {
        z: { data: draw === "sample" ? posteriorDraws(drawn, run.seed, start) : mean, shape },
        ...(codes
          ? { codes: { data: codes, shape: [count, ...positions] } }
          : { log_variance: { data: logVariance, shape } }),
        ...(labels && { labels: { data: Float32Array.from(labels), shape: [count] } }),
      };
    },
  };
}

/** A file of latents: the numbers z, or with the ending .npz all rows. */
export function latentsFile(out: string, rows: RowSet): Uint8Array {
  if (extname(out).toLowerCase() === ".npy") return writeNpy(rows.z);
  const { z, log_variance, codes, labels } = rows;
  const whole = ({ data, shape }: RowSet[string]) => ({ data: Int32Array.from(data), shape });
  return writeNpz({
    z,
    ...(codes ? { codes: whole(codes) } : { log_variance }),
    ...(labels && { labels: whole(labels) }),
  });
}

/** @throws GenError `usage` when a path is no file of latents. */
export function checkLatentsFile(out: string): void {
  const kind = extname(out).toLowerCase();
  if (kind !== ".npy" && kind !== ".npz")
    throw usageError(`--out must end in .npy or .npz, got ${out}`);
}

/** A draw of each posterior, keyed by the seed and the item's number, as `latentDataset` has them. */
export function posteriorDraws(
  { mean, logVariance, shape: [batch] }: Awaited<ReturnType<typeof encode>>,
  seed: number,
  first = 0,
): Float32Array {
  const indices = Uint32Array.from({ length: batch }, (_, i) => first + i);
  const noise = normalNoise({ seed, purpose: "latents", indices, size: mean.length / batch });
  return mean.map((v, i) => v + Math.exp(logVariance[i] / 2) * noise[i]);
}

/** The flags of `gen decode`. */
export interface DecodeFlags {
  readonly model: string;
  readonly latents?: string;
  readonly class?: readonly string[];
}

/** Reads the model and the latents of `gen decode`. @throws GenError `usage` where they do not fit. */
export async function prepareDecoding(
  { model: folder, latents, class: classes }: DecodeFlags,
  signal: AbortSignal,
): Promise<LatentBatches> {
  if (latents === undefined)
    throw usageError("--latents must be given: an npy or npz file as `gen encode` writes it");
  const { z, labels } = await readLatents(latents);
  const [count, ...latent] = z.shape;
  const opened = await openLatentModel(folder, { signal, latent });
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
  const given = labelsOf(classes, model, settings?.classes, count) ?? labels;
  const size = data.length / count;
  return {
    ...opened,
    count,
    async rows(run, start, end) {
      const part = data.subarray(start * size, end * size);
      const of = given && Array.from({ length: end - start }, (_, i) => given[start + i]);
      const { x, shape } = asSamples(await decode({ ...run, z: part, labels: of }));
      return { x: { data: x, shape } };
    },
  };
}

/** Images of a VAE, in [0, 1], as a pipeline's samples in [-1, 1]. */
export const asSamples = ({ data, shape }: { data: Float32Array; shape: readonly number[] }) => ({
  x: data.map((v) => 2 * v - 1),
  shape,
});

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
