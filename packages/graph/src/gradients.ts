/*
 * Reverse-mode differentiation. With v' = d loss / d v, and loss' = 1, from the loss down to `wrt`:
 *
 *   x' = sum over the uses y of x:  y' dy/dx
 *
 * Each operation's dy/dx is a rule in the `gradient.ts` files of `ops`. The results are
 * expressions; training puts them into the graph of a step, guidance into the graph of a sampler.
 *
 *   const [dw] = gradients(mean(square(sub(matmul(x, w), y))), [w]);
 */

import { GenError } from "@gen/math";
import { constant, type Expr, type ExprOf } from "./expr/expr.ts";
import { foreignOperations, foreignRunners, isOpaqueResult } from "./expr/foreign.ts";
import { GraphError } from "./expr/graph-error.ts";
import type { ComputedOp, Op } from "./expr/operations.ts";
import { sameShape, shapeText } from "./expr/shape.ts";
import { isFloat } from "./expr/tensor.ts";
import { topological } from "./expr/trace.ts";
import { concat, expandLike, zerosLike } from "./ops/arrange/build.ts";
import { arrangeRules } from "./ops/arrange/gradient.ts";
import { elementwiseRules } from "./ops/elementwise/gradient.ts";
import { normalizeRules } from "./ops/normalize/gradient.ts";
import { productRules } from "./ops/products/gradient.ts";
import { reduceRules } from "./ops/reduce/gradient.ts";
import { plus, type Rule, type Rules } from "./ops/rule.ts";

/**
 * The derivatives of `loss` with respect to each expression of `wrt`, in reverse mode, as
 * expressions of the same shapes, which can be differentiated again. A derivative is zeros where
 * `loss` does not depend on the expression.
 *
 * @param loss What is differentiated, of shape `[]`.
 * @param wrt What it is differentiated by: inputs, parameters, or values between.
 * @throws RangeError when `loss` is not of shape `[]`, or `loss` or an expression of `wrt` is not a
 * float.
 * @throws GenError `unsupported-operation` when an operation on the path has no derivative here; the
 * error names all operations that only ONNX Runtime has.
 */
export function gradients(loss: Expr, wrt: readonly Expr[]): Expr[] {
  if (loss.shape.length > 0) {
    throw new GraphError(`gradients: the loss must have shape [], got ${shapeText(loss.shape)}`);
  }
  for (const e of [loss, ...wrt]) {
    if (!isFloat(e.dtype)) {
      throw new GraphError(
        `gradients need float dtypes, got ${e.op} ${e.dtype} ${shapeText(e.shape)}`,
      );
    }
  }
  const order = topological([loss]);
  const onPath = pathsTo(wrt, order);
  refuseForeign(loss, order, onPath);
  const parts = new Map<Expr, Expr[]>([[loss, [constant(1, loss.dtype)]]]);
  const totals = new Map<Expr, Expr>();
  for (const y of order.reverse()) {
    const contributions = parts.get(y);
    if (!contributions || !onPath.has(y)) continue;
    const g = concatOfPads(contributions) ?? contributions.reduce(plus);
    totals.set(y, g);
    parts.delete(y);
    if (!y.inputs.some((x) => onPath.has(x))) continue;
    inputGradients(g, y).forEach((gradient, i) => {
      const x = y.inputs[i];
      if (!gradient || !onPath.has(x)) return;
      const list = parts.get(x) ?? [];
      parts.set(x, list);
      list.push(gradient());
    });
  }
  return wrt.map((x) => {
    const g = totals.get(x);
    return g ? expandLike(g, x) : zerosLike(x);
  });
}

/** @throws GenError `unsupported-operation` naming the foreign operations on the paths from `loss`. */
function refuseForeign(loss: Expr, order: readonly Expr[], onPath: ReadonlySet<Expr>): void {
  const reached = new Set([loss]);
  for (const y of [...order].reverse()) {
    if (reached.has(y)) for (const x of y.inputs) if (onPath.has(x)) reached.add(x);
  }
  const foreign = foreignOperations({ nodes: [...reached].filter((e) => onPath.has(e)) });
  if (foreign.length === 0) return;
  const { what, runners } = foreignRunners(foreign);
  throw new GenError(
    "unsupported-operation",
    `gradients: there is no derivative here of ${what}; only ${runners} run them`,
  );
}

/** The float expressions that depend on one of `wrt`, and the foreign nodes that do. */
function pathsTo(wrt: readonly Expr[], order: readonly Expr[]): Set<Expr> {
  const onPath = new Set(wrt);
  // An integer result of a foreign node on quantized numbers stands for a float.
  const quantized = ({ op, inputs }: Expr) =>
    op === "Result" && inputs[0].inputs.some((x) => isOpaqueResult(x) && onPath.has(x));
  const carries = (e: Expr) =>
    isFloat(e.dtype) || e.op === "Foreign" || isOpaqueResult(e) || quantized(e);
  for (const node of order) {
    if (node.op !== "StopGradient" && carries(node) && node.inputs.some((x) => onPath.has(x)))
      onPath.add(node);
  }
  return onPath;
}

/** Zero-padded contributions as one concatenation; undefined when they do not form one. */
function concatOfPads(contributions: readonly Expr[]): Expr | undefined {
  const padded = contributions.filter(
    (e): e is ExprOf<"Pad"> => e.op === "Pad" && e.attributes.value === 0,
  );
  if (contributions.length < 2 || padded.length < contributions.length) return undefined;
  const [first] = padded;
  const rank = first.shape.length;
  const axis = first.attributes.pads.findIndex((p) => p !== 0) % rank;
  padded.sort((a, b) => a.attributes.pads[axis] - b.attributes.pads[axis]);
  let at = 0;
  for (const { attributes, shape, inputs } of padded) {
    const { pads } = attributes;
    const alongAxis = pads.every((p, i) => i % rank === axis || p === 0);
    if (!alongAxis || pads[axis] !== at || !sameShape(shape, first.shape)) return undefined;
    at += inputs[0].shape[axis] as number;
  }
  const parts = padded.map(({ inputs }) => inputs[0]);
  return at === first.shape[axis] ? concat(parts, axis) : undefined;
}

type Differentiable = ComputedOp | "Dropout" | "StopGradient";

const rules: Rules<Differentiable> = {
  ...elementwiseRules,
  ...arrangeRules,
  ...reduceRules,
  ...productRules,
  ...normalizeRules,
  Dropout: (g) => [() => g],
  StopGradient: () => [undefined],
};

function inputGradients(g: Expr, y: Expr): ReturnType<Rule<ComputedOp>> {
  if (y.op in rules) return (rules[y.op as Differentiable] as Rule<Op>)(g, y as never);
  const operands = y.inputs.map((x) => shapeText(x.shape)).join(", ");
  throw new GenError(
    "unsupported-operation",
    `gradients: ${y.op} of ${operands} to ${shapeText(y.shape)} has no derivative here`,
  );
}
