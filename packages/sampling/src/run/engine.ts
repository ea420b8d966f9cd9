import type { FloatArray } from "@gen/math";
import type { LearnedVariance, Step } from "../samplers/step.ts";

/** Dynamic thresholding, per sample; see {@link Clip}. */
export interface DynamicThreshold {
  /** The quantile of the sample's absolute values, such as 0.995. */
  readonly ratio: number;
  /** The most that the quantile may be; 1 unless told, which then is a plain clip to [-1, 1]. */
  readonly max?: number;
}

/**
 * What happens to the clean estimate: nothing (false), a clip to [-c, c] or to [low, high], or
 * dynamic thresholding: with s the given quantile of |x0| over the sample, kept within [1, max],
 * `x0 = clip(x0, -s, s) / s` (Saharia et al. 2022, section 2.3).
 */
export type Clip = number | readonly [low: number, high: number] | DynamicThreshold | false;

/** What one step of the loop gives. */
export interface Advance<T> {
  readonly x: T;
  readonly x0: T;
}

/** Where a loop's arrays live and how one step is taken there; `T` has one owner. */
export interface Engine<T> {
  upload(values: FloatArray): T;
  /**
   * One step; `z` is given where the step adds noise, `history` holds the x0 of the rows before,
   * the latest first. The caller keeps x, z and the history.
   */
  advance(x: T, step: Step, z: T | undefined, history: readonly T[]): Promise<Advance<T>>;
  download(tensor: T): Promise<FloatArray>;
  dispose(tensor: T): void;
}

/** What a whole table needs of the program that takes its steps. */
export interface StepForm {
  /** How many earlier estimates a row may take. */
  readonly depth: number;
  /** What a learned variance is told as, where one is learned. */
  readonly variance?: LearnedVariance["of"];
  /** Dynamic thresholding, where asked. */
  readonly threshold?: Required<DynamicThreshold>;
}

/**
 * The form of a table's steps.
 *
 * @throws RangeError when a row takes more estimates than there are rows before it, when the rows
 * tell the variance in different ways, or on a clip that is not as described.
 */
export function stepForm(steps: readonly Step[], clip: Clip = false): StepForm {
  let depth = 0;
  let variance: LearnedVariance["of"] | undefined;
  for (const [i, row] of steps.entries()) {
    const { length } = row.next.history ?? [];
    if (length > i) {
      throw new RangeError(
        `steps must not take earlier estimates than there are, got ${length} in row ${i}: a multistep table cannot be cut, make it of the shorter path`,
      );
    }
    depth = Math.max(depth, length);
    if (variance && row.variance && row.variance.of !== variance) {
      throw new RangeError("steps must tell the variance in one way, got variance and logVariance");
    }
    variance ??= row.variance?.of;
  }
  clipBounds(clip);
  const threshold = isDynamic(clip) ? { max: 1, ...clip } : undefined;
  return { depth, variance, threshold };
}

const isDynamic = (clip: Clip): clip is DynamicThreshold =>
  typeof clip === "object" && "ratio" in clip;

// The largest float32, so that one program serves with and without clipping.
const UNBOUNDED = 3.4028234663852886e38;

/** @throws RangeError unless the clip is as {@link Clip} says. */
function clipBounds(clip: Clip = false): readonly [number, number] {
  if (clip === false) return [-UNBOUNDED, UNBOUNDED];
  if (isDynamic(clip)) {
    const { ratio, max = 1 } = clip;
    if (!(ratio > 0 && ratio <= 1)) throw new RangeError(`ratio must be in (0, 1], got ${ratio}`);
    if (!(max >= 1)) throw new RangeError(`max must be a number, 1 or more, got ${max}`);
    return [-UNBOUNDED, UNBOUNDED];
  }
  const [low, high] = typeof clip === "number" ? [-clip, clip] : clip;
  if (low < high && high - low < Infinity) return [low, high];
  throw new RangeError(
    `clip must be a positive number, [low, high] or false, got ${JSON.stringify(clip)}`,
  );
}

/**
 * The numbers of one run: both rows of a step, the bounds of x0, the learned variance's two, then
 * one for each earlier estimate of the table's form.
 *
 * Without clipping, x0 is folded into x and the prediction in float64, which keeps single
 * precision away from the large terms that cancel at high noise.
 */
export function stepCoefficients(step: Step, clip: Clip = false, depth = 0): number[] {
  const { denoised, next, variance } = step;
  const [low, high] = clipBounds(clip);
  const { x, prediction } = denoised;
  const rest =
    clip === false
      ? [0, next.x + next.x0 * x, next.prediction + next.x0 * prediction]
      : [next.x0, next.x, next.prediction];
  const { offset, slope } = variance ?? { offset: 1, slope: 0 };
  const history = Array.from({ length: depth }, (_, i) => next.history?.[i] ?? 0);
  return [x, prediction, ...rest, next.noise, low, high, offset, slope, ...history];
}

/** How many of {@link stepCoefficients} come before those of the history. */
export const FIXED_COEFFICIENTS = 10;
