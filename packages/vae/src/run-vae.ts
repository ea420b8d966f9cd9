import type { Dataset } from "@gen/data";
import { type Expr, elementCount, type Signature, trace } from "@gen/graph";
import { type FloatArray, normalNoise } from "@gen/math";
import { ArgumentError, checkOptions, rules } from "@gen/math/arguments";
import { type Backend, callProgram } from "@gen/runtime-gpu";
import type { AbortSignalLike } from "@gen/sampling";
import { checkDataset, MODEL, type Vae } from "./vae.ts";
import { itemTerms } from "./vae-loss.ts";

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
}

/** What the settings of a run may be. */
export const runRules = {
  backend: rules.BACKEND,
  model: MODEL,
  batchSize: rules.optional(rules.COUNT),
  seed: rules.optional(rules.SEED),
  signal: rules.optional(rules.OBJECT),
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
  const { mean, logVariance } = await eachBatch(options, {
    length: dataset.length,
    inputs: { x: model.shape },
    f: ({ x }) => ({ ...model.encode(x) }),
    load: (start, end) => ({ x: unitItems(dataset, start, end) }),
  });
  return { mean, logVariance, shape: [dataset.length, ...model.latent] };
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
  },
): Promise<Items> {
  checkOptions(options, { ...runRules, z: rules.FLOATS });
  const { model, z } = options;
  const size = sizeOf(model.latent);
  const length = z.length / size;
  if (!(Number.isInteger(length) && length > 0)) {
    throw new ArgumentError(`z must hold latents of ${size} numbers each, got ${z.length} numbers`);
  }
  const { x } = await eachBatch(options, {
    length,
    inputs: { z: model.latent },
    f: ({ z }) => ({ x: model.reconstruct(z) }),
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
  return decode({ ...options, z: mean });
}

/**
 * Decodes `count` draws from the prior N(0, I), keyed by seed and number.
 *
 * @param options The model, its backend and how many draws.
 * @throws RangeError when count is no positive integer; the signal's reason.
 */
export async function priorSamples<T>(
  options: RunOptions<T> & {
    /** How many draws. */
    readonly count: number;
  },
): Promise<Items> {
  checkOptions(options, { ...runRules, count: rules.COUNT });
  const { model, count, seed = 0 } = options;
  const size = sizeOf(model.latent);
  return decode({ ...options, z: normalNoise({ seed, purpose: "prior", batch: count, size }) });
}

/** Means over a dataset, in nats for each item. */
export interface Elbo {
  /** `-(reconstruction + kl)`, at most the log likelihood. */
  readonly elbo: number;
  /** `-E log p(x | z)`. */
  readonly reconstruction: number;
  /** `KL(q(z | x) || N(0, 1))`. */
  readonly kl: number;
}

/**
 * Estimates the evidence lower bound of a dataset in nats for each item (Kingma and Welling 2014,
 * eq. 7), with `samples` draws of z for each item (default 1), keyed by seed and item.
 *
 * Data with a range are mapped to [0, 1], as in training.
 *
 * @param options The model, its backend and the items.
 * @throws RangeError when the items do not fit the model; the signal's reason.
 */
export async function elbo<T>(
  options: RunOptions<T> & {
    /** The items, whose shape is that of the model. */
    readonly dataset: Dataset;
    /** How many draws of z for each item. @defaultValue 1 */
    readonly samples?: number;
  },
): Promise<Elbo> {
  checkOptions(options, { ...runRules, samples: rules.optional(rules.COUNT) });
  const { model, dataset, seed = 0, samples = 1 } = options;
  checkDataset(model, dataset);
  const noise = { seed, purpose: "elbo noise", size: sizeOf(model.latent) };
  const totals = { reconstruction: 0, kl: 0 };
  for (let step = 0; step < samples; step++) {
    const terms = await eachBatch(options, {
      length: dataset.length,
      inputs: { x: model.shape, epsilon: model.latent },
      f: ({ x, epsilon }) => ({ ...itemTerms(model, x, epsilon) }),
      load(start, end) {
        const indices = Uint32Array.from({ length: end - start }, (_, i) => start + i);
        const epsilon = normalNoise({ ...noise, indices, step });
        return { x: unitItems(dataset, start, end), epsilon };
      },
    });
    for (const name of ["reconstruction", "kl"] as const) {
      totals[name] += terms[name].reduce((a, b) => a + b, 0) / (dataset.length * samples);
    }
  }
  return { ...totals, elbo: -(totals.reconstruction + totals.kl) };
}

/** Runs a function over batches of `[batch, ...]` and joins each output over all items. */
async function eachBatch<T>(
  { backend, batchSize = 250, signal }: RunOptions<T>,
  run: {
    readonly length: number;
    /** Shapes without the batch. */
    readonly inputs: Readonly<Record<string, readonly number[]>>;
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
  const program = await backend.compile(trace(run.f, signature));
  const joined: Record<string, Float32Array> = {};
  try {
    for (let start = 0; start < length; start += batchSize) {
      if (signal?.aborted) throw signal.reason ?? new Error("the run was aborted");
      const end = Math.min(start + batchSize, length);
      const loaded = Object.entries(run.load(start, end)).map(([name, data]) => {
        return [name, { data, shape: [end - start, ...inputs[name]] }] as const;
      });
      const outputs = await callProgram(backend, program, Object.fromEntries(loaded));
      for (const [name, values] of Object.entries(outputs)) {
        const size = values.length / (end - start);
        joined[name] ??= new Float32Array(length * size);
        joined[name].set(values, start * size);
      }
    }
    return joined;
  } finally {
    await program.dispose();
  }
}

const sizeOf = (shape: readonly number[]) => elementCount(shape) as number;

/** Items of a dataset as floats. A dataset's range is mapped to [0, 1]. */
function unitItems(dataset: Dataset, start: number, end: number): Float32Array {
  const size = sizeOf(dataset.shape);
  const [low, high] = dataset.range ?? [0, 1];
  const part = dataset.data.subarray(start * size, end * size);
  return Float32Array.from(part, (v) => (v - low) / (high - low));
}
