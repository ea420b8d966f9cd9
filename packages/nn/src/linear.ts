import { add, type Expr, matmul } from "@gen/graph";
import { fanInUniform, type Initializer, initializedParameter, uniform } from "./initializers.ts";

/** Settings of every layer with weights. */
export interface LayerOptions {
  /** Seed of the first weights. A weight's numbers depend on the seed and its name alone. */
  seed?: number;
  /** Whether a learned bias is added. @defaultValue true */
  bias?: boolean;
  /**
   * First values of the weight. With it the bias starts at zero.
   * @defaultValue PyTorch's, for weight and bias
   */
  weight?: Initializer;
}

/** First values of a layer's bias: PyTorch's, or zeros where the weight has an initializer. */
export const biasInitializer = (weight: Initializer | undefined, fanIn: number): Initializer =>
  uniform(weight ? 0 : 1 / Math.sqrt(fanIn));

/**
 * A linear layer: `x W^T + b` on `[..., inFeatures]`, giving `[..., outFeatures]`. Weights are
 * `NAME.weight` `[outFeatures, inFeatures]` and `NAME.bias` `[outFeatures]`, as PyTorch's.
 */
export function linear(
  name: string,
  inFeatures: number,
  outFeatures: number,
  { seed = 0, bias = true, weight }: LayerOptions = {},
): (x: Expr) => Expr {
  const w = initializedParameter(
    `${name}.weight`,
    [outFeatures, inFeatures],
    weight ?? fanInUniform,
    seed,
  );
  if (!bias) return (x) => matmul(x, w, { transposeB: true });
  const b = initializedParameter(
    `${name}.bias`,
    [outFeatures],
    biasInitializer(weight, inFeatures),
    seed,
  );
  return (x) => add(matmul(x, w, { transposeB: true }), b);
}
