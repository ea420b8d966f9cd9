import { add, mul, sign, sub } from "@gen/graph";
import { checkOptions, rules } from "@gen/math/arguments";
import {
  BETAS,
  checkBetas,
  checkNotNegative,
  type LearningRate,
  type Optimizer,
  RATE,
  rateAt,
} from "./optimizer.ts";

/** Settings of {@link lion}. */
export interface LionOptions {
  /** A number or a function of the step (from 0), smaller than Adam's. @defaultValue 1e-4 */
  learningRate?: LearningRate;
  /** Decay of the momentum in the direction, and of the momentum. @defaultValue `[0.9, 0.99]` */
  betas?: readonly [number, number];
  /** `rate * weightDecay * weight` is taken off the weight. @defaultValue 0 */
  weightDecay?: number;
}

/**
 * Lion (Chen et al. 2023, algorithm 2): `w -= rate * (sign(b1 m + (1 - b1) g) + weightDecay * w)`,
 * `m = b2 m + (1 - b2) g`.
 *
 * @param options Learning rate, decays and weight decay. Default: rate 1e-4.
 * @throws RangeError when a setting is out of range.
 */
export function lion(options: LionOptions = {}): Optimizer {
  checkOptions(options, {
    learningRate: RATE,
    betas: BETAS,
    weightDecay: rules.optional(rules.FINITE),
  });
  const { learningRate = 1e-4, betas = [0.9, 0.99], weightDecay = 0 } = options;
  const rate = rateAt(learningRate);
  checkBetas(betas);
  checkNotNegative({ weightDecay });
  const [beta1, beta2] = betas;
  return {
    moments: ["momentum"],
    rates(step) {
      const now = rate(step);
      return [now, 1 - now * weightDecay];
    },
    update(weight, gradient, [momentum], [now, decayed]) {
      const direction = sign(add(mul(momentum, beta1), mul(gradient, 1 - beta1)));
      const from = weightDecay === 0 ? weight : mul(weight, decayed);
      return {
        weight: sub(from, mul(direction, now)),
        moments: [add(mul(momentum, beta2), mul(gradient, 1 - beta2))],
      };
    },
  };
}
