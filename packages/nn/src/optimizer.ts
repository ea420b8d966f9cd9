import type { Expr } from "@gen/graph";

/** A number for all steps, or a function of the step, which counts from 0. */
export type LearningRate = number | ((step: number) => number);

/** A schedule's number at `step`. */
export const learningRateAt = (schedule: LearningRate, step: number): number =>
  typeof schedule === "number" ? schedule : schedule(step);

/** What an optimizer makes of one weight: its new value and the new moments. */
export interface WeightUpdate {
  readonly weight: Expr;
  readonly moments: readonly Expr[];
}

/** How weights follow gradients: a formula over expressions and the few numbers that differ by step. */
export interface Optimizer {
  /** Names of the moments; each is zeros of the weight's shape at first. */
  readonly moments: readonly string[];
  /** The numbers that `update` takes at `step` (from 0), worked out in float64. */
  rates(step: number): readonly number[];
  /** One step, elementwise: all operands have one shape, but for the rates, which are scalars `[1]`. */
  update(
    weight: Expr,
    gradient: Expr,
    moments: readonly Expr[],
    rates: readonly Expr[],
  ): WeightUpdate;
}
