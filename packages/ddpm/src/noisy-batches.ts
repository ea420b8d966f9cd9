import { type Batch, batches, type Dataset } from "@gen/data";
import type { Tensor } from "@gen/graph";
import { normalNoise, randomStream } from "@gen/math";
import type { BatchInput } from "@gen/nn";
import { conditionRows } from "./condition-rows.ts";
import type { ItemConditions } from "./item-conditions.ts";
import { type TimeSampler, uniformTimes } from "./time-sampler.ts";

/** What the batches of a training run are made of. */
export interface NoisyBatchOptions {
  readonly dataset: Dataset;
  /** How many time steps there are. */
  readonly length: number;
  readonly batchSize: number;
  readonly seed: number;
  readonly firstStep: number;
  /**
   * How time steps are drawn; the batch then has their importance.
   * @defaultValue uniformly, without importance
   */
  readonly times?: TimeSampler;
  readonly conditions: ItemConditions;
  /**
   * The share of samples whose conditions become `none`; conditions without an entry there stay.
   */
  readonly dropout?: {
    readonly share: number;
    readonly none: Readonly<Record<string, number | Tensor>>;
  };
}

/**
 * Endless batches of data, time steps, noise and conditions, keyed by the seed and the step alone.
 */
export function* noisyBatches(options: NoisyBatchOptions): Generator<Record<string, BatchInput>> {
  const { dataset, batchSize, seed, firstStep, times, conditions, dropout } = options;
  const scale = dataset.range ? "signed" : "none";
  const clean = batches(dataset, { batchSize, seed, scale, from: firstStep });
  const uniform = uniformTimes(options.length);
  for (let step = firstStep; ; step++) {
    const { x, shape, indices }: Batch = clean.next().value;
    const stream = randomStream({ seed, purpose: "time steps", step });
    const drawn = (times ?? uniform).sample(batchSize, stream);
    const size = x.length / batchSize;
    const noise = normalNoise({ seed, purpose: "training noise", batch: batchSize, step, size });
    const chances =
      dropout && randomStream({ seed, purpose: "condition dropout", step }).uniform(batchSize);
    const isDropped = (i: number) => chances !== undefined && chances[i] < (dropout?.share ?? 0);
    const rows = Object.entries(conditions).map(([name, values]) => [
      name,
      conditionRows(values, indices, dropout?.none[name], isDropped),
    ]);
    const whole = (values: ArrayLike<number>): BatchInput => ({
      data: BigInt64Array.from(values, (v) => BigInt(v)),
      shape: [batchSize],
      dtype: "int64",
    });
    yield {
      x0: { data: x, shape },
      t: whole(drawn.t),
      epsilon: { data: noise, shape },
      ...Object.fromEntries(rows),
      ...(times && {
        importance: { data: Float32Array.from(drawn.importance), shape: [batchSize] },
      }),
    };
  }
}
