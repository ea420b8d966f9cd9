import { add, type Expr, matmul, mul, reshape, slice, softmax } from "@gen/graph";
import { convolution } from "./convolution.ts";
import { groupNorm } from "./group-norm.ts";
import { zeros } from "./initializers.ts";

/**
 * Scaled dot-product attention (Vaswani et al. 2017, eq. 1), features before positions:
 * `v softmax(q^T k / sqrt(features))^T` of q `[..., features, queries]`, k `[..., features, keys]`
 * and v `[..., values, keys]`, giving `[..., values, queries]`.
 */
function attend(q: Expr, k: Expr, v: Expr): Expr {
  const features = q.shape[q.shape.length - 2] as number;
  // q has fewer elements than the scores, so the scale is applied to q.
  const scores = matmul(mul(q, 1 / Math.sqrt(features)), k, { transposeA: true });
  return matmul(v, softmax(scores), { transposeB: true });
}

/** Settings of {@link attention}. */
export interface AttentionOptions {
  /** Heads of attention. @defaultValue 1 */
  heads?: number;
  /** Groups of the normalization of the input. @defaultValue `defaultGroups(channels)` */
  groups?: number;
  /** Seed of the first weights. @defaultValue 0 */
  seed?: number;
}

/**
 * Self-attention over the positions of `[batch, channels, height, width]`, added to its input:
 * `x + project(attend(query, key, value of groupNorm(x)))` (Ho et al. 2020, appendix B), where
 * the projection starts at zero.
 * @throws RangeError when `heads` does not divide `channels`.
 */
export function attention(
  name: string,
  channels: number,
  { heads = 1, groups, seed = 0 }: AttentionOptions = {},
): (x: Expr) => Expr {
  if (!(Number.isInteger(heads) && heads > 0 && channels % heads === 0)) {
    throw new RangeError(`heads must divide the ${channels} channels of ${name}, got ${heads}`);
  }
  const norm = groupNorm(`${name}.norm`, channels, { groups });
  const qkv = convolution(`${name}.qkv`, channels, 3 * channels, { kernel: 1, seed });
  const project = convolution(`${name}.project`, channels, channels, {
    kernel: 1,
    seed,
    weight: zeros,
  });
  return (x) => {
    const [batch, , height, width] = x.shape;
    const all = qkv(norm(x));
    const positions = (height as number) * (width as number);
    const part = (i: number) => {
      const channelsOf = slice(all, 1, i * channels, (i + 1) * channels);
      return reshape(channelsOf, [batch, heads, channels / heads, positions]);
    };
    return add(x, project(reshape(attend(part(0), part(1), part(2)), x.shape)));
  };
}
