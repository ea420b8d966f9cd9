import { type Expr, matmul, mul, reshape, slice, softmax, transpose } from "@gen/graph";
import type { Initializer } from "./initializers.ts";
import { linear } from "./linear.ts";

/** Settings of {@link tokenAttention}. */
export interface TokenAttentionOptions {
  /** Heads of attention. @defaultValue 1 */
  heads?: number;
  /** Features of the context's tokens. With it the layer is cross-attention. */
  contextFeatures?: number;
  /**
   * Whether queries, keys and values have a bias. The projection always has one.
   * @defaultValue true
   */
  bias?: boolean;
  /** First values of the weights. @defaultValue PyTorch's */
  weight?: Initializer;
  /** Seed of the first weights. @defaultValue 0 */
  seed?: number;
}

/**
 * Multi-head attention of tokens (Vaswani et al. 2017, section 3.2.2). x
 * `[batch, tokens, features]` attends to itself or, with `contextFeatures`, to a second argument
 * `[batch, others, contextFeatures]`. The result is `[batch, tokens, features]`.
 *
 * Weights are `NAME.qkv` for self-attention, `NAME.q` and `NAME.kv` for cross-attention, and
 * `NAME.project`. The parts of one weight follow each other in the order of its name.
 * @throws RangeError when `heads` does not divide `features`; TypeError where a context is missing.
 */
export function tokenAttention(
  name: string,
  features: number,
  options: TokenAttentionOptions = {},
): (x: Expr, context?: Expr) => Expr {
  const { heads = 1, contextFeatures, bias, weight, seed } = options;
  if (!(Number.isInteger(heads) && heads > 0 && features % heads === 0)) {
    throw new RangeError(`heads must divide the ${features} features of ${name}, got ${heads}`);
  }
  const layer = (part: string, from: number, parts: number) =>
    linear(`${name}.${part}`, from, parts * features, { bias, weight, seed });
  const project = linear(`${name}.project`, features, features, { weight, seed });
  const one = features / heads;
  const headsOf = (all: Expr, part: number, order: number[]) => {
    const own = slice(all, 2, part * features, (part + 1) * features);
    return transpose(reshape(own, [...own.shape.slice(0, 2), heads, one]), order);
  };
  const attend = (q: Expr, kv: Expr, first: number, x: Expr): Expr => {
    const queries = mul(headsOf(q, 0, [0, 2, 1, 3]), 1 / Math.sqrt(one));
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
    if (!context) throw new TypeError(`${name} needs a context as its second argument`);
    return attend(q(x), kv(context), 0, x);
  };
}
