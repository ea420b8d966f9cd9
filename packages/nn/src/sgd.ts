import { add, mul, sub } from "@gen/graph";
import { ArgumentError, checkOptions, rules, shown } from "@gen/math/arguments";
import { checkNotNegative, type LearningRate, type Optimizer, RATE, rateAt } from "./optimizer.ts";

/** Settings of {@link sgd}. */
export interface SgdOptions {
  /** A number or a function of the step (from 0). @defaultValue 1e-3 */
  learningRate?: LearningRate;
  /** The share of the last step's direction that is kept, in [0, 1). @defaultValue 0 */
  momentum?: number;
  /** Whether the gradient counts once more on top of the momentum. @defaultValue false */
  nesterov?: boolean;
  /** `weightDecay * weight` is added to the gradient. @defaultValue 0 */
  weightDecay?: number;
}

/**
 * Stochastic gradient descent as PyTorch computes it: `v = momentum * v + g`, `w -= rate * v`. With
 * Nesterov's momentum it is `w -= rate * (g + momentum * v)` (Sutskever et al. 2013, eq. 3 and 4).
 *
 * @param options Learning rate, momentum and weight decay. Default: rate 1e-3, no momentum.
 * @throws RangeError when a setting is out of range.
 */
export function sgd(options: SgdOptions = {}): Optimizer {
  checkOptions(options, {
    learningRate: RATE,
    momentum: rules.optional(rules.FINITE),
    nesterov: rules.optional(rules.oneOf(true, false)),
    weightDecay: rules.optional(rules.FINITE),
  });
  const { learningRate = 1e-3, momentum = 0, nesterov = false, weightDecay = 0 } = options;
  const rate = rateAt(learningRate);
  checkNotNegative({ weightDecay });
  if (!(momentum >= 0 && momentum < 1)) {
    throw new ArgumentError(`momentum must be in [0, 1), got ${shown(momentum)}`);
  }
  return {
    moments: momentum > 0 ? ["velocity"] : [],
    rates: (step) => [rate(step)],
    update(weight, gradient, [velocity], [now]) {
      const g = weightDecay === 0 ? gradient : add(gradient, mul(weight, weightDecay));
      if (!velocity) return { weight: sub(weight, mul(g, now)), moments: [] };
      const v = add(mul(velocity, momentum), g);
      const direction = nesterov ? add(g, mul(v, momentum)) : v;
      return { weight: sub(weight, mul(direction, now)), moments: [v] };
    },
  };
}
