import { add, div, type Expr, maximum, mean, mul, sqrt, square, sub } from "@gen/graph";
import type { FloatArray } from "@gen/math";
import { changePrediction, type DenoiserFunction, splitVariance } from "../denoiser/denoiser.ts";
import { hostFormula, outputTensor } from "../denoiser/host-function.ts";
import { type Interval, requireInterval, whereWithin } from "./interval.ts";

/** What classifier-free guidance and compositions share. */
export interface GuidanceOptions {
  /**
   * Where guidance acts; elsewhere every scale is divided by their sum.
   * @defaultValue everywhere
   */
  readonly interval?: Interval;
  /**
   * In [0, 1]: how far each sample's spread is pulled back to that of the unguided conditional
   * prediction (Lin et al. 2023, section 3.4).
   * @defaultValue 0
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
export function combine(
  x: Expr,
  t: Expr,
  unconditional: Expr,
  conditional: readonly Expr[],
  scales: readonly number[],
  { interval, rescale = 0 }: GuidanceOptions,
): Expr {
  const base = splitVariance(unconditional, x).prediction;
  const predictions = conditional.map((output) => splitVariance(output, x).prediction);
  const sum = (weights: readonly number[]) =>
    predictions.reduce((total, c, i) => add(total, mul(sub(c, base), weights[i])), base);
  return changePrediction(conditional[0], x, () => {
    let guided = sum(scales);
    if (rescale === 0 && !interval) return guided;
    const plain = sum(plainScales(scales));
    if (rescale > 0) {
      const ratio = div(spread(plain), maximum(spread(guided), 1e-12));
      guided = mul(guided, add(mul(ratio, rescale), 1 - rescale));
    }
    return whereWithin(t, interval, guided, plain);
  });
}

/** The standard deviation over each sample, kept as `[batch, 1, ...]`. */
function spread(x: Expr): Expr {
  const axes = x.shape.map((_, i) => i).slice(1);
  return sqrt(mean(square(sub(x, mean(x, axes, true))), axes, true));
}

/** {@link combine} for functions on x of shape `[batch, ...]`. */
export function combineFunctions(
  unconditional: DenoiserFunction,
  conditional: readonly DenoiserFunction[],
  scales: readonly number[],
  options: GuidanceOptions & { readonly shape: readonly number[] },
): DenoiserFunction {
  if (scales.length === 1 && scales[0] === 1) return conditional[0];
  const models = [["u", unconditional] as const, ...Object.entries(conditional)];
  const outputs = async (x: FloatArray, t: number) => {
    const all = models.map(async ([name, model]) => {
      return [name, outputTensor(await model(x, t), options.shape)] as const;
    });
    return Object.fromEntries(await Promise.all(all));
  };
  return hostFormula(options.shape, outputs, ({ x, t, u, ...c }) =>
    combine(x, t, u, Object.values(c), scales, options),
  );
}
