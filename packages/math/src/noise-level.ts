/** A flat array of real numbers in single or double precision. */
export type FloatArray = Float32Array | Float64Array;

/**
 * The share of signal and of noise in a noisy sample: `x = signal * x0 + noise * epsilon`.
 *
 * Variance preserving levels have `signal^2 + noise^2 = 1`; variance exploding levels have
 * `signal = 1`; flow levels have `signal + noise = 1`. Both numbers are finite and not negative.
 */
export interface NoiseLevel {
  /** What the clean sample is multiplied by. */
  readonly signal: number;
  /** The standard deviation of the noise. */
  readonly noise: number;
}

/** The level of clean data: signal 1, noise 0. */
export const cleanLevel: NoiseLevel = /* @__PURE__ */ Object.freeze({ signal: 1, noise: 0 });
