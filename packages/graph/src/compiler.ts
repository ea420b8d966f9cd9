/**
 * The tools of backends, of training and of your own passes.
 * A pass is a function from graph to graph, written with {@link rewrite}; `node.op` tells which
 * attributes an expression has.
 *
 * ```ts
 * const withoutNegations = (graph: Graph): Graph =>
 *   rewrite(graph, (node, xs) => (node.op === "Neg" ? mul(xs[0], -1) : withInputs(node, xs)));
 * ```
 * @module
 */
export { type Bindings, bindDims, resolveShape } from "./expr/bind-dims.ts";
export { expr, isElementwise, isInput, isParameter } from "./expr/expr.ts";
export { foreignText, libraryCall } from "./expr/foreign.ts";
export { type ComputedOp, computedOps, type ElementwiseOp, traitsOf } from "./expr/operations.ts";
export { parametersAsInputs, rebuild, rewrite, usesIn, withInputs } from "./expr/trace.ts";
export { groupRate, groupStatistics } from "./ops/normalize/gradient.ts";
export { simplify } from "./passes/simplify.ts";
export { type CallPlan, splitCalls } from "./passes/split-calls.ts";
