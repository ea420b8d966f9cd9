import { type Batch, batches, type Dataset } from "@gen/data";
import { type Tensor, tensorData } from "@gen/graph";
import { normalNoise, randomStream } from "@gen/math";
import { ArgumentError } from "@gen/math/arguments";
import type { BatchInput } from "@gen/nn";
import type { ItemConditions } from "./item-conditions.ts";
import { type TimeSampler, uniformTimes } from "./time-sampler.ts";

/** The sources of a training's batches. */
export interface NoisyBatchOptions {
  readonly dataset: Dataset;
  /** The number of time steps. */
  readonly length: number;
  /** Draws noise levels `sigma` of a lognormal distribution in place of time steps (EDM). */
  readonly logSigma?: { readonly mean: number; readonly deviation: number };
  readonly batchSize: number;
  readonly seed: number;
  readonly firstStep: number;
  /** Draws time steps and their importance. @defaultValue uniform draws without importance */
  readonly times?: TimeSampler;
  readonly conditions: ItemConditions;
  /** The share of samples whose conditions become `none`. Conditions without an entry stay. */
  readonly dropout?: {
    readonly share: number;
    readonly none: Readonly<Record<string, number | Tensor>>;
  };
}

/** Endless batches of data, time steps, noise and conditions, keyed by seed and step alone. */
export function* noisyBatches(options: NoisyBatchOptions): Generator<Record<string, BatchInput>> {
  const { dataset, batchSize, seed, firstStep, times, logSigma, conditions, dropout } = options;
  const scale = dataset.range ? "signed" : "none";
  const clean = batches(dataset, { batchSize, seed, scale, from: firstStep });
  const uniform = uniformTimes(options.length);
  for (let step = firstStep; ; step++) {
    const { x, shape, indices }: Batch = clean.next().value;
    const stream = randomStream({ seed, purpose: "time steps", step });
    const drawn = (times ?? uniform).sample(batchSize, stream);
    const size = x.length / batchSize;
    const noise = normalNoise({ seed, purpose: "training noise", batch: batchSize, step, size });
    const key = { seed, purpose: "condition dropout", step };
    const isDropped = dropout
      ? Array.from(randomStream(key).uniform(batchSize), (chance) => chance < dropout.share)
      : [];
    const rows = Object.entries(conditions).map(([name, values]) => [
      name,
      conditionRows(values, indices, dropout?.none[name], isDropped),
    ]);
    yield {
      x0: { data: x, shape },
      ...(logSigma
        ? { sigma: { data: sigmasOf(logSigma, { seed, step }, batchSize), shape: [batchSize] } }
        : { t: { data: tensorData(drawn.t, "int64"), shape: [batchSize], dtype: "int64" } }),
      epsilon: { data: noise, shape },
      ...Object.fromEntries(rows),
      ...(times && {
        importance: { data: Float32Array.from(drawn.importance), shape: [batchSize] },
      }),
    };
  }
}

/** `exp(mean + deviation z)` with standard normal z (Karras et al. 2022, table 1). */
const sigmasOf = (
  { mean, deviation }: { readonly mean: number; readonly deviation: number },
  key: { readonly seed: number; readonly step: number },
  batch: number,
): Float32Array =>
  Float32Array.from(normalNoise({ ...key, purpose: "noise levels", batch, size: 1 }), (z) =>
    Math.exp(mean + deviation * z),
  );

/**
 * A condition's values of some items, `[items, ...]`, from a row for each or one row for all. `none`, one item's values or one number for
 * all of them, replaces the items that are dropped.
 *
 * @throws RangeError when `none` has another size than one item.
 */
function conditionRows(
  { data, shape, dtype }: Tensor,
  items: ArrayLike<number>,
  none: number | Tensor | undefined,
  isDropped: readonly boolean[],
): BatchInput {
  const size = data.length / shape[0];
  const empty = none === undefined ? undefined : emptyRow(none, size, dtype);
  const rows = tensorData(new Float64Array(items.length * size), dtype);
  for (let i = 0; i < items.length; i++) {
    const item = shape[0] === 1 ? 0 : items[i];
    const own = data.subarray(item * size, (item + 1) * size);
    // Both have the condition's dtype, which the type of a tensor does not say.
    (rows as Float32Array).set(((isDropped[i] && empty) || own) as Float32Array, i * size);
  }
  return { data: rows, shape: [items.length, ...shape.slice(1)], dtype };
}

function emptyRow(none: number | Tensor, size: number, dtype: Tensor["dtype"]) {
  if (typeof none === "number") return tensorData(new Float64Array(size).fill(none), dtype);
  if (none.data.length === size) return tensorData(none.data, dtype);
  throw new ArgumentError(
    `unconditional must hold ${size} numbers, as one item's condition, got ${none.data.length}`,
  );
}
