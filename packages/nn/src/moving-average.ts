import { add, type Expr, mul, sub } from "@gen/graph";

/** Settings of an exponential moving average of the weights. */
export interface MovingAverageOptions {
  /** The share of the average that stays at each step after the warm-up, in [0, 1). */
  decay: number;
  /** Whether the average follows the weights faster at first. @defaultValue true */
  warmUp?: boolean;
}

/** @throws RangeError unless the decay is in [0, 1). */
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

/** `average + (weight - average) * share`, where the new weight's share is `1 - decay`. */
export const movingAverage = (average: Expr, weight: Expr, share: Expr): Expr =>
  add(average, mul(sub(weight, average), share));
