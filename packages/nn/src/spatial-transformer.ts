import { add, type Expr, gelu, mul, reshape, slice, transpose } from "@gen/graph";
import { type AttentionOptions, tokenAttention } from "./attention.ts";
import { convolution } from "./convolution.ts";
import { zeros } from "./initializers.ts";
import { linear } from "./linear.ts";
import { groupNorm, layerNorm } from "./normalization.ts";

/** Settings of {@link spatialTransformer}. */
export interface SpatialTransformerOptions extends AttentionOptions {
  /** Features of each token of the context. */
  contextFeatures: number;
}

/**
 * The transformer block of latent diffusion (Rombach et al. 2022, section 3.3 and appendix E.2.1):
 * the positions of x `[batch, channels, height, width]` as tokens attend to each other, then to the
 * context `[batch, tokens, contextFeatures]`, and go through a gated MLP (Shazeer 2020, eq. 6).
 * Each of the three takes a layer norm of what its result is added to. A 1x1 convolution comes
 * before them, and one that starts at zero after them; its result is added to x.
 * @throws RangeError when `heads` does not divide `channels`.
 */
export function spatialTransformer(
  name: string,
  channels: number,
  { contextFeatures, heads, groups, seed }: SpatialTransformerOptions,
): (x: Expr, context: Expr) => Expr {
  const norm = groupNorm(`${name}.norm`, channels, { groups });
  const enter = convolution(`${name}.in`, channels, channels, { kernel: 1, seed });
  const leave = convolution(`${name}.out`, channels, channels, { kernel: 1, seed, weight: zeros });
  const norms = [1, 2, 3].map((i) => layerNorm(`${name}.norm${i}`, channels));
  const attention = { heads, bias: false, seed };
  const self = tokenAttention(`${name}.self`, channels, attention);
  const cross = tokenAttention(`${name}.cross`, channels, { ...attention, contextFeatures });
  const inner = 4 * channels;
  const widen = linear(`${name}.mlp.0`, channels, 2 * inner, { seed });
  const narrow = linear(`${name}.mlp.1`, inner, channels, { seed });
  const gated = (h: Expr) => mul(slice(h, 2, 0, inner), gelu(slice(h, 2, inner, 2 * inner)));
  return (x, context) => {
    let h = transpose(reshape(enter(norm(x)), [x.shape[0], channels, -1]), [0, 2, 1]);
    h = add(h, self(norms[0](h)));
    h = add(h, cross(norms[1](h), context));
    h = add(h, narrow(gated(widen(norms[2](h)))));
    return add(x, leave(reshape(transpose(h, [0, 2, 1]), x.shape)));
  };
}
