import { type Expr, type ExprOf, isElementwise, isInput, isParameter } from "../expr/expr.ts";
import type { ComputedOp } from "../expr/operations.ts";
import { broadcastShapes, sameShape } from "../expr/shape.ts";
import type { Tensor } from "../expr/tensor.ts";
import { type Graph, rewrite, withInputs } from "../expr/trace.ts";
import { expand, reshape, slice, transpose } from "../ops/arrange/build.ts";

/**
 * The same graph with fewer operations and the same values: equal operations become one, and so do
 * reshapes and transposes in a row; rows are repeated as late as possible, and not at all where
 * broadcasting suffices; transposes go into the matrix products that use them.
 *
 * @param graph The graph.
 */
export const simplify = (graph: Graph): Graph =>
  shareEqual(rewrite(graph, (node, inputs) => shorter(withInputs(node, inputs))));

function shorter(given: Expr): Expr {
  const node = lateExpand(given);
  if (node !== given) return node;
  const [x] = node.inputs;
  if (node.op === "Reshape" && x.op === "Reshape") return reshape(x.inputs[0], node.shape);
  if (node.op === "Transpose") return permuted(x, node.attributes.perm);
  if (node.op === "Neg" && x.op === "Sub") return withInputs(x, [x.inputs[1], x.inputs[0]]);
  if (node.op === "MatMul") return withTransposes(node);
  return isElementwise(node) ? withoutExpand(node) : node;
}

/**
 * An operation on repeated rows as a repeat of the operation on one row: a network then computes
 * its features of a time step once for the whole batch. `node` itself when its result mixes rows.
 */
function lateExpand(node: Expr): Expr {
  if (!node.inputs.some(isRepeated)) return node;
  const [x, other] = node.inputs;
  const { shape } = node;
  const first = Number(x.shape[0]);
  if (isElementwise(node)) {
    const rows = ({ shape: of }: Expr) => of.length === shape.length && of[0] !== 1;
    const fits = (e: Expr) => rows(e) === isRepeated(e);
    return node.inputs.every(fits) ? onOne(node) : node;
  }
  if (node.op === "Reshape" && shape[0] === first) {
    return expand(reshape(x.inputs[0], [1, ...shape.slice(1)]), shape);
  }
  if (node.op === "Slice" && node.attributes.axis === 0) {
    return expand(slice(x.inputs[0], 0, 0, Number(shape[0])), shape);
  }
  const keepsRows =
    node.op === "Slice" ||
    (node.op === "Concat" && node.attributes.axis !== 0 && node.inputs.every(isRepeated)) ||
    (node.op === "Transpose" && node.attributes.perm[0] === 0) ||
    (node.op === "Pad" && node.attributes.pads[0] + node.attributes.pads[shape.length] === 0) ||
    (node.op === "MatMul" &&
      other.shape.length === 2 &&
      !isRepeated(other) &&
      (shape.length > 2 || !node.attributes.transA)) ||
    (node.op === "Gather" && node.attributes.axis === 0 && !isRepeated(x));
  return keepsRows ? onOne(node) : node;
}

/** Whether a value repeats one row. */
const isRepeated = ({ op, shape, inputs: [x] }: Expr): boolean =>
  op === "Expand" &&
  x.shape.length === shape.length &&
  x.shape[0] === 1 &&
  typeof shape[0] === "number" &&
  shape.every((d, i) => i === 0 || d === x.shape[i]);

/** The operation on the repeated rows, then the repeat. */
function onOne(node: ExprOf<ComputedOp>): Expr {
  const inputs = node.inputs.map((e) => (isRepeated(e) ? e.inputs[0] : e));
  return expand({ ...node, inputs, shape: [1, ...node.shape.slice(1)] }, node.shape);
}

/** `x` with its dimensions in the order `perm`, as one transpose at most. */
function permuted(x: Expr, perm: readonly number[]): Expr {
  if (perm.every((p, i) => p === i)) return x;
  if (x.op !== "Transpose") return transpose(x, perm);
  const composed = perm.map((p) => x.attributes.perm[p]);
  return permuted(x.inputs[0], composed);
}

/** A product of operands whose last two dimensions are swapped, with the swaps as attributes. */
function withTransposes(node: ExprOf<"MatMul">): Expr {
  const swaps = node.inputs.map(swapsLastTwo);
  if (!swaps.includes(true)) return node;
  const { transA, transB } = node.attributes;
  const flip = (flag: number, swap: boolean) => (swap ? 1 - flag : flag);
  const inputs = node.inputs.map((e, i) => (swaps[i] ? e.inputs[0] : e));
  const attributes = { transA: flip(transA, swaps[0]), transB: flip(transB, swaps[1]) };
  return { ...node, inputs, attributes };
}

function swapsLastTwo(e: Expr): boolean {
  if (e.op !== "Transpose") return false;
  const last = e.shape.length - 1;
  return e.attributes.perm.every((p, i) => p === (i < last - 1 ? i : 2 * last - 1 - i));
}

/** Elementwise arithmetic on operands without their repeats, where broadcasting repeats them. */
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
    // A typed array's own text loses the sign of zero.
    return Array.from(value.data as Float32Array, (v) => (Object.is(v, -0) ? "-0" : v)).join();
  };
  return rewrite(graph, (before, inputs) => {
    const node = withInputs(before, inputs);
    if (isInput(node) || isParameter(node)) return node;
    const attributes = Object.entries<AttributeValue>(node.attributes)
      .map(([name, value]) => `${name}=${text(value)}`)
      .sort();
    const { op, dtype, shape } = node;
    const key = [op, dtype, `[${shape}]`, ...attributes, ...inputs.map(number)].join(" ");
    const same = first.get(key) ?? node;
    first.set(key, same);
    return same;
  });
}
