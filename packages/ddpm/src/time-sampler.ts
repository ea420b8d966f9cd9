import { tensor } from "@gen/graph";
import type { RandomStream } from "@gen/math";
import type { FloatTensor, StoredTensor } from "@gen/nn";

/** Time steps for a batch, and what each sample's loss is to be multiplied by. */
export interface TimeSample {
  /** `[batch]`, 0-based. */
  readonly t: Uint32Array;
  /** `[batch]`: `1 / (length probability(t))`, so that the mean loss stays what it was. */
  readonly importance: Float64Array;
}

/** How training draws its time steps. */
export interface TimeSampler {
  /** Draws for a batch of `count`. */
  sample(count: number, stream: RandomStream): TimeSample;
  /** Tells the losses `[batch]` that the steps t `[batch]` had. */
  update?(t: ArrayLike<number>, losses: ArrayLike<number>): void;
  /** What `update` has taught, as tensors by name: training saves them and resumes with them. */
  state?(): Record<string, FloatTensor>;
  /** Takes back what `state` gave. */
  restore?(tensors: Readonly<Record<string, StoredTensor>>): void;
}

/** Every step equally often (Ho et al. 2020, algorithm 1). */
export function uniformTimes(length: number): TimeSampler {
  return {
    sample: (count, stream) => ({
      t: stream.integers(count, length),
      importance: new Float64Array(count).fill(1),
    }),
  };
}

/** Settings of {@link lossSecondMoment}. */
export interface LossSecondMomentOptions {
  /** How many losses of each step are remembered. @defaultValue 10 */
  readonly history?: number;
  /** The share of draws that stays uniform. @defaultValue 0.001 */
  readonly uniform?: number;
}

/** A {@link TimeSampler} that learns from losses. */
export interface LossSecondMomentSampler extends TimeSampler {
  update(t: ArrayLike<number>, losses: ArrayLike<number>): void;
  /** How likely each step is now, `[length]`. */
  probabilities(): Float64Array;
  /** `losses` `[length, history]`, the latest ones of each step, and their `counts` `[length]`. */
  state(): Record<"losses" | "counts", FloatTensor>;
  /** @throws RangeError when a tensor is missing or not of the shape that `state` gives. */
  restore(tensors: Readonly<Record<string, StoredTensor>>): void;
}

/**
 * Steps drawn in proportion to the root of their loss's mean square, each weighed by the inverse
 * (Nichol and Dhariwal 2021, eq. 18). Uniform until every step has `history` losses.
 *
 * @throws RangeError when a setting is outside its range; in update, when a step is.
 */
export function lossSecondMoment(
  length: number,
  { history = 10, uniform = 0.001 }: LossSecondMomentOptions = {},
): LossSecondMomentSampler {
  if (!(Number.isInteger(history) && history >= 1)) {
    throw new RangeError(`history must be a positive integer, got ${history}`);
  }
  if (!(uniform >= 0 && uniform <= 1)) {
    throw new RangeError(`uniform must be in [0, 1], got ${uniform}`);
  }
  const remembered = new Float64Array(length * history);
  const counts = new Float64Array(length);

  const probabilities = () => {
    if (counts.some((count) => count < history)) return new Float64Array(length).fill(1 / length);
    const roots = Float64Array.from({ length }, (_, t) => {
      const part = remembered.subarray(t * history, (t + 1) * history);
      return Math.sqrt(part.reduce((sum, v) => sum + v * v, 0) / history);
    });
    const total = roots.reduce((sum, v) => sum + v, 0);
    if (!(total > 0)) return new Float64Array(length).fill(1 / length);
    return roots.map((v) => (v / total) * (1 - uniform) + uniform / length);
  };

  return {
    probabilities,
    state: () => ({
      losses: tensor(remembered.slice(), [length, history], "float64") as FloatTensor,
      counts: tensor(counts.slice(), [length], "float64") as FloatTensor,
    }),
    restore(tensors) {
      const losses = saved(tensors, "losses", [length, history]);
      counts.set(saved(tensors, "counts", [length]));
      remembered.set(losses);
    },
    update(t, losses) {
      for (let i = 0; i < t.length; i++) {
        const at = t[i];
        if (!(Number.isInteger(at) && at >= 0 && at < length)) {
          throw new RangeError(`t must be integers in 0..${length - 1}, got ${at}`);
        }
        // The oldest of the remembered ones goes.
        remembered[at * history + (counts[at] % history)] = losses[i];
        counts[at]++;
      }
    },
    sample(count, stream) {
      const chances = probabilities();
      const bounds = new Float64Array(length);
      let sum = 0;
      for (let t = 0; t < length; t++) bounds[t] = sum += chances[t];
      const t = Uint32Array.from(stream.uniform(count), (u) => below(bounds, u * sum));
      return { t, importance: Float64Array.from(t, (at) => 1 / (length * chances[at])) };
    },
  };
}

/** The first place whose bound is above `value`. */
function below(bounds: Float64Array, value: number): number {
  let [low, high] = [0, bounds.length - 1];
  while (low < high) {
    const middle = (low + high) >> 1;
    if (bounds[middle] > value) high = middle;
    else low = middle + 1;
  }
  return low;
}

/** The numbers of a saved tensor of real numbers. */
function saved(
  tensors: Readonly<Record<string, StoredTensor>>,
  name: string,
  shape: readonly number[],
): ArrayLike<number> {
  const found = Object.hasOwn(tensors, name) ? tensors[name] : undefined;
  if (found && /^float(32|64)$/.test(found.dtype) && `${found.shape}` === `${shape}`) {
    return found.data as ArrayLike<number>;
  }
  const got = found ? `${found.dtype} [${found.shape.join(", ")}]` : "none";
  throw new RangeError(`${name} of a sampler must be float [${shape.join(", ")}], got ${got}`);
}
