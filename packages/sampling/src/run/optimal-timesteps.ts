import { checkOptions, refused, rules } from "@gen/math/arguments";
import type { NoiseSchedule } from "@gen/schedules";
import { ddimSteps } from "../samplers/ddim-steps.ts";
import { DENOISER } from "./run-rules.ts";
import type { SampleOptions, SamplerOptions } from "./sample-options.ts";
import { sampleSteps } from "./sampler.ts";

/** The model that {@link optimalTimesteps} looks at, and how. */
export interface OptimalTimestepsOptions<T = unknown>
  extends SamplerOptions<T>,
    Pick<SampleOptions, "shape" | "seed" | "condition" | "clip" | "signal"> {
  /** The noise levels that the denoiser was trained at. */
  readonly schedule: NoiseSchedule;
  /** How many time steps are wanted. */
  readonly steps: number;
  /** How many steps of DDIM are taken to look at the model. @defaultValue 100 */
  readonly fine?: number;
  /**
   * Called after each of them with the share of the work that is done, in (0, 1].
   *
   * @param done The share of the work that is done, in (0, 1].
   * @defaultValue none
   */
  readonly onProgress?: (done: number) => unknown;
}

/**
 * Time steps `[steps]`, descending, for a given model: many where its clean estimate bends, few
 * where it hardly changes. Samplers take them as `spacing`.
 *
 * A trajectory of DDIM in `fine` steps gives clean estimates D at each time step. A second-order
 * solver's local error is of the size of `h^3 |D''|`, so the steps divide the integral of
 * `|D''|^(1/3)` into equal parts; 0.3 of its mean is added everywhere, so that no stretch goes
 * without (equidistribution, de Boor 1974).
 *
 * `shape` `[batch, ...]` is the batch that is looked at; 16 samples are enough.
 *
 * @param options The denoiser and its backend, the schedule, the count of steps, and the batch's
 * shape.
 * @throws as a rejection: RangeError when steps is not in 1..fine, or what `sample` throws.
 */
export async function optimalTimesteps<T>(options: OptimalTimestepsOptions<T>): Promise<number[]> {
  checkOptions(options, {
    schedule: rules.SCHEDULE,
    denoiser: DENOISER,
    fine: rules.optional(rules.COUNT),
    onProgress: rules.optional(rules.FUNCTION),
  });
  const { schedule, steps, fine = Math.min(100, schedule.length), onProgress } = options;
  if (!(Number.isInteger(steps) && steps >= 1 && steps <= fine)) {
    throw refused("steps", `an integer in 1..${fine}`, steps);
  }
  const predicts = typeof options.denoiser === "function" ? undefined : options.denoiser.predicts;
  const table = ddimSteps(schedule, { steps: fine, spacing: "trailing", predicts });
  const bends: number[] = [];
  let [before, last]: (ArrayLike<number> | undefined)[] = [];
  for await (const { step, x0 } of sampleSteps({ ...options, steps: table })) {
    bends.push(before && last ? bendOf(before, last, x0) : 0);
    [before, last] = [last, x0];
    await onProgress?.((step + 1) / fine);
  }
  // The bend at a step is known one step later.
  const density = bends.map((_, i) =>
    Math.cbrt(bends[Math.min(Math.max(i + 1, 2), fine - 1)] ?? 0),
  );
  const mean = density.reduce((sum, v) => sum + v, 0) / fine;
  return equalParts(
    density.map((v) => (mean > 0 ? v / mean : 1) + 0.3),
    [...table.map(({ t }) => t), 0],
    steps,
  );
}

/** The root mean square of the second difference of three arrays. */
function bendOf(a: ArrayLike<number>, b: ArrayLike<number>, c: ArrayLike<number>): number {
  let sum = 0;
  for (let i = 0; i < c.length; i++) sum += (a[i] - 2 * b[i] + c[i]) ** 2;
  return Math.sqrt(sum / c.length);
}

/** Whole, strictly descending `times` that begin `count` parts of equal weight. */
function equalParts(weights: readonly number[], times: readonly number[], count: number): number[] {
  const total = weights.reduce((sum, weight) => sum + weight, 0);
  const list: number[] = [];
  let [at, passed] = [0, 0];
  for (let k = 0; k < count; k++) {
    const target = (total * k) / count;
    while (passed + weights[at] < target) passed += weights[at++];
    const part = (target - passed) / weights[at];
    const t = Math.round(times[at] + part * (times[at + 1] - times[at]));
    list.push(Math.min(Math.max(t, count - 1 - k), (list[k - 1] ?? Infinity) - 1));
  }
  return list;
}
