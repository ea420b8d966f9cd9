import { add, concat, div, type Expr, maximum, mean, mul, sqrt, square, sub } from "@gen/graph";
import type { FloatArray } from "@gen/math";
import { splitVariance } from "../denoiser/denoiser.ts";
import { splitRows } from "../denoiser/split-rows.ts";
import { type Interval, requireInterval, whereWithin, within } from "./interval.ts";

/** What classifier-free guidance and compositions share. */
export interface GuidanceOptions {
  /** Where guidance acts; elsewhere every scale is divided by their sum. Everywhere unless told. */
  readonly interval?: Interval;
  /**
   * In [0, 1]: how far each sample's spread is pulled back to that of the unguided conditional
   * prediction (Lin et al. 2023, section 3.4); 0 unless told.
   */
  readonly rescale?: number;
}

/** @throws RangeError when a scale is not finite, or an option is outside its range. */
export function requireGuidance(scales: readonly number[], options: GuidanceOptions): void {
  const { rescale = 0, interval } = options;
  for (const scale of scales) {
    if (!Number.isFinite(scale)) throw new RangeError(`scale must be a number, got ${scale}`);
  }
  if (!(rescale >= 0 && rescale <= 1)) {
    throw new RangeError(`rescale must be in [0, 1], got ${rescale}`);
  }
  requireInterval(interval);
}

/** Scales that sum to 1 in the same proportions: no guidance, but the same conditions. */
function plainScales(scales: readonly number[]): number[] {
  const sum = scales.reduce((a, b) => a + b, 0);
  return scales.map((scale) => (sum === 0 ? 1 / scales.length : scale / sum));
}

/** `u + sum_i scale_i (c_i - u)` of denoisers' outputs; a learned variance is the first c's. */
export function combineExpr(
  x: Expr,
  t: Expr,
  unconditional: Expr,
  conditional: readonly Expr[],
  scales: readonly number[],
  { interval, rescale = 0 }: GuidanceOptions,
): Expr {
  const base = splitVariance(unconditional, x).prediction;
  const parts = conditional.map((output) => splitVariance(output, x));
  const sum = (weights: readonly number[]) =>
    parts.reduce(
      (total, { prediction }, i) => add(total, mul(sub(prediction, base), weights[i])),
      base,
    );
  let guided = sum(scales);
  if (rescale > 0 || interval) {
    const plain = sum(plainScales(scales));
    if (rescale > 0) {
      const ratio = div(spread(plain), maximum(spread(guided), 1e-12));
      guided = mul(guided, add(mul(ratio, rescale), 1 - rescale));
    }
    if (interval) guided = whereWithin(t, interval, guided, plain);
  }
  const { variance } = parts[0];
  return variance ? concat([guided, variance], 1) : guided;
}

/** The standard deviation over each sample, kept as `[batch, 1, ...]`. */
function spread(x: Expr): Expr {
  const axes = x.shape.map((_, i) => i).slice(1);
  return sqrt(mean(square(sub(x, mean(x, axes, true))), axes, true));
}

/** The same on numbers; the shape `[batch, ...]` of x is needed to tell samples and halves apart. */
export function combineRows(
  t: number,
  unconditional: FloatArray,
  conditional: readonly FloatArray[],
  scales: readonly number[],
  { interval, rescale = 0, shape }: GuidanceOptions & { readonly shape: readonly number[] },
): Float64Array {
  const base = splitRows(unconditional, shape).prediction;
  const parts = conditional.map((output) => splitRows(output, shape));
  const sum = (weights: readonly number[]) =>
    Float64Array.from(base, (u, i) =>
      parts.reduce((total, { prediction }, k) => total + weights[k] * (prediction[i] - u), u),
    );
  const inside = within(t, interval);
  const guided = sum(inside ? scales : plainScales(scales));
  const size = guided.length / shape[0];
  if (rescale > 0 && inside) {
    const plain = sum(plainScales(scales));
    for (let from = 0; from < guided.length; from += size) {
      const part = guided.subarray(from, from + size);
      const ratio = deviation(plain.subarray(from, from + size)) / deviation(part);
      for (let i = 0; i < size; i++) part[i] *= rescale * ratio + 1 - rescale;
    }
  }
  const { variance } = parts[0];
  if (!variance) return guided;
  return Float64Array.from({ length: 2 * guided.length }, (_, i) => {
    const at = Math.floor(i / (2 * size)) * size + (i % size);
    return Math.floor(i / size) % 2 === 0 ? guided[at] : variance[at];
  });
}

function deviation(values: Float64Array): number {
  const mean = values.reduce((sum, v) => sum + v, 0) / values.length;
  return Math.max(
    Math.sqrt(values.reduce((sum, v) => sum + (v - mean) ** 2, 0) / values.length),
    1e-12,
  );
}
