import { ddimSteps, type Samples, sample } from "@gen/sampling";
import { type InvertOptions, invert, predictsOf } from "./invert.ts";

/** Codes `[batch, ...]` to turn into samples, and how; the steps as for {@link encode}. */
export type DecodeOptions<T = unknown> = InvertOptions<T>;

/**
 * Clean samples to their codes: the noise that {@link decode} makes them from, another name for
 * {@link invert} (Song et al. 2021, section 5.4).
 *
 * @throws as a rejection: RangeError or TypeError for an option, the signal's reason.
 */
export function encode<T>(options: InvertOptions<T>): Promise<Samples> {
  return invert(options);
}

/**
 * Codes to clean samples, by DDIM with eta 0: the same code gives the same sample.
 *
 * @throws as a rejection: RangeError or TypeError for an option, the signal's reason.
 */
export function decode<T>(options: DecodeOptions<T>): Promise<Samples> {
  const { schedule } = options;
  const steps = ddimSteps(schedule, { ...options, predicts: predictsOf(options) });
  return sample({ ...options, steps });
}

/** What is left of samples that were encoded and decoded. */
export interface RoundTrip {
  /** The codes, `[batch, ...]` row-major. */
  readonly code: ArrayLike<number>;
  /** The samples that came back. */
  readonly x: ArrayLike<number>;
  /** The difference from the first ones: the largest, and the root of the mean square. */
  readonly error: { readonly max: number; readonly rms: number };
}

/**
 * Encodes samples, decodes the codes, and tells how far from the samples that leads. The error is
 * of first order in the size of the steps.
 *
 * @throws RangeError or TypeError for an option, the signal's reason.
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
