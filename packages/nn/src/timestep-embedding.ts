import { cast, concat, constant, cos, type Expr, mul, pad, reshape, sin, tensor } from "@gen/graph";

/** Settings of {@link timestepEmbedding}. */
export interface TimestepEmbeddingOptions {
  /** Slowest period over 2 pi, in steps. @defaultValue 10,000 */
  maxPeriod?: number;
  /**
   * Cosines before sines (diffusers' `flip_sin_to_cos`).
   * @defaultValue false, as in Ho et al.'s code
   */
  flipSinToCos?: boolean;
  /** Diffusers' `downscale_freq_shift`. @defaultValue 1, as in Ho et al.'s code */
  downscaleFreqShift?: number;
}

/**
 * Sines and cosines of a time step (Vaswani et al. 2017, section 3.5, in the order of Ho et al.
 * 2020): `[sin(t w_0), ..., cos(t w_0), ...]` with `w_i = maxPeriod^(-i / (features / 2 - shift))`.
 * `t` `[batch]` of any dtype gives float32 `[batch, features]`; an odd last feature is 0.
 */
export function timestepEmbedding(
  t: Expr,
  features: number,
  options: TimestepEmbeddingOptions = {},
): Expr {
  const { maxPeriod = 10_000, flipSinToCos = false, downscaleFreqShift = 1 } = options;
  const half = Math.floor(features / 2);
  if (t.shape.length !== 1 || !(half > downscaleFreqShift)) {
    throw new RangeError(
      `timestepEmbedding needs t [batch] and more than ${2 * downscaleFreqShift} features, got t [${t.shape.join(", ")}] and ${features}`,
    );
  }
  const rate = -Math.log(maxPeriod) / (half - downscaleFreqShift);
  const frequencies = Float32Array.from({ length: half }, (_, i) => Math.exp(rate * i));
  const angles = mul(
    reshape(cast(t, "float32"), [t.shape[0], 1]),
    constant(tensor(frequencies, [1, half])),
  );
  const waves = [sin(angles), cos(angles)];
  return pad(concat(flipSinToCos ? waves.reverse() : waves, 1), [0, 0], [0, features - 2 * half]);
}
