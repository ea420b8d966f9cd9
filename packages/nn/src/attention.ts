import { add, type Expr, matmul, mul, reshape, slice, softmax, transpose } from "@gen/graph";
import { ArgumentError, shown } from "@gen/math/arguments";
import { convolution } from "./convolution.ts";
import { type LayerOptions, zeros } from "./initializers.ts";
import { checkLayer } from "./layer-rules.ts";
import { linear } from "./linear.ts";
import { groupNorm } from "./normalization.ts";

/** Settings of {@link attention}. */
export interface AttentionOptions extends Pick<LayerOptions, "seed"> {
  /** Heads of attention. @defaultValue 1 */
  heads?: number;
  /** Groups of the normalization of the input. @defaultValue `defaultGroups(channels)` */
  groups?: number;
}

function checkHeads(heads: number, features: number, what: string): void {
  if (Number.isInteger(heads) && heads > 0 && features % heads === 0) return;
  throw new ArgumentError(`heads must divide the ${features} ${what}, got ${shown(heads)}`);
}

/**
 * Self-attention over the positions of `[batch, channels, height, width]`, added to its input:
 * `x + project(attend(query, key, value of groupNorm(x)))` (Ho et al. 2020, appendix B), where
 * the projection starts at zero.
 *
 * @param name Start of the weights' names.
 * @param channels Channels of x and of the result.
 * @param options Heads, groups and seed. Default: one head.
 * @throws RangeError when `heads` does not divide `channels`.
 */
export function attention(
  name: string,
  channels: number,
  options: AttentionOptions = {},
): (x: Expr) => Expr {
  checkLayer(name, { channels }, options);
  const { heads = 1, groups, seed } = options;
  checkHeads(heads, channels, `channels of ${name}`);
  const norm = groupNorm(`${name}.norm`, channels, { groups });
  const qkv = convolution(`${name}.qkv`, channels, 3 * channels, { kernel: 1, seed });
  const last = { kernel: 1, seed, weight: zeros };
  const project = convolution(`${name}.project`, channels, channels, last);
  return (x) => {
    const [batch, , height, width] = x.shape;
    const all = qkv(norm(x));
    const positions = (height as number) * (width as number);
    const part = (i: number) => {
      const channelsOf = slice(all, 1, i * channels, (i + 1) * channels);
      return reshape(channelsOf, [batch, heads, channels / heads, positions]);
    };
    // Features come before positions. q has fewer elements than the scores, so q is scaled.
    const q = mul(part(0), 1 / Math.sqrt(channels / heads));
    const scores = matmul(q, part(1), { transposeA: true });
    const attended = matmul(part(2), softmax(scores), { transposeB: true });
    return add(x, project(reshape(attended, x.shape)));
  };
}

/** Settings of {@link tokenAttention}. */
export interface TokenAttentionOptions extends LayerOptions {
  /** Heads of attention. @defaultValue 1 */
  heads?: number;
  /**
   * Features of the context's tokens. With it the layer is cross-attention.
   * @defaultValue none, self-attention
   */
  contextFeatures?: number;
  /** Whether queries, keys and values have a bias; the projection has. @defaultValue true */
  bias?: boolean;
}

/**
 * Multi-head attention of tokens (Vaswani et al. 2017, section 3.2.2). x
 * `[batch, tokens, features]` attends to itself or, with `contextFeatures`, to a second argument
 * `[batch, others, contextFeatures]`. The result is `[batch, tokens, features]`.
 *
 * Weights are `NAME.qkv` for self-attention, `NAME.q` and `NAME.kv` for cross-attention, and
 * `NAME.project`. The parts of one weight follow each other in the order of its name.
 *
 * @param name Start of the weights' names.
 * @param features Features of a token of x and of the result.
 * @param options Heads, the context's features, bias and seed. Default: one head, self-attention.
 * @throws RangeError when `heads` does not divide `features`, or when a context is missing.
 */
export function tokenAttention(
  name: string,
  features: number,
  options: TokenAttentionOptions = {},
): (x: Expr, context?: Expr) => Expr {
  checkLayer(name, { features }, options);
  const { heads = 1, contextFeatures, bias, weight, seed } = options;
  checkHeads(heads, features, `features of ${name}`);
  const layer = (part: string, from: number, parts: number) =>
    linear(`${name}.${part}`, from, parts * features, { bias, weight, seed });
  const project = linear(`${name}.project`, features, features, { weight, seed });
  const perHead = features / heads;
  const headsOf = (all: Expr, part: number, order: number[]) => {
    const own = slice(all, 2, part * features, (part + 1) * features);
    return transpose(reshape(own, [...own.shape.slice(0, 2), heads, perHead]), order);
  };
  const attend = (q: Expr, kv: Expr, first: number, x: Expr): Expr => {
    const queries = mul(headsOf(q, 0, [0, 2, 1, 3]), 1 / Math.sqrt(perHead));
    const scores = matmul(queries, headsOf(kv, first, [0, 2, 3, 1]));
    const values = matmul(softmax(scores), headsOf(kv, first + 1, [0, 2, 1, 3]));
    return project(reshape(transpose(values, [0, 2, 1, 3]), x.shape));
  };
  if (contextFeatures === undefined) {
    const qkv = layer("qkv", features, 3);
    return (x) => {
      const all = qkv(x);
      return attend(all, all, 1, x);
    };
  }
  const [q, kv] = [layer("q", features, 1), layer("kv", contextFeatures, 2)];
  return (x, context) => {
    if (!context) throw new ArgumentError(`${name} needs a context as its second argument`);
    return attend(q(x), kv(context), 0, x);
  };
}
