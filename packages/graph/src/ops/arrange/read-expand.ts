import { constant, type Expr } from "../../expr/expr.ts";
import { axisOf, broadcastShapes, type Dim, type Shape } from "../../expr/shape.ts";
import { tensor } from "../../expr/tensor.ts";
import type { NodeReader } from "../../onnx/node-reader.ts";
import { unsupported } from "../../onnx/protobuf.ts";
import { cast, mul } from "../elementwise/build.ts";
import { expand, expandLike, gather, onesLike, reshape, slice } from "./build.ts";

/** `x` repeated to `shape`, whose dynamic dimensions are taken from other values of the model. */
export function expandTo(c: NodeReader, x: Expr, shape: Shape): Expr {
  const full = broadcastShapes("Expand", x.shape, shape);
  const own = (d: Dim, i: number) => d === x.shape[i - full.length + x.shape.length];
  const fixed = expand(
    x,
    full.map((d, i) => (typeof d === "number" || own(d, i) ? d : 1)),
  );
  return full.reduce<Expr>((made, d, i) => {
    if (typeof d === "number" || made.shape[i] === d) return made;
    const vector = reshape(
      vectorOf(c, d),
      full.map((_, j) => (j === i ? d : 1)),
    );
    const dtype = made.dtype === "bool" ? "float32" : made.dtype;
    return cast(mul(cast(made, dtype), expandLike(constant(1, dtype), vector)), made.dtype);
  }, fixed);
}

/** A vector of length `dim`, whatever its values. */
function vectorOf(c: NodeReader, dim: string): Expr {
  const source = c.valueWithDim(dim);
  if (source) return reshape(take(source, axisOf(source.shape, dim)), [dim]);
  const [part, ...rest] = dim.split("*");
  const factor = Number(part);
  if (rest.length === 0 || factor > 2 ** 16) {
    throw unsupported(`no value has the dynamic dimension ${dim}; give it a fixed size`);
  }
  const row = Number.isNaN(factor)
    ? onesLike(cast(vectorOf(c, part), "float32"))
    : constant(tensor(Array(factor).fill(1)));
  const column = onesLike(cast(vectorOf(c, rest.join("*")), "float32"));
  return reshape(mul(row, reshape(column, [rest.join("*"), 1])), [dim]);
}

/** The first entries of `x` along every axis but `axis`. */
function take(x: Expr, axis: number): Expr {
  return x.shape.reduce<Expr>((made, d, i) => {
    if (i === axis || d === 1) return made;
    return typeof d === "number"
      ? slice(made, i, 0, 1)
      : gather(made, constant(tensor([0], [1], "int32")), i);
  }, x);
}
