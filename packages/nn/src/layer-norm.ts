import {
  add,
  constant,
  type Expr,
  elementCount,
  instanceNorm,
  mul,
  reshape,
  tensor,
} from "@gen/graph";
import { initializedParameter, ones, zeros } from "./initializers.ts";

/** Settings of {@link layerNorm}. */
export interface LayerNormOptions {
  /** Added to the variance. @defaultValue 1e-5 */
  epsilon?: number;
  /** Whether a learned scale and bias follow (`NAME.weight`, `NAME.bias`). @defaultValue true */
  affine?: boolean;
}

/**
 * Layer normalization (Ba et al. 2016, eq. 3): the last dimension of `[..., features]` to mean 0
 * and variance 1, then a learned scale and bias per feature.
 */
export function layerNorm(
  name: string,
  features: number,
  { epsilon = 1e-5, affine = true }: LayerNormOptions = {},
): (x: Expr) => Expr {
  const unit = constant(tensor([1], [1]));
  const none = constant(tensor([0], [1]));
  const normalize = (x: Expr) => {
    // Instance normalization of one channel per sample, where each row is a sample.
    const rows = reshape(x, [elementCount(x.shape.slice(0, -1)), 1, features]);
    return reshape(instanceNorm(rows, unit, none, epsilon), x.shape);
  };
  if (!affine) return normalize;
  const scale = initializedParameter(`${name}.weight`, [features], ones, 0);
  const bias = initializedParameter(`${name}.bias`, [features], zeros, 0);
  return (x) => add(mul(normalize(x), scale), bias);
}
