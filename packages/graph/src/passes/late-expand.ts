import { type Expr, type ExprOf, isElementwise } from "../expr/expr.ts";
import type { ComputedOp } from "../expr/operations.ts";
import { expand, reshape, slice } from "../ops/arrange/build.ts";

/**
 * An operation on what was repeated along the first axis, repeated only afterwards: what a network makes of one
 * time step is then computed once for the whole batch. Itself where it mixes the repeats with anything else.
 */
export function lateExpand(node: Expr): Expr {
  if (!node.inputs.some(isRepeated)) return node;
  const [x, other] = node.inputs;
  const { shape } = node;
  const first = Number(x.shape[0]);
  if (isElementwise(node)) {
    const rows = ({ shape: of }: Expr) => of.length === shape.length && of[0] !== 1;
    const fits = (e: Expr) => rows(e) === isRepeated(e);
    return node.inputs.every(fits) ? onOne(node) : node;
  }
  switch (node.op) {
    case "Reshape":
      return shape[0] === first
        ? expand(reshape(x.inputs[0], [1, ...shape.slice(1)]), shape)
        : node;
    case "Slice":
      if (node.attributes.axis !== 0) return onOne(node);
      return expand(slice(x.inputs[0], 0, 0, Number(shape[0])), shape);
    case "Concat":
      return node.attributes.axis !== 0 && node.inputs.every(isRepeated) ? onOne(node) : node;
    case "Transpose":
      return node.attributes.perm[0] === 0 ? onOne(node) : node;
    case "Pad": {
      const { pads } = node.attributes;
      return pads[0] === 0 && pads[shape.length] === 0 ? onOne(node) : node;
    }
    case "MatMul":
      return shape.length === 2 && !isRepeated(other) && !node.attributes.transA
        ? onOne(node)
        : node;
    case "Gather":
      return node.attributes.axis === 0 && !isRepeated(x) ? onOne(node) : node;
    default:
      return node;
  }
}

/** Whether a value is one row, repeated. */
const isRepeated = ({ op, shape, inputs: [x] }: Expr): boolean =>
  op === "Expand" &&
  x.shape.length === shape.length &&
  x.shape[0] === 1 &&
  typeof shape[0] === "number" &&
  shape.every((d, i) => i === 0 || d === x.shape[i]);

/** The operation on the rows that its operands repeat, repeated. */
function onOne(node: ExprOf<ComputedOp>): Expr {
  const inputs = node.inputs.map((e) => (isRepeated(e) ? e.inputs[0] : e));
  return expand({ ...node, inputs, shape: [1, ...node.shape.slice(1)] }, node.shape);
}
