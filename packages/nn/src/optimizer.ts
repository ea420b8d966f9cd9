import { add, div, type Expr, minimum, mul, reshape, sqrt, square, sub, sum } from "@gen/graph";
import { ArgumentError, checkOptions, rules, shown } from "@gen/math/arguments";

/** One rate for all steps, or a function of the step from 0. */
export type LearningRate = number | ((step: number) => number);

/**
 * A rule for weights and gradients: a formula over expressions, and the numbers that change with
 * the step.
 */
export interface Optimizer {
  /** Names of the moments. Each has the weight's shape and starts at zero. */
  readonly moments: readonly string[];
  /**
   * The numbers that `update` takes at `step` (from 0), computed in float64.
   *
   * @param step The step, from 0.
   */
  rates(step: number): readonly number[];
  /**
   * One step, elementwise: all operands have the weight's shape, and the rates are scalars `[1]`.
   *
   * @param weight The weight before the step.
   * @param gradient The gradient of the loss with respect to the weight.
   * @param moments The moments before the step, in the order of their names.
   * @param rates What `rates` gives for this step, scalars `[1]`.
   */
  update(
    weight: Expr,
    gradient: Expr,
    moments: readonly Expr[],
    rates: readonly Expr[],
  ): {
    /** The weight after the step. */
    readonly weight: Expr;
    /** The moments after the step, in the same order. */
    readonly moments: readonly Expr[];
  };
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

function checkRate(rate: number, where = ""): number {
  if (rate >= 0 && rate < Number.POSITIVE_INFINITY) return rate;
  const rule = Number.isFinite(rate) ? "at least 0" : "finite";
  throw new ArgumentError(`learningRate must be ${rule}, got ${rate}${where}`);
}

const isPair = (value: unknown) =>
  Array.isArray(value) && value.length === 2 && value.every((beta) => typeof beta === "number");

/** What a learning rate and two decays may be. */
export const RATE = rules.optional(rules.either(rules.NUMBER, rules.FUNCTION));
export const BETAS = rules.optional(["two numbers", isPair]);

/** The rate at each step. @throws RangeError when it is negative or not finite. */
export function rateAt(learningRate: LearningRate): (step: number) => number {
  if (typeof learningRate === "function") {
    return (step) => checkRate(learningRate(step), ` at step ${step}`);
  }
  checkRate(learningRate);
  return () => learningRate;
}

/** @throws RangeError when a decay is outside [0, 1). */
export function checkBetas(betas: readonly number[]): void {
  for (const [i, beta] of betas.entries()) {
    if (!(beta >= 0 && beta < 1)) {
      throw new ArgumentError(`betas[${i}] must be in [0, 1), got ${shown(beta)}`);
    }
  }
}

/** @throws RangeError when a number is below 0. */
export function checkNotNegative(numbers: Readonly<Record<string, number>>): void {
  for (const [name, value] of Object.entries(numbers)) {
    if (!(value >= 0)) throw new ArgumentError(`${name} must be at least 0, got ${shown(value)}`);
  }
}

function adamUpdate(options: AdamOptions, decoupled: boolean): Optimizer {
  checkOptions(options, {
    learningRate: RATE,
    betas: BETAS,
    epsilon: rules.optional(rules.FINITE),
    weightDecay: rules.optional(rules.FINITE),
  });
  const { learningRate = 1e-3, betas = [0.9, 0.999], epsilon = 1e-8 } = options;
  const { weightDecay = decoupled ? 0.01 : 0 } = options;
  const [beta1, beta2] = betas;
  const rate = rateAt(learningRate);
  checkBetas(betas);
  checkNotNegative({ epsilon, weightDecay });
  return {
    moments: ["first", "second"],
    rates(step) {
      const now = rate(step);
      const first = (1 - beta1) / (1 - beta1 ** (step + 1));
      const second = Math.sqrt((1 - beta2) / (1 - beta2 ** (step + 1)));
      return [(now * first) / second, epsilon / second, 1 - now * weightDecay];
    },
    // The moments lack their factor 1 - beta, which the rates hold. The quotient is the same, in
    // fewer passes over memory.
    update(weight, gradient, [first, second], [rate, offset, decayed]) {
      const decays = weightDecay !== 0;
      const g = decays && !decoupled ? add(gradient, mul(weight, weightDecay)) : gradient;
      const m = add(mul(first, beta1), g);
      const v = add(mul(second, beta2), square(g));
      const step = mul(div(m, add(sqrt(v), offset)), rate);
      const from = decays && decoupled ? mul(weight, decayed) : weight;
      return { weight: sub(from, step), moments: [m, v] };
    },
  };
}

/**
 * Adam (Kingma and Ba 2015, algorithm 1) as PyTorch computes it:
 * `w -= rate * mHat / (sqrt(vHat) + epsilon)`. Its moments are kept as `m / (1 - beta1)` and
 * `v / (1 - beta2)`.
 *
 * @param options Learning rate, decays, epsilon and weight decay. Default: rate 1e-3.
 * @throws RangeError when a setting is out of range.
 */
export const adam = (options: AdamOptions = {}): Optimizer => adamUpdate(options, false);

/**
 * Adam with decoupled weight decay (Loshchilov and Hutter 2019, algorithm 2): first
 * `w *= 1 - rate * weightDecay`, then Adam's step.
 *
 * @param options Learning rate, decays, epsilon and weight decay. Default: rate 1e-3, weight decay
 * 0.01.
 * @throws RangeError when a setting is out of range.
 */
export const adamw = (options: AdamOptions = {}): Optimizer => adamUpdate(options, true);

/** Settings of {@link linearDecay} and {@link cosineDecay}. */
export interface DecayOptions {
  /** The largest rate. */
  readonly peak: number;
  /** Steps in all. */
  readonly steps: number;
  /** First steps, in which the rate rises in a line from `peak / warmUp`. @defaultValue 0 */
  readonly warmUp?: number;
  /** The rate after `steps`. @defaultValue 0 */
  readonly floor?: number;
}

function decay(shape: (progress: number) => number, options: DecayOptions) {
  checkOptions(options, {
    peak: rules.NOT_NEGATIVE,
    steps: rules.INDEX,
    warmUp: rules.optional(rules.INDEX),
    floor: rules.optional(rules.NOT_NEGATIVE),
  });
  const { peak, steps, warmUp = 0, floor = 0 } = options;
  return (step: number): number => {
    if (step < warmUp) return (peak * (step + 1)) / warmUp;
    const progress = Math.min(1, (step - warmUp) / Math.max(1, steps - warmUp));
    return floor + (peak - floor) * shape(progress);
  };
}

/**
 * A schedule that falls in a line: `floor + (peak - floor) (1 - step / steps)`.
 *
 * @param options The largest rate, the steps, the warm-up and the last rate.
 * @throws RangeError when a rate or a count of steps is negative or not finite.
 */
export const linearDecay = (options: DecayOptions): ((step: number) => number) =>
  decay((progress) => 1 - progress, options);

/**
 * A schedule that falls as half a cosine: `floor + (peak - floor) (1 + cos(pi step / steps)) / 2`
 * (Loshchilov and Hutter 2017, eq. 5, without restarts).
 *
 * @param options The largest rate, the steps, the warm-up and the last rate.
 * @throws RangeError when a rate or a count of steps is negative or not finite.
 */
export const cosineDecay = (options: DecayOptions): ((step: number) => number) =>
  decay((progress) => (1 + Math.cos(Math.PI * progress)) / 2, options);

/** The Euclidean norm of all elements of all expressions, a scalar. */
export const globalNorm = (parts: readonly Expr[]): Expr =>
  sqrt(parts.map((part) => sum(square(part))).reduce((a, b) => add(a, b)));

/**
 * Multiplies gradients by `min(1, limit / (norm + 1e-6))` of their global norm, as PyTorch's
 * `clip_grad_norm_` (Pascanu, Mikolov and Bengio 2013, algorithm 1).
 * @throws RangeError when `limit` is not above 0.
 */
export function clipByGlobalNorm(gradients: readonly Expr[], limit: number): Expr[] {
  if (!(limit > 0)) throw new ArgumentError(`clipNorm must be above 0, got ${shown(limit)}`);
  const factor = minimum(div(limit, add(globalNorm(gradients), 1e-6)), 1);
  const factorLike = ({ shape }: Expr) => reshape(factor, Array(shape.length).fill(1));
  return gradients.map((gradient) => mul(gradient, factorLike(gradient)));
}
