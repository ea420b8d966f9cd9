import type { PredictionType } from "@gen/math";
import { checkOptions, rules } from "@gen/math/arguments";
import {
  ddimSteps,
  type InversionOptions,
  inversionSteps,
  type SampleOptions,
  type SamplerOptions,
  type Samples,
  sample,
} from "@gen/sampling";
import type { NoiseSchedule } from "@gen/schedules";

/** The samples x `[batch, ...]` to turn into noise, and how. */
export interface InvertOptions<T = unknown>
  extends SamplerOptions<T>,
    Omit<SampleOptions, "steps" | "x" | "seed" | "firstIndex" | "noise">,
    InversionOptions {
  /** The noise schedule of the denoiser's training. */
  readonly schedule: NoiseSchedule;
  /** Clean samples for `invert` and `encode`, codes for `decode`: `[batch, ...]` row-major. */
  readonly x: ArrayLike<number>;
}

/**
 * Turns clean samples into the noise from which DDIM makes these samples.
 *
 * A denoiser that is a function predicts `predicts`, by default epsilon.
 *
 * @param options The denoiser, its schedule, the samples, and the time steps.
 * @throws as a rejection: RangeError for an option, the signal's reason.
 */
export async function invert<T>(options: InvertOptions<T>): Promise<Samples> {
  checkInversion(options);
  const { schedule } = options;
  const steps = inversionSteps(schedule, { ...options, predicts: predictsOf(options) });
  return sample({ ...options, steps });
}

/**
 * Turns clean samples into codes, the noise from which {@link decode} makes the samples: another
 * name for {@link invert} (Song et al. 2021, section 5.4).
 *
 * @param options The denoiser, its schedule, the samples, and the time steps.
 * @throws as a rejection: RangeError for an option, the signal's reason.
 */
export async function encode<T>(options: InvertOptions<T>): Promise<Samples> {
  return invert(options);
}

/**
 * Turns codes `x` `[batch, ...]` into clean samples by DDIM with eta 0: the same code gives the
 * same sample. The steps are those of {@link encode}.
 *
 * @param options The denoiser, its schedule, the samples, and the time steps.
 * @throws as a rejection: RangeError for an option, the signal's reason.
 */
export async function decode<T>(options: InvertOptions<T>): Promise<Samples> {
  checkInversion(options);
  const { schedule } = options;
  const steps = ddimSteps(schedule, { ...options, predicts: predictsOf(options) });
  return sample({ ...options, steps });
}

/** Samples that were encoded and decoded. */
export interface RoundTrip {
  /** The codes, `[batch, ...]` row-major. */
  readonly code: ArrayLike<number>;
  /** The samples that came back. */
  readonly x: ArrayLike<number>;
  /** The difference from the original samples: its maximum and its root mean square. */
  readonly error: { readonly max: number; readonly rms: number };
}

/**
 * Encodes samples, decodes the codes, and measures the difference. The error is of first order in
 * the size of the steps.
 *
 * @param options The denoiser, its schedule, the samples, and the time steps.
 * @throws as a rejection: RangeError for an option, the signal's reason.
 */
export async function roundTrip<T>(options: InvertOptions<T>): Promise<RoundTrip> {
  const { x: code } = await encode(options);
  const { x } = await decode({ ...options, x: code });
  let [max, sum] = [0, 0];
  for (let i = 0; i < x.length; i++) {
    const gap = Math.abs(x[i] - options.x[i]);
    max = Math.max(max, gap);
    sum += gap * gap;
  }
  return { code, x, error: { max, rms: Math.sqrt(sum / x.length) } };
}

const checkInversion = (options: object): void =>
  checkOptions(options, {
    schedule: rules.SCHEDULE,
    denoiser: rules.either(rules.DENOISER, rules.FUNCTION),
    x: rules.NUMBERS,
    predicts: rules.optional(rules.PREDICTS),
  });

/** The prediction type: the option, else the denoiser's own. */
function predictsOf<T>({
  predicts,
  denoiser,
}: Pick<InvertOptions<T>, "predicts" | "denoiser">): PredictionType {
  return predicts ?? (typeof denoiser === "function" ? "epsilon" : denoiser.predicts);
}
