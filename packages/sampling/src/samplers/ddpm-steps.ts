import { cleanLevel } from "@gen/math";
import { ArgumentError, shown } from "@gen/math/arguments";
import { type TimestepOptions, timesteps } from "@gen/schedules";
import { checkOptions } from "./check-options.ts";
import { checkPath } from "./check-path.ts";
import {
  type LearnedVariance,
  levelTransitions,
  type Step,
  type StepOptions,
  stepTable,
  type Transition,
} from "./step.ts";
import { isSchedule, type Path } from "./trajectory.ts";

/** The names of DDPM's variances. @internal */
const VARIANCES = [
  "fixed_small",
  "fixed_small_log",
  "fixed_large",
  "fixed_large_log",
  "learned",
  "learned_log",
  "learned_range",
] as const;

/** How much fresh noise a step of DDPM adds; see {@link DdpmOptions.variance}. */
export type DdpmVariance = (typeof VARIANCES)[number];

/** Which steps are taken, the variance of each, and what the denoiser predicts. */
export interface DdpmOptions
  extends TimestepOptions,
    Pick<StepOptions, "predicts" | "keepEpsilon"> {
  /**
   * `fixed_small`: the posterior's variance, right for data that are points.
   * `fixed_large`: the forward step's variance, right for data that are standard normal.
   * `fixed_small_log` and `fixed_large_log` are diffusers' names for the same two numbers.
   *
   * The others take the second half of the denoiser's channels (axis 1), raw numbers v.
   * `learned`: v is the variance, as in diffusers. `learned_log`: v is its logarithm, what
   * guided-diffusion calls learned. `learned_range`: the logarithm goes from that of the small
   * variance at v = -1 to that of the large at v = 1 (Nichol and Dhariwal 2021, eq. 15).
   * @defaultValue "fixed_small"
   */
  readonly variance?: DdpmVariance;
  /**
   * Reproduces diffusers' DDPM where it differs: a last step that starts above t = 0 adds noise,
   * 1e-10 of it with `fixed_small`, the whole forward step's with `fixed_large`; other steps add
   * 1e-10 or more.
   * @defaultValue the published method
   */
  readonly compat?: "diffusers";
}

/**
 * The table of DDPM's ancestral sampling (Ho et al. 2020, eq. 7 and algorithm 2): the posterior's
 * mean, and fresh noise of any of DDPM's variances. The path is a schedule, whose sampling takes
 * every training step by default and ends clean, or transitions of your own.
 *
 * The variance comes from the two levels that a row joins, `from.noise^2 to.noise^2` times
 * `1 - r^2` over one of the two noises squared with `r = from.signal to.noise / (to.signal
 * from.noise)`, so that skipped steps are right too. A step to a level without noise adds none.
 *
 * @param path A schedule, or transitions of your own.
 * @param options Steps, spacing, variance and prediction type. Default: every training step.
 * @throws RangeError when steps, spacing, offset or variance is not as described; when a prediction
 * says nothing of x0 at its level, such as epsilon at zero signal.
 */
export function ddpmSteps(path: Path, options: DdpmOptions = {}): Step[] {
  checkPath(path, options);
  const { variance = "fixed_small", compat, predicts, keepEpsilon } = options;
  checkOptions(options, { compat: ["diffusers"] });
  if (!VARIANCES.includes(variance)) {
    throw new ArgumentError(
      `variance must be one of ${VARIANCES.join(", ")}, got ${shown(variance)}`,
    );
  }
  const transitions = isSchedule(path)
    ? levelTransitions(path, timesteps(path, options), cleanLevel)
    : path;
  const steps = stepTable(transitions, { predicts, keepEpsilon, eta: 1 });
  return steps.map((step, i) => {
    const [small, large] = deviations(transitions[i], step.next.noise, compat);
    if (!variance.startsWith("learned")) {
      const noise = variance.startsWith("fixed_large") ? large : small;
      return { ...step, next: { ...step.next, noise } };
    }
    const next = { ...step.next, noise: large === 0 ? 0 : 1 };
    return large === 0 ? { ...step, next } : { ...step, next, variance: learnedVariance(variance) };

    function learnedVariance(kind: DdpmVariance): LearnedVariance {
      if (kind === "learned") return { of: "variance", offset: 0, slope: 1 };
      if (kind === "learned_log") return { of: "logVariance", offset: 0, slope: 1 };
      const [low, high] = [2 * Math.log(small), 2 * Math.log(large)];
      return { of: "logVariance", offset: (high + low) / 2, slope: (high - low) / 2 };
    }
  });
}

/** The small and the large deviation of a step, both 0 where it adds no noise. */
function deviations({ t, from, to }: Transition, small: number, compat?: "diffusers") {
  const least = compat === "diffusers" && t > 0 ? 1e-10 : 0;
  if (to.noise > 0) return [Math.max(small, least), (small * from.noise) / to.noise];
  return least === 0 ? [0, 0] : [least, from.noise];
}
