import { add, type Expr, mul, reshape, silu, slice } from "@gen/graph";
import { geluTanh } from "./activation.ts";
import { xavierUniform, zeros } from "./initializers.ts";
import { layerNorm } from "./layer-norm.ts";
import { linear } from "./linear.ts";
import { tokenAttention } from "./token-attention.ts";

/**
 * `count` vectors `[batch, 1, width]` from a condition's embedding `[batch, width]`: silu, then a
 * linear layer that starts at zero.
 */
export function modulation(
  name: string,
  width: number,
  count: number,
): (condition: Expr) => Expr[] {
  const layer = linear(name, width, count * width, { weight: zeros });
  return (condition) => {
    const all = layer(silu(condition));
    return Array.from({ length: count }, (_, i) =>
      reshape(slice(all, 1, i * width, (i + 1) * width), [all.shape[0], 1, width]),
    );
  };
}

const EPSILON = 1e-6;

/** `norm(x) (1 + scale) + shift` of x `[batch, tokens, width]`, the norm without weights. */
export function modulatedNorm(width: number): (x: Expr, shift: Expr, scale: Expr) => Expr {
  const norm = layerNorm("", width, { epsilon: EPSILON, affine: false });
  return (x, shift, scale) => add(mul(norm(x), add(scale, 1)), shift);
}

/** Settings of {@link ditBlock}. */
export interface DitBlockOptions {
  /** Heads of attention. @defaultValue 1 */
  heads?: number;
  /** Hidden features of the MLP, divided by `width`. @defaultValue 4 */
  mlpRatio?: number;
  /** Seed of the first weights. @defaultValue 0 */
  seed?: number;
}

/**
 * The adaLN-Zero block of Peebles and Xie (2023, section 3.2 and figure 3): attention, then an MLP,
 * each on a layer norm. The condition gives the norm's shift and scale, and a gate of the result
 * that starts at zero. Takes x `[batch, tokens, width]` and the condition `[batch, width]`.
 */
export function ditBlock(
  name: string,
  width: number,
  { heads, mlpRatio = 4, seed = 0 }: DitBlockOptions,
): (x: Expr, condition: Expr) => Expr {
  const weight = xavierUniform();
  const modulate = modulation(`${name}.modulation`, width, 6);
  const norm = modulatedNorm(width);
  const attention = tokenAttention(`${name}.attention`, width, { heads, weight, seed });
  const inner = Math.round(mlpRatio * width);
  const widen = linear(`${name}.mlp.0`, width, inner, { weight, seed });
  const narrow = linear(`${name}.mlp.1`, inner, width, { weight, seed });
  return (x, condition) => {
    const [shift1, scale1, gate1, shift2, scale2, gate2] = modulate(condition);
    const h = add(x, mul(gate1, attention(norm(x, shift1, scale1))));
    return add(h, mul(gate2, narrow(geluTanh(widen(norm(h, shift2, scale2))))));
  };
}
