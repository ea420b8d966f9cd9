import { add, type Expr, matmul } from "@gen/graph";
import {
  fanInOut,
  fanInUniform,
  type Initializer,
  initializedParameter,
  uniform,
} from "./initializers.ts";

/** Settings of every layer with weights. */
export interface LayerOptions {
  /**
   * Seed of the first weights. A weight's numbers depend on the seed and its name alone.
   * @defaultValue 0
   */
  seed?: number;
  /** Whether a learned bias is added. @defaultValue true */
  bias?: boolean;
  /**
   * First values of the weight. With it the bias starts at zero.
   * @defaultValue PyTorch's, for weight and bias
   */
  weight?: Initializer;
}

/** A layer's `NAME.weight` of `shape` and, where it has a bias, `NAME.bias` `[shape[0]]`. */
export function layerParameters(name: string, shape: readonly number[], options: LayerOptions) {
  const { seed = 0, bias = true, weight } = options;
  const first = uniform(weight ? 0 : 1 / Math.sqrt(fanInOut(shape).fanIn));
  return {
    w: initializedParameter(`${name}.weight`, shape, weight ?? fanInUniform, seed),
    b: bias ? initializedParameter(`${name}.bias`, [shape[0]], first, seed) : undefined,
  };
}

/**
 * A linear layer: `x W^T + b` on `[..., inFeatures]`, giving `[..., outFeatures]`. Weights are
 * `NAME.weight` `[outFeatures, inFeatures]` and `NAME.bias` `[outFeatures]`, as PyTorch's.
 */
export function linear(
  name: string,
  inFeatures: number,
  outFeatures: number,
  options: LayerOptions = {},
): (x: Expr) => Expr {
  const { w, b } = layerParameters(name, [outFeatures, inFeatures], options);
  const apply = (x: Expr) => matmul(x, w, { transposeB: true });
  return b ? (x) => add(apply(x), b) : apply;
}
