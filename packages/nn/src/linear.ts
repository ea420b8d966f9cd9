import { add, type Expr, matmul } from "@gen/graph";
import { type LayerOptions, layerParameters } from "./initializers.ts";
import { checkLayer } from "./layer-rules.ts";

/**
 * A linear layer: `x W^T + b` on `[..., inFeatures]`, giving `[..., outFeatures]`. Weights are
 * `NAME.weight` `[outFeatures, inFeatures]` and `NAME.bias` `[outFeatures]`, as PyTorch's.
 *
 * @param name Start of the weights' names.
 * @param inFeatures Features of x.
 * @param outFeatures Features of the result.
 * @param options Bias, first values and seed. Default: with a bias, PyTorch's first values.
 * @throws RangeError when a number of features is no positive integer; on use, when x does not fit.
 */
export function linear(
  name: string,
  inFeatures: number,
  outFeatures: number,
  options: LayerOptions = {},
): (x: Expr) => Expr {
  checkLayer(name, { inFeatures, outFeatures }, options);
  const { w, b } = layerParameters(name, [outFeatures, inFeatures], options);
  const apply = (x: Expr) => matmul(x, w, { transposeB: true });
  return b ? (x) => add(apply(x), b) : apply;
}
