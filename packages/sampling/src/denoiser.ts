import { type Expr, type Parameter, shapeText } from "@gen/graph";
import type { FloatArray, PredictionType } from "@gen/math";

/**
 * A network that estimates the clean sample, the noise or the velocity from a noisy sample.
 *
 * `apply` takes x `[batch, ...]` float32 and t `[batch]` int64 (0-based) and gives what it
 * `predicts`, in the shape of x. `condition` is whatever the network was trained with.
 */
export interface Denoiser {
  readonly predicts: PredictionType;
  apply(x: Expr, t: Expr, condition?: Expr): Expr;
  readonly parameters: readonly Parameter[];
}

/**
 * A denoiser as an ordinary function of numbers: x is `[batch, ...]` row-major, t is 0-based.
 * It runs in float64 on the host, with no backend.
 */
export type DenoiserFunction = (x: FloatArray, t: number) => FloatArray | Promise<FloatArray>;

/** What `denoiser` takes: a network of (x, t) or (x, t, condition). */
export interface DenoisingNetwork {
  apply(...inputs: Expr[]): Expr;
  readonly parameters: readonly Parameter[];
}

/**
 * A network of (x, t) together with what it predicts.
 *
 * @throws RangeError when `predicts` is not epsilon, x0 or v; on use, when the network's output
 * has another shape than x.
 */
export function denoiser(
  network: DenoisingNetwork,
  predicts: PredictionType = "epsilon",
): Denoiser {
  requirePrediction(predicts);
  return {
    predicts,
    parameters: network.parameters,
    apply(x, t, condition) {
      const output = condition ? network.apply(x, t, condition) : network.apply(x, t);
      const same =
        output.shape.length === x.shape.length && output.shape.every((d, i) => d === x.shape[i]);
      if (same) return output;
      throw new RangeError(
        `a denoiser's output must have the shape of x, ${shapeText(x.shape)}, got ${shapeText(output.shape)}`,
      );
    },
  };
}

/** @throws RangeError unless `type` is a prediction type. */
export function requirePrediction(type: PredictionType): void {
  if (type !== "epsilon" && type !== "x0" && type !== "v") {
    throw new RangeError(`predicts must be epsilon, x0 or v, got ${String(type)}`);
  }
}
