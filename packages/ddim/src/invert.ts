import type { PredictionType } from "@gen/math";
import {
  type InversionOptions,
  inversionSteps,
  type SampleOptions,
  type SamplerOptions,
  type Samples,
  sample,
} from "@gen/sampling";
import type { NoiseSchedule } from "@gen/schedules";

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
export function invert<T>(options: InvertOptions<T>): Promise<Samples> {
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
