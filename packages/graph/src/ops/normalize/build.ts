import { type Expr, expr, operands, requireFloat } from "../../expr/expr.ts";
import { GraphError } from "../../expr/graph-error.ts";
import { shapeText } from "../../expr/shape.ts";

/**
 * Group normalization of `[batch, channels, ...]` (Wu and He 2018, eq. 1 to 6):
 * `(x - mean) / sqrt(variance + epsilon) * scale + bias` with the mean and (biased) variance of
 * each group of `channels / groups` channels of a sample; `scale` and `bias` are `[channels]`.
 *
 * @param x The operand, `[batch, channels, ...]`.
 * @param scale Multiplies each channel, `[channels]`.
 * @param bias Is added to each channel, `[channels]`.
 * @param groups How many groups of channels; it divides the channels.
 * @param epsilon Added to the variance. Default: 1e-5.
 * @throws RangeError when x has fewer than 3 dimensions, `groups` does not divide the channels, or
 * scale and bias do not fit.
 */
export function groupNormalization(
  x: Expr,
  scale: Expr,
  bias: Expr,
  groups: number,
  epsilon = 1e-5,
): Expr {
  const inputs = operands("GroupNormalization", x, scale, bias);
  requireFloat("GroupNormalization", x);
  if (x.shape.length < 3) {
    throw new GraphError(
      `GroupNormalization: x must be [batch, channels, ...] of 3 dimensions or more, got ${shapeText(x.shape)}; reshape it, such as to [batch, channels, 1]`,
    );
  }
  const fits = (e: Expr) => e.shape.length === 1 && e.shape[0] === x.shape[1];
  if (!fits(scale) || !fits(bias) || (x.shape[1] as number) % groups !== 0) {
    throw new GraphError(
      `GroupNormalization: ${shapeText(x.shape)} in ${groups} groups does not go with scale ${shapeText(scale.shape)} and bias ${shapeText(bias.shape)}`,
    );
  }
  return expr("GroupNormalization", inputs, x.shape, { groups, epsilon });
}

/**
 * Group normalization in which every channel is a group (Ulyanov et al. 2016).
 *
 * @param x The operand, `[batch, channels, ...]`.
 * @param scale Multiplies each channel, `[channels]`.
 * @param bias Is added to each channel, `[channels]`.
 * @param epsilon Added to the variance. Default: 1e-5.
 * @throws RangeError when scale and bias do not fit.
 */
export const instanceNorm = (x: Expr, scale: Expr, bias: Expr, epsilon = 1e-5): Expr =>
  groupNormalization(x, scale, bias, x.shape[1] as number, epsilon);
