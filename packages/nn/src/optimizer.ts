import type { Expr } from "@gen/graph";

/** One rate for all steps, or a function of the step from 0. */
export type LearningRate = number | ((step: number) => number);

/** The rate at `step`. */
export const learningRateAt = (rate: LearningRate, step: number): number =>
  typeof rate === "number" ? rate : rate(step);

/** A weight and its moments after a step. */
export interface WeightUpdate {
  readonly weight: Expr;
  readonly moments: readonly Expr[];
}

/**
 * A rule for weights and gradients: a formula over expressions, and the numbers that change with
 * the step.
 */
export interface Optimizer {
  /** Names of the moments. Each has the weight's shape and starts at zero. */
  readonly moments: readonly string[];
  /** The numbers that `update` takes at `step` (from 0), computed in float64. */
  rates(step: number): readonly number[];
  /**
   * One step, elementwise: all operands have the weight's shape, and the rates are scalars `[1]`.
   */
  update(
    weight: Expr,
    gradient: Expr,
    moments: readonly Expr[],
    rates: readonly Expr[],
  ): WeightUpdate;
}
