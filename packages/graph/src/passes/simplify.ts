import { type Expr, type ExprOf, isElementwise, isInput, isParameter } from "../expr/expr.ts";
import { broadcastShapes, sameShape } from "../expr/shape.ts";
import type { Tensor } from "../expr/tensor.ts";
import { type Graph, rewrite, withInputs } from "../expr/trace.ts";
import { reshape, transpose } from "../ops/arrange/build.ts";
import { lateExpand } from "./late-expand.ts";

/**
 * The same graph with less to do and the very same values: equal operations become one, reshapes and
 * transposes in a row become one, rows are repeated as late as they can be and not at all where broadcasting does
 * it by itself, and transposes go into the matrix products that use them.
 */
export const simplify = (graph: Graph): Graph =>
  shareEqual(rewrite(graph, (node, inputs) => shorter(withInputs(node, inputs))));

function shorter(given: Expr): Expr {
  const node = lateExpand(given);
  if (node !== given) return node;
  const [x] = node.inputs;
  if (node.op === "Reshape" && x.op === "Reshape") return reshape(x.inputs[0], node.shape);
  if (node.op === "Transpose") return permuted(x, node.attributes.perm);
  if (node.op === "MatMul") return withTransposes(node);
  return isElementwise(node) ? withoutExpand(node) : node;
}

/** `x` with its dimensions in the order `perm`, as one transpose at most. */
function permuted(x: Expr, perm: readonly number[]): Expr {
  if (perm.every((p, i) => p === i)) return x;
  if (x.op !== "Transpose") return transpose(x, perm);
  const inner = x.attributes.perm;
  return permuted(
    x.inputs[0],
    perm.map((p) => inner[p]),
  );
}

/** A product of operands whose last two dimensions are swapped, with the swaps as its attributes. */
function withTransposes(node: ExprOf<"MatMul">): Expr {
  const swaps = node.inputs.map(swapsLastTwo);
  if (!swaps.includes(true)) return node;
  const { transA, transB } = node.attributes;
  const flip = (flag: number, swap: boolean) => (swap ? 1 - flag : flag);
  return {
    ...node,
    inputs: node.inputs.map((e, i) => (swaps[i] ? e.inputs[0] : e)),
    attributes: { transA: flip(transA, swaps[0]), transB: flip(transB, swaps[1]) },
  };
}

function swapsLastTwo(e: Expr): boolean {
  if (e.op !== "Transpose") return false;
  const last = e.shape.length - 1;
  return e.attributes.perm.every((p, i) => p === (i < last - 1 ? i : 2 * last - 1 - i));
}

/** Elementwise arithmetic on operands as they were before they were repeated, where that is the same. */
function withoutExpand(node: Expr): Expr {
  let { inputs } = node;
  for (const [i, operand] of inputs.entries()) {
    if (operand.op !== "Expand") continue;
    const shorter = inputs.map((e, j) => (j === i ? operand.inputs[0] : e));
    const shape = shorter.map((e) => e.shape).reduce((a, b) => broadcastShapes(node.op, a, b));
    if (sameShape(shape, node.shape)) inputs = shorter;
  }
  return withInputs(node, inputs);
}

type AttributeValue = number | boolean | undefined | readonly number[] | Tensor;

function shareEqual(graph: Graph): Graph {
  const numbers = new Map<Expr | Tensor, number>();
  const first = new Map<string, Expr>();
  const number = (of: Expr | Tensor) => {
    if (!numbers.has(of)) numbers.set(of, numbers.size);
    return numbers.get(of);
  };
  const text = (value: AttributeValue): string => {
    if (typeof value !== "object" || !("data" in value)) return String(value);
    if (value.data.length > 16) return `#${number(value)}`;
    // Element by element, because a typed array's own text loses the sign of zero.
    return Array.from(value.data as Float32Array, (v) => (Object.is(v, -0) ? "-0" : v)).join();
  };
  return rewrite(graph, (before, inputs) => {
    const node = withInputs(before, inputs);
    if (isInput(node) || isParameter(node)) return node;
    const attributes = Object.entries<AttributeValue>(node.attributes)
      .map(([name, value]) => `${name}=${text(value)}`)
      .sort();
    const key = [node.op, node.dtype, `[${node.shape}]`, ...attributes, ...inputs.map(number)].join(
      " ",
    );
    const same = first.get(key) ?? node;
    first.set(key, same);
    return same;
  });
}
