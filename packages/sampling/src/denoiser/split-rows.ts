import type { FloatArray } from "@gen/math";

/**
 * A denoiser's output `[batch, channels, ...]` in two, as numbers: what it predicts, and the raw
 * numbers of a learned variance, where there are twice as many channels as in x.
 *
 * @throws RangeError when the output is neither as large as x nor twice as large.
 */
export function splitRows(
  output: FloatArray,
  shape: readonly number[],
): { prediction: FloatArray; variance?: FloatArray } {
  const size = shape.reduce((a, b) => a * b, 1);
  if (output?.length === size) return { prediction: output };
  if (output?.length !== 2 * size || shape.length < 2) {
    throw new RangeError(
      `a denoiser must give as many numbers as x, ${size}, got ${output?.length}`,
    );
  }
  const row = size / shape[0];
  const half = (which: number) =>
    Float64Array.from({ length: size }, (_, i) => output[i + row * (Math.floor(i / row) + which)]);
  return { prediction: half(0), variance: half(1) };
}
