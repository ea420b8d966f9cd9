import type { PredictionType } from "@gen/math";
import {
  type SampleOptions,
  type SamplerOptions,
  type Sampling,
  type Step,
  type StepOptions,
  sample,
  stepTable,
} from "@gen/sampling";
import { type NoiseSchedule, type TimestepOptions, timesteps } from "@gen/schedules";

/** Which steps an inversion takes, and what the denoiser predicts. */
export interface InversionOptions extends TimestepOptions, Pick<StepOptions, "predicts"> {}

/**
 * The table of DDIM backwards: from the clean level up through the list of time steps, each row
 * telling the denoiser the step that it goes to (Song et al. 2021, section 4.3; eta 0).
 *
 * `ddimSteps` with the same options leads back; the round trip is exact in the limit of small
 * steps.
 *
 * @throws RangeError when steps, spacing or offset is outside its range.
 */
export function inversionSteps(schedule: NoiseSchedule, options: InversionOptions = {}): Step[] {
  const list = timesteps(schedule, options).reverse();
  const transitions = list.map((t, i) => ({
    t,
    from: schedule.level(i === 0 ? -1 : list[i - 1]),
    to: schedule.level(t),
  }));
  return stepTable(transitions, { predicts: options.predicts, keepEpsilon: true });
}

/** A clean x `[batch, ...]` to turn into noise, and how. */
export interface InvertOptions<T = unknown>
  extends SamplerOptions<T>,
    Omit<SampleOptions, "steps" | "x" | "seed" | "firstIndex" | "noise">,
    InversionOptions {
  readonly schedule: NoiseSchedule;
  readonly x: ArrayLike<number>;
}

/**
 * Turns clean samples into the noise that DDIM would make them from.
 *
 * What the denoiser predicts is taken from it, or from `predicts` where it is a function.
 *
 * @throws as a rejection: RangeError or TypeError for an option, the signal's reason.
 */
export function invert<T>(options: InvertOptions<T>): Sampling {
  const { schedule } = options;
  const steps = inversionSteps(schedule, { ...options, predicts: predictsOf(options) });
  return sample({ ...options, steps });
}

/** What the denoiser predicts: as told, or as it says itself. */
export function predictsOf<T>({
  predicts,
  denoiser,
}: Pick<InvertOptions<T>, "predicts" | "denoiser">): PredictionType {
  return predicts ?? (typeof denoiser === "function" ? "epsilon" : denoiser.predicts);
}
