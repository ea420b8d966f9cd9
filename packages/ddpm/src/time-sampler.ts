import { shapeText, tensor } from "@gen/graph";
import type { RandomStream } from "@gen/math";
import { ArgumentError, checkArguments, checkOptions, rules, shown } from "@gen/math/arguments";
import type { FloatTensor, StoredTensor } from "@gen/nn";

/** Time steps of a batch, and the factor of each sample's loss. */
export interface TimeSample {
  /** `[batch]`, 0-based. */
  readonly t: Uint32Array;
  /** `[batch]`: `1 / (length probability(t))`, which keeps the expected loss the same. */
  readonly importance: Float64Array;
}

/** Draws the time steps of a training. */
export interface TimeSampler {
  /** Draws the time steps of a batch of `count`. */
  sample(count: number, stream: RandomStream): TimeSample;
  /** Adds the losses `[batch]` of the steps t `[batch]`. */
  update?(t: ArrayLike<number>, losses: ArrayLike<number>): void;
  /** The sampler's state, as tensors by name. A training's state keeps them. */
  state?(): Record<string, FloatTensor>;
  /** Restores the tensors of `state`. */
  restore?(tensors: Readonly<Record<string, StoredTensor>>): void;
}

/** Draws every step equally often (Ho et al. 2020, algorithm 1). */
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
  /** The number of losses of each step that are remembered. @defaultValue 10 */
  readonly history?: number;
  /** The share of draws that stays uniform. @defaultValue 0.001 */
  readonly uniform?: number;
}

/** A {@link TimeSampler} that learns from losses. */
export interface LossSecondMomentSampler extends Required<TimeSampler> {
  /** The current probability of each step, `[length]`. */
  probabilities(): Float64Array;
  /** `losses` `[length, history]`, the latest of each step, and their `counts` `[length]`. */
  state(): Record<"losses" | "counts", FloatTensor>;
}

/**
 * Draws steps in proportion to the root of their loss's mean square, and weighs each by the inverse
 * (Nichol and Dhariwal 2021, eq. 18). Draws are uniform until every step has `history` losses.
 *
 * @param length The number of time steps of the schedule.
 * @throws RangeError when a setting is outside its range; in `update`, when a step is; in
 * `restore`, when a tensor is missing or has another shape than in `state`.
 */
export function lossSecondMoment(
  length: number,
  options: LossSecondMomentOptions = {},
): LossSecondMomentSampler {
  checkArguments({ length }, { length: rules.COUNT });
  checkOptions(options, {
    history: rules.optional(rules.COUNT),
    uniform: rules.optional(rules.UNIT),
  });
  const { history = 10, uniform = 0.001 } = options;
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
      const losses = savedNumbers(tensors, "losses", [length, history]);
      counts.set(savedNumbers(tensors, "counts", [length]));
      remembered.set(losses);
    },
    update(t, losses) {
      for (let i = 0; i < t.length; i++) {
        const at = t[i];
        if (!(Number.isInteger(at) && at >= 0 && at < length)) {
          throw new ArgumentError(`t must be integers in 0..${length - 1}, got ${shown(at)}`);
        }
        // Overwrites the oldest loss.
        remembered[at * history + (counts[at] % history)] = losses[i];
        counts[at]++;
      }
    },
    sample(count, stream) {
      const chances = probabilities();
      const bounds = new Float64Array(length);
      let sum = 0;
      for (let t = 0; t < length; t++) bounds[t] = sum += chances[t];
      const t = Uint32Array.from(stream.uniform(count), (u) => indexAbove(bounds, u * sum));
      return { t, importance: Float64Array.from(t, (at) => 1 / (length * chances[at])) };
    },
  };
}

/** The first index whose bound is above `value`. */
function indexAbove(bounds: Float64Array, value: number): number {
  let [low, high] = [0, bounds.length - 1];
  while (low < high) {
    const middle = (low + high) >> 1;
    if (bounds[middle] > value) high = middle;
    else low = middle + 1;
  }
  return low;
}

function savedNumbers(
  tensors: Readonly<Record<string, StoredTensor>>,
  name: string,
  shape: readonly number[],
): ArrayLike<number> {
  const found = Object.hasOwn(tensors, name) ? tensors[name] : undefined;
  if (found && /^float(32|64)$/.test(found.dtype) && `${found.shape}` === `${shape}`) {
    return found.data as ArrayLike<number>;
  }
  const got = found ? `${found.dtype} ${shapeText(found.shape)}` : "none";
  throw new ArgumentError(`${name} of a sampler must be float ${shapeText(shape)}, got ${got}`);
}
