import type { Dataset } from "@gen/data";
import { type Expr, elementCount, type Signature, trace } from "@gen/graph";
import type { FloatArray } from "@gen/math";
import { ArgumentError, checkOptions, rules } from "@gen/math/arguments";
import { type Backend, callProgram } from "@gen/runtime-gpu";
import type { AbortSignalLike } from "@gen/sampling";
import { checkDataset, MODEL, type Vae } from "./vae.ts";

/** Settings of every function that runs a model over many items. */
export interface RunOptions<T = unknown> {
  /** Where the model runs. */
  readonly backend: Backend<T>;
  /** The model, such as `mlpVae` gives. */
  readonly model: Vae;
  /** Changes speed alone. @defaultValue 250 */
  readonly batchSize?: number;
  /** An integer in [0, 2^53) that decides the noise. @defaultValue 0 */
  readonly seed?: number;
  /** Stops the run between two batches. */
  readonly signal?: AbortSignalLike;
  /**
   * Called after each batch.
   *
   * @param done Items that are done.
   * @param total All items.
   * @defaultValue none
   */
  readonly onProgress?: (done: number, total: number) => void;
}

/** What the settings of a run may be. */
export const runRules = {
  backend: rules.BACKEND,
  model: MODEL,
  batchSize: rules.optional(rules.COUNT),
  seed: rules.optional(rules.SEED),
  signal: rules.optional(rules.OBJECT),
  onProgress: rules.optional(rules.FUNCTION),
};

/** Numbers with their shape `[items, ...]`. */
export interface Items {
  /** The numbers, row-major. */
  readonly data: Float32Array;
  /** `[items, ...]`. */
  readonly shape: readonly number[];
}

/** The posterior of each item. */
export interface Encoded {
  /** `[items, ...latent]`. */
  readonly mean: Float32Array;
  /** `[items, ...latent]`. */
  readonly logVariance: Float32Array;
  /** The numbers of the codes, `[items, ...latent without its first axis]`, where z are codes. */
  readonly codes?: Float32Array;
  /** `[items, ...latent]`. */
  readonly shape: readonly number[];
}

/**
 * Encodes a dataset: the mean and log variance of q(z | x) for each item.
 *
 * @param options The model, its backend and the items.
 * @throws RangeError when the items do not fit the model; the signal's reason.
 */
export async function encode<T>(
  options: RunOptions<T> & {
    /** The items, whose shape is that of the model. */
    readonly dataset: Dataset;
  },
): Promise<Encoded> {
  checkOptions(options, runRules);
  const { model, dataset } = options;
  checkDataset(model, dataset);
  const { mean, logVariance, codes } = await eachBatch(options, {
    length: dataset.length,
    inputs: { x: model.shape },
    labels: labelsFor(model, dataset.labels),
    f({ x, condition }) {
      const found: ReturnType<Vae["encode"]> & { readonly codes?: Expr } = model.encode(
        x,
        condition,
      );
      const { mean, logVariance, codes } = found;
      return { mean, logVariance, ...(codes && { codes }) };
    },
    load: (start, end) => ({ x: unitItems(dataset, start, end) }),
  });
  return { mean, logVariance, ...(codes && { codes }), shape: [dataset.length, ...model.latent] };
}

/**
 * Decodes z `[items, ...latent]` to the mean of x `[items, ...shape]`, in [0, 1] where the
 * likelihood is Bernoulli.
 *
 * @param options The model, its backend and the latents.
 * @throws RangeError when z is not a whole number of latents.
 */
export async function decode<T>(
  options: RunOptions<T> & {
    /** Latents, `[items, ...latent]` row-major. */
    readonly z: FloatArray;
    /** The class of each latent, for a conditional VAE. */
    readonly labels?: ArrayLike<number>;
  },
): Promise<Items> {
  checkOptions(options, { ...runRules, z: rules.FLOATS, labels: rules.optional(rules.NUMBERS) });
  const { model, z, labels } = options;
  const size = sizeOf(model.latent);
  const length = z.length / size;
  if (!(Number.isInteger(length) && length > 0)) {
    throw new ArgumentError(`z must hold latents of ${size} numbers each, got ${z.length} numbers`);
  }
  const { x } = await eachBatch(options, {
    length,
    inputs: { z: model.latent },
    labels: labelsFor(model, labels, length),
    f: ({ z, condition }) => ({ x: model.reconstruct(z, condition) }),
    load: (start, end) => ({ z: z.subarray(start * size, end * size) }),
  });
  return { data: x, shape: [length, ...model.shape] };
}

/**
 * Encodes each item to its posterior mean and decodes the mean.
 *
 * @param options The model, its backend and the items.
 * @throws RangeError when the items do not fit the model; the signal's reason.
 */
export async function reconstruct<T>(
  options: RunOptions<T> & {
    /** The items, whose shape is that of the model. */
    readonly dataset: Dataset;
  },
): Promise<Items> {
  const { mean } = await encode(options);
  return decode({ ...options, z: mean, labels: options.dataset.labels });
}

/** Runs a function over batches of `[batch, ...]` and joins each output over all items. */
export async function eachBatch<T>(
  { backend, batchSize = 250, signal, onProgress }: RunOptions<T>,
  run: {
    readonly length: number;
    /** Shapes without the batch. */
    readonly inputs: Readonly<Record<string, readonly number[]>>;
    /** The classes of the items, which become the input `condition`. */
    readonly labels?: ArrayLike<number> | undefined;
    readonly f: (inputs: Record<string, Expr>) => Record<string, Expr>;
    /** The numbers of items start..end of each input. */
    load(start: number, end: number): Record<string, FloatArray>;
  },
): Promise<Record<string, Float32Array>> {
  const { length, inputs } = run;
  const signature: Record<string, Signature> = {};
  for (const [name, shape] of Object.entries(inputs)) {
    signature[name] = { shape: ["batch", ...shape] };
  }
  const { labels } = run;
  if (labels) signature.condition = { shape: ["batch"], dtype: "int64" };
  const program = await backend.compile(trace(run.f, signature));
  const joined: Record<string, Float32Array> = {};
  try {
    for (let start = 0; start < length; start += batchSize) {
      if (signal?.aborted) throw signal.reason ?? new Error("the run was aborted");
      const end = Math.min(start + batchSize, length);
      const loaded = Object.entries(run.load(start, end)).map(([name, data]) => {
        return [name, { data, shape: [end - start, ...inputs[name]] }] as const;
      });
      const condition = labels && {
        data: Array.from({ length: end - start }, (_, i) => labels[start + i]),
        shape: [end - start],
        dtype: "int64" as const,
      };
      const given = { ...Object.fromEntries(loaded), ...(condition && { condition }) };
      const outputs = await callProgram(backend, program, given);
      for (const [name, values] of Object.entries(outputs)) {
        const size = values.length / (end - start);
        joined[name] ??= new Float32Array(length * size);
        joined[name].set(values, start * size);
      }
      onProgress?.(end, length);
    }
    return joined;
  } finally {
    await program.dispose();
  }
}

export const sizeOf = (shape: readonly number[]) => elementCount(shape) as number;

/** Items of a dataset as floats. A dataset's range is mapped to [0, 1]. */
export function unitItems(dataset: Dataset, start: number, end: number): Float32Array {
  const size = sizeOf(dataset.shape);
  const [low, high] = dataset.range ?? [0, 1];
  const part = dataset.data.subarray(start * size, end * size);
  return Float32Array.from(part, (v) => (v - low) / (high - low));
}

/** The labels that a conditional model takes; none for another model. */
export function labelsFor(model: Vae, labels: ArrayLike<number> | undefined, length?: number) {
  if (model.classes === undefined) return undefined;
  if (labels && labels.length === (length ?? labels.length)) return labels;
  throw new ArgumentError(
    `a conditional VAE needs labels, one for each item, got ${labels ? labels.length : "none"}`,
  );
}
