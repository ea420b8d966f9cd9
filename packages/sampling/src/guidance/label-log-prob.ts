import {
  cast,
  constant,
  type Expr,
  equal,
  logSumExp,
  mul,
  reshape,
  sub,
  sum,
  tensor,
} from "@gen/graph";

/**
 * `log softmax(logits)[label]` in nats, `[batch]`: the log probability of each sample's label.
 * Logits are `[batch, classes]`; labels are `[batch]`, or one number for all.
 */
export function labelLogProb(logits: Expr, label: Expr | number): Expr {
  const classes = Number(logits.shape[1]);
  const indices = constant(tensor(Array.from({ length: classes }, (_, k) => k)));
  const wanted =
    typeof label === "number"
      ? constant(label)
      : reshape(cast(label, "float32"), [label.shape[0], 1]);
  const chosen = sum(mul(cast(equal(indices, wanted), logits.dtype), logits), [1]);
  return sub(chosen, logSumExp(logits, 1));
}
