import { add, div, type Expr, mul, sqrt, square, sub } from "@gen/graph";

/** One rate for all steps, or a function of the step from 0. */
export type LearningRate = number | ((step: number) => number);

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
  ): { readonly weight: Expr; readonly moments: readonly Expr[] };
}

/** Settings of {@link adam} and {@link adamw}. */
export interface AdamOptions {
  /** A number or a function of the step (from 0). @defaultValue 1e-3 */
  learningRate?: LearningRate;
  /** Decay of the first and second moment. @defaultValue `[0.9, 0.999]` */
  betas?: readonly [number, number];
  /** Added to the root of the second moment. @defaultValue 1e-8 */
  epsilon?: number;
  /**
   * `adam` adds `weightDecay * weight` to the gradient; `adamw` takes
   * `rate * weightDecay * weight` off the weight itself.
   * @defaultValue 0 in `adam`, 0.01 in `adamw`
   */
  weightDecay?: number;
}

function adamUpdate(options: AdamOptions, decoupled: boolean): Optimizer {
  const { learningRate = 1e-3, betas = [0.9, 0.999], epsilon = 1e-8 } = options;
  const { weightDecay = decoupled ? 0.01 : 0 } = options;
  const [beta1, beta2] = betas;
  for (const [i, beta] of betas.entries()) {
    if (!(beta >= 0 && beta < 1))
      throw new RangeError(`betas[${i}] must be in [0, 1), got ${beta}`);
  }
  for (const [name, value] of Object.entries({ epsilon, weightDecay })) {
    if (!(value >= 0)) throw new RangeError(`${name} must be at least 0, got ${value}`);
  }
  return {
    moments: ["first", "second"],
    rates(step) {
      const rate = typeof learningRate === "number" ? learningRate : learningRate(step);
      if (!Number.isFinite(rate)) {
        throw new RangeError(`learningRate must be finite, got ${rate} at step ${step}`);
      }
      const first = (1 - beta1) / (1 - beta1 ** (step + 1));
      const second = Math.sqrt((1 - beta2) / (1 - beta2 ** (step + 1)));
      return [(rate * first) / second, epsilon / second, 1 - rate * weightDecay];
    },
    // The moments are sums without their factor 1 - beta, which the rates hold: the same quotient in
    // fewer passes over memory.
    update(weight, gradient, [first, second], [rate, offset, kept]) {
      const decays = weightDecay !== 0;
      const g = decays && !decoupled ? add(gradient, mul(weight, weightDecay)) : gradient;
      const m = add(mul(first, beta1), g);
      const v = add(mul(second, beta2), square(g));
      const step = mul(div(m, add(sqrt(v), offset)), rate);
      const from = decays && decoupled ? mul(weight, kept) : weight;
      return { weight: sub(from, step), moments: [m, v] };
    },
  };
}

/**
 * Adam (Kingma and Ba 2015, algorithm 1) as PyTorch computes it:
 * `w -= rate * mHat / (sqrt(vHat) + epsilon)`. Its moments are kept as `m / (1 - beta1)` and
 * `v / (1 - beta2)`.
 * @throws RangeError when a setting is out of range.
 */
export const adam = (options: AdamOptions = {}): Optimizer => adamUpdate(options, false);

/**
 * Adam with decoupled weight decay (Loshchilov and Hutter 2019, algorithm 2): first
 * `w *= 1 - rate * weightDecay`, then Adam's step.
 * @throws RangeError when a setting is out of range.
 */
export const adamw = (options: AdamOptions = {}): Optimizer => adamUpdate(options, true);
