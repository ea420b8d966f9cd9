/*
 * The states of a CLIP encoder between its layers, found by structure where the file gives the last
 * state alone. A layer adds to its input twice:
 *
 *   h = x + attention(norm(x))      x' = h + mlp(norm(h))      last = norm(x' of the last layer)
 */
import type { Expr } from "@gen/graph";
import { rebuild, withInputs } from "@gen/graph/compiler";
import { GenError } from "@gen/math";

/**
 * The last state without the last `skipped` layers, under the final norm, as `clip_skip` of diffusers.
 *
 * @throws GenError `invalid-model` for an encoder of another structure, or of fewer layers.
 */
export function withoutLayers(last: Expr, skipped: number, path: string): Expr {
  const sums = residualSums(last);
  const layers = sums.length / 2;
  if (layers < 1 || !Number.isInteger(layers)) {
    throw new GenError(
      "invalid-model",
      `clipSkip must be left out for this folder: ${path} gives its last state alone, and its layers were not found`,
    );
  }
  if (skipped > layers) {
    throw new GenError(
      "invalid-model",
      `clipSkip must be at most ${layers}, the layers of ${path}, got ${skipped}`,
    );
  }
  const kept = 2 * (layers - skipped);
  const state = kept > 0 ? sums[kept - 1].sum : sums[0].before;
  const end = sums[sums.length - 1].sum;
  const { output } = rebuild({ output: last }, (node, inputs) =>
    node === end ? state : withInputs(node, inputs),
  );
  return output;
}

/** A sum of a value and of what is computed from it. */
interface Residual {
  readonly sum: Expr;
  readonly before: Expr;
}

/** The chain of residual sums that ends below `last`, in order. */
function residualSums(last: Expr): Residual[] {
  const sums: Residual[] = [];
  for (let from: Expr | undefined = last; from; from = sums.at(-1)?.before) {
    const next = nearestSum(from);
    if (!next || (sums.length > 0 && next.sum !== from)) break;
    sums.push(next);
  }
  return sums.reverse();
}

/** The first residual sum on the way down from a value. */
function nearestSum(from: Expr): Residual | undefined {
  const seen = new Set<Expr>([from]);
  // Breadth first, so that the sum that all others pass through is found first.
  for (const node of seen) {
    const before = node.op === "Add" ? residualOf(node.inputs) : undefined;
    if (before) return { sum: node, before };
    for (const e of node.inputs) seen.add(e);
  }
  return undefined;
}

/** The operand that the other is computed from. */
function residualOf([a, b]: readonly Expr[]): Expr | undefined {
  if (String(a.shape) !== String(b.shape)) return undefined;
  if (isBelow(a, b)) return a;
  return isBelow(b, a) ? b : undefined;
}

/** Whether `top` is computed from `e`. */
function isBelow(e: Expr, top: Expr): boolean {
  const seen = new Set<Expr>(top.inputs);
  for (const node of seen) {
    if (node === e) return true;
    for (const operand of node.inputs) seen.add(operand);
  }
  return false;
}
