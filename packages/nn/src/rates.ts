import { ArgumentError } from "@gen/math/arguments";
import type { MovingAverageOptions, TrainOptions } from "./train-options.ts";

/**
 * The numbers of each part of a step: the optimizers' rates; with `ema`, the new weight's share; with
 * `accumulate`, the part's share and whether the parts before are kept.
 * @throws RangeError when the average's decay is not in [0, 1).
 */
export function ratesOf({
  optimizer,
  optimizers = [],
  ema,
  accumulate = 1,
}: Pick<TrainOptions<unknown>, "optimizer" | "optimizers" | "ema" | "accumulate">) {
  const average: MovingAverageOptions | undefined = typeof ema === "number" ? { decay: ema } : ema;
  if (average && !(average.decay >= 0 && average.decay < 1)) {
    throw new ArgumentError(`ema decay must be in [0, 1), got ${average.decay}`);
  }
  return (step: number, part: number): number[] => {
    const rules = [optimizer, ...optimizers.map((group) => group.optimizer)];
    const rates = rules.flatMap((rule) => rule.rates(step));
    if (average) {
      const { decay, warmUp = true } = average;
      rates.push(1 - (warmUp ? Math.min(decay, (1 + step) / (10 + step)) : decay));
    }
    if (accumulate > 1) rates.push(1 / accumulate, part > 0 ? 1 : 0);
    return rates.length > 0 ? rates : [0];
  };
}
