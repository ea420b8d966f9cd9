import { ArgumentError } from "./gen-error.ts";
import type { NoiseLevel } from "./noise-level.ts";

/** What a denoiser estimates: the noise, the clean sample, the velocity v or a flow's velocity. */
export type PredictionType = "epsilon" | "x0" | "v" | "flow";

/** A prediction as a combination of the clean sample and the noise: `p * x0 + q * epsilon`. */
export interface PredictionRow {
  /** What the clean sample is multiplied by. */
  readonly p: number;
  /** What the noise is multiplied by. */
  readonly q: number;
}

const ROWS = { epsilon: { p: 0, q: 1 }, x0: { p: 1, q: 0 }, flow: { p: -1, q: 1 } };

/** An estimate as a combination of the noisy sample and the denoiser's output. */
export interface EstimateCoefficients {
  /** What the noisy sample is multiplied by. */
  readonly x: number;
  /** What the denoiser's output is multiplied by. */
  readonly prediction: number;
}

/**
 * The row `[p, q]` of a prediction type, whose training target is `p * x0 + q * epsilon`; a row is
 * returned as it is.
 *
 * epsilon `[0, 1]`, x0 `[1, 0]`, v `[-noise, signal]` (Salimans and Ho 2022, appendix D), flow
 * `[-1, 1]` (Lipman et al. 2023, eq. 23, whose time runs the other way).
 *
 * @throws RangeError on any other type.
 */
export function predictionRow(
  type: PredictionType | PredictionRow,
  { signal, noise }: NoiseLevel,
): PredictionRow {
  if (typeof type !== "string") return type;
  if (type === "v") return { p: -noise, q: signal };
  if (Object.hasOwn(ROWS, type)) return ROWS[type];
  throw new ArgumentError(`type must be epsilon, x0, v or flow, got ${type}`);
}

/**
 * The clean sample from a noisy one and the denoiser's output:
 * `x0 = x * x_t + prediction * output`, the first row of a 2x2 solve. `type` may be any row
 * `[p, q]`.
 *
 * @param type What the denoiser predicts.
 * @param level The noise level of the sample.
 * @throws RangeError when the pair does not determine x0 (epsilon at zero signal).
 */
export function denoisedCoefficients(
  type: PredictionType | PredictionRow,
  level: NoiseLevel,
): EstimateCoefficients {
  const { p, q } = predictionRow(type, level);
  if (q === 0 && p !== 0) return { x: 0, prediction: 1 / p };
  const determinant = level.signal * q - level.noise * p;
  if (determinant === 0) {
    throw new ArgumentError(
      "a prediction of epsilon at zero signal does not determine x0: predict v or x0 instead",
    );
  }
  return { x: q / determinant, prediction: -level.noise / determinant };
}

/**
 * The noise from a noisy sample and the denoiser's output:
 * `epsilon = x * x_t + prediction * output`, the second row of the same solve.
 *
 * @param type What the denoiser predicts.
 * @param level The noise level of the sample.
 * @throws RangeError when the pair does not determine epsilon (x0 at zero noise).
 */
export function epsilonCoefficients(
  type: PredictionType | PredictionRow,
  level: NoiseLevel,
): EstimateCoefficients {
  const { p, q } = predictionRow(type, level);
  if (p === 0 && q !== 0) return { x: 0, prediction: 1 / q };
  const determinant = level.signal * q - level.noise * p;
  if (determinant === 0) {
    throw new ArgumentError(
      "a prediction of x0 at zero noise does not determine epsilon: predict v or epsilon instead",
    );
  }
  return { x: -p / determinant, prediction: level.signal / determinant };
}

/**
 * The prediction from the clean and the noisy sample: `prediction = x0 * x_0 + x * x_t`, which is
 * `p * x_0 + q * epsilon` with epsilon solved from `x_t = signal * x_0 + noise * epsilon`.
 *
 * The level must hold noise unless the prediction is x0.
 *
 * @param type What the denoiser predicts.
 * @param level The noise level of the sample.
 * @throws RangeError when the type is none of the four.
 */
export function predictionCoefficients(
  type: PredictionType | PredictionRow,
  level: NoiseLevel,
): { readonly x0: number; readonly x: number } {
  const { p, q } = predictionRow(type, level);
  const { signal, noise } = level;
  return q === 0 ? { x0: p, x: 0 } : { x0: p - (q * signal) / noise, x: q / noise };
}
