import type { NoiseLevel } from "./noise-level.ts";

/** What a denoiser's output estimates: the noise, the clean sample, the velocity v or a flow's. */
export type PredictionType = "epsilon" | "x0" | "v" | "flow";

/** A prediction as a combination of the clean sample and the noise: `p * x0 + q * epsilon`. */
export interface PredictionRow {
  readonly p: number;
  readonly q: number;
}

const EPSILON: PredictionRow = { p: 0, q: 1 };
const X0: PredictionRow = { p: 1, q: 0 };
const FLOW: PredictionRow = { p: -1, q: 1 };

/** An estimate as a combination of the noisy sample and the denoiser's output. */
export interface EstimateCoefficients {
  readonly x: number;
  readonly prediction: number;
}

/**
 * The row `[p, q]` of a prediction type: its training target is `p * x0 + q * epsilon`.
 *
 * epsilon `[0, 1]`, x0 `[1, 0]`, v `[-noise, signal]` (Salimans and Ho 2022, appendix D), flow
 * `[-1, 1]` (Lipman et al. 2023, eq. 23, whose time runs the other way).
 *
 * @throws RangeError on any other type.
 */
export function predictionRow(type: PredictionType, level: NoiseLevel): PredictionRow {
  if (type === "epsilon") return EPSILON;
  if (type === "x0") return X0;
  if (type === "v") return { p: -level.noise, q: level.signal };
  if (type === "flow") return FLOW;
  throw new RangeError(`prediction type must be epsilon, x0, v or flow, got ${type}`);
}

/**
 * The clean sample from a noisy one and the denoiser's output:
 * `x0 = x * x_t + prediction * output`, the first row of a 2x2 solve.
 *
 * `type` may also be any row `[p, q]`.
 *
 * @throws RangeError when the pair does not determine x0 (epsilon at zero signal).
 */
export function denoisedCoefficients(
  type: PredictionType | PredictionRow,
  level: NoiseLevel,
): EstimateCoefficients {
  const { p, q } = typeof type === "string" ? predictionRow(type, level) : type;
  if (q === 0 && p !== 0) return { x: 0, prediction: 1 / p };
  const { signal, noise } = level;
  const determinant = signal * q - noise * p;
  if (determinant === 0) {
    throw new RangeError(
      "a prediction of epsilon at zero signal says nothing of x0: predict v or x0 instead",
    );
  }
  return { x: q / determinant, prediction: -noise / determinant };
}

/**
 * The noise from a noisy sample and the denoiser's output:
 * `epsilon = x * x_t + prediction * output`, the second row of the same solve.
 *
 * @throws RangeError when the pair does not determine epsilon (x0 at zero noise).
 */
export function epsilonCoefficients(
  type: PredictionType | PredictionRow,
  level: NoiseLevel,
): EstimateCoefficients {
  const { p, q } = typeof type === "string" ? predictionRow(type, level) : type;
  if (p === 0 && q !== 0) return { x: 0, prediction: 1 / q };
  const determinant = level.signal * q - level.noise * p;
  if (determinant === 0) {
    throw new RangeError(
      "a prediction of x0 at zero noise says nothing of epsilon: predict v or epsilon instead",
    );
  }
  return { x: -p / determinant, prediction: level.signal / determinant };
}

/**
 * The prediction from the clean sample and the noisy one: `prediction = x0 * x_0 + x * x_t`, which
 * is `p * x_0 + q * epsilon` with epsilon solved from `x_t = signal * x_0 + noise * epsilon`.
 *
 * The level must hold noise unless the prediction is of x0 alone.
 */
export function predictionCoefficients(
  type: PredictionType | PredictionRow,
  level: NoiseLevel,
): { readonly x0: number; readonly x: number } {
  const { p, q } = typeof type === "string" ? predictionRow(type, level) : type;
  const { signal, noise } = level;
  return q === 0 ? { x0: p, x: 0 } : { x0: p - (q * signal) / noise, x: q / noise };
}
