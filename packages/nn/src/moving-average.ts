import { add, type Expr, mul, sub } from "@gen/graph";

/** How an exponential moving average of the weights follows them. */
export interface MovingAverageOptions {
  /** Share of the average that stays at each step, once warm; in [0, 1). */
  decay: number;
  /** Follows the weights faster at first; true unless told. */
  warmUp?: boolean;
}

/** Refuses a decay outside [0, 1). @throws RangeError */
export function checkDecay({ decay }: MovingAverageOptions): void {
  if (!(decay >= 0 && decay < 1)) {
    throw new RangeError(`ema decay must be in [0, 1), got ${decay}`);
  }
}

/**
 * The decay at `step` (from 0): `min(decay, (1 + step) / (10 + step))`, or `decay` without the
 * warm-up; the rule of TensorFlow's and diffusers' moving averages.
 */
export const decayAt = ({ decay, warmUp = true }: MovingAverageOptions, step: number): number =>
  warmUp ? Math.min(decay, (1 + step) / (10 + step)) : decay;

/** `average + (weight - average) * share` with the share `1 - decay` that the new weight takes. */
export const movingAverage = (average: Expr, weight: Expr, share: Expr): Expr =>
  add(average, mul(sub(weight, average), share));
