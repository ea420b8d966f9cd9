import type { FloatArray } from "@gen/math";
import type { Step } from "./step.ts";

/** Bounds of the clean estimate, or none. */
export type Clip = number | readonly [low: number, high: number] | false;

/** What one step of the loop gives. */
export interface Advance<T> {
  readonly x: T;
  readonly x0: T;
}

/** Where a loop's arrays live and how one step is taken there; `T` has one owner. */
export interface Engine<T> {
  upload(values: FloatArray): T;
  /** One step; `z` is given where the step adds noise. The caller keeps x and z. */
  advance(x: T, step: Step, z: T | undefined): Promise<Advance<T>>;
  download(tensor: T): Promise<FloatArray>;
  dispose(tensor: T): void;
}

// The largest float32, so that one program serves with and without clipping.
const UNBOUNDED = 3.4028234663852886e38;

/** @throws RangeError unless the bounds are a positive number, [low, high] in order, or false. */
export function clipBounds(clip: Clip = false): readonly [number, number] {
  if (clip === false) return [-UNBOUNDED, UNBOUNDED];
  const [low, high] = typeof clip === "number" ? [-clip, clip] : clip;
  if (low < high && high - low < Infinity) return [low, high];
  throw new RangeError(
    `clip must be a positive number, [low, high] or false, got ${JSON.stringify(clip)}`,
  );
}

/**
 * The eight numbers of one run: both rows of a step, then the bounds of x0.
 *
 * Without clipping, x0 is folded into x and the prediction in float64, which keeps single
 * precision away from the large terms that cancel at high noise.
 */
export function stepCoefficients({ denoised, next }: Step, clip: Clip = false): number[] {
  const [low, high] = clipBounds(clip);
  const { x, prediction } = denoised;
  const rest =
    clip === false
      ? [0, next.x + next.x0 * x, next.prediction + next.x0 * prediction]
      : [next.x0, next.x, next.prediction];
  return [x, prediction, ...rest, next.noise, low, high];
}
