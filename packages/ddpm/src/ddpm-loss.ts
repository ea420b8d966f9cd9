import { type Expr, mean, mul, square, sub } from "@gen/graph";
import type { Denoiser } from "@gen/sampling";
import type { NoiseSchedule } from "@gen/schedules";
import { levelsAt, qSample } from "./q-sample.ts";

/** What {@link ddpmLoss} is a function of. */
export interface DdpmLossInputs {
  /** Clean data `[batch, ...]`. */
  readonly x0: Expr;
  /** 0-based steps `[batch]`, int64. */
  readonly t: Expr;
  /** Standard normal noise `[batch, ...]`. */
  readonly epsilon: Expr;
  readonly condition?: Expr;
}

/**
 * The simple objective: the mean squared error of the denoiser's output at step t, over the batch
 * and all elements (Ho et al. 2020, eq. 14 for epsilon; the target of x0 is x0, that of v is
 * `signal_t epsilon - noise_t x0`).
 */
export function ddpmLoss(denoiser: Denoiser, schedule: NoiseSchedule) {
  return ({ x0, t, epsilon, condition }: DdpmLossInputs): Expr => {
    const output = denoiser.apply(qSample(schedule, x0, t, epsilon), t, condition);
    return mean(square(sub(output, target())));

    function target(): Expr {
      if (denoiser.predicts === "epsilon") return epsilon;
      if (denoiser.predicts === "x0") return x0;
      const { signal, noise } = levelsAt(schedule, t, x0);
      return sub(mul(signal, epsilon), mul(noise, x0));
    }
  };
}
