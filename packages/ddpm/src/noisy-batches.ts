import { type Batch, batches, type Dataset } from "@gen/data";
import { normalNoise, randomStream } from "@gen/math";
import type { BatchInput } from "@gen/nn";
import { type TimeSampler, uniformTimes } from "./time-sampler.ts";

/** What the batches of a training run are made of. */
export interface NoisyBatchOptions {
  readonly dataset: Dataset;
  /** How many time steps there are. */
  readonly length: number;
  readonly batchSize: number;
  readonly seed: number;
  readonly firstStep: number;
  /** How time steps are drawn, with their importance in the batch; uniformly, without, unless told. */
  readonly times?: TimeSampler;
  /** The share of labels that becomes `none`. */
  readonly dropout?: { readonly share: number; readonly none: number };
}

/** Endless batches of data, time steps, noise and labels, keyed by the seed and the step alone. */
export function* noisyBatches(options: NoisyBatchOptions): Generator<Record<string, BatchInput>> {
  const { dataset, batchSize, seed, firstStep, times, dropout } = options;
  const scale = dataset.range ? "signed" : "none";
  const clean = batches(dataset, { batchSize, seed, scale, from: firstStep });
  const uniform = uniformTimes(options.length);
  for (let step = firstStep; ; step++) {
    const { x, shape, labels }: Batch = clean.next().value;
    const stream = randomStream({ seed, purpose: "time steps", step });
    const drawn = (times ?? uniform).sample(batchSize, stream);
    const size = x.length / batchSize;
    const noise = normalNoise({ seed, purpose: "training noise", batch: batchSize, step, size });
    const kept = labels && dropout ? dropped(labels, dropout) : labels;
    const whole = (values: ArrayLike<number>): BatchInput => ({
      data: BigInt64Array.from(values, (v) => BigInt(v)),
      shape: [batchSize],
      dtype: "int64",
    });
    yield {
      x0: { data: x, shape },
      t: whole(drawn.t),
      epsilon: { data: noise, shape },
      ...(kept && { condition: whole(kept) }),
      ...(times && {
        importance: { data: Float32Array.from(drawn.importance), shape: [batchSize] },
      }),
    };

    function dropped(from: ArrayLike<number>, to: { share: number; none: number }) {
      const chances = randomStream({ seed, purpose: "condition dropout", step });
      const u = chances.uniform(batchSize);
      return Array.from(from, (label, i) => (u[i] < to.share ? to.none : label));
    }
  }
}
