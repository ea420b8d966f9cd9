import type { RandomStream } from "@gen/math";

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
  /** How many losses of each step are remembered; 10 unless told. */
  readonly history?: number;
  /** The share of draws that stays uniform; 0.001 unless told. */
  readonly uniform?: number;
}

/** A {@link TimeSampler} that learns from losses. */
export interface LossSecondMomentSampler extends TimeSampler {
  update(t: ArrayLike<number>, losses: ArrayLike<number>): void;
  /** How likely each step is now, `[length]`. */
  probabilities(): Float64Array;
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
  const squares = new Float64Array(length * history);
  const counts = new Uint32Array(length);

  const probabilities = () => {
    if (counts.some((count) => count < history)) return new Float64Array(length).fill(1 / length);
    const roots = Float64Array.from({ length }, (_, t) => {
      const part = squares.subarray(t * history, (t + 1) * history);
      return Math.sqrt(part.reduce((sum, v) => sum + v, 0) / history);
    });
    const total = roots.reduce((sum, v) => sum + v, 0);
    if (!(total > 0)) return new Float64Array(length).fill(1 / length);
    return roots.map((v) => (v / total) * (1 - uniform) + uniform / length);
  };

  return {
    probabilities,
    update(t, losses) {
      for (let i = 0; i < t.length; i++) {
        const at = t[i];
        if (!(Number.isInteger(at) && at >= 0 && at < length)) {
          throw new RangeError(`t must be integers in 0..${length - 1}, got ${at}`);
        }
        // The oldest of the remembered ones goes.
        squares[at * history + (counts[at] % history)] = losses[i] ** 2;
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
