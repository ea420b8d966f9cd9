import { constant, type Expr } from "../../expr/expr.ts";
import { type Dim, normalizeAxis } from "../../expr/shape.ts";
import { tensor } from "../../expr/tensor.ts";
import type { NodeReader, Readers } from "../../onnx/node-reader.ts";
import { invalidModel, unsupported } from "../../onnx/protobuf.ts";
import { isStatic } from "../../onnx/static-value.ts";
import { gather, reshape, slice } from "./build.ts";
import { pick } from "./read-pad.ts";

function sliceNode(c: NodeReader): Expr {
  let x = c.x(0);
  const starts = c.opset < 10 ? (c.list("starts") ?? []) : c.dims(1);
  const ends = c.opset < 10 ? (c.list("ends") ?? []) : c.dims(2);
  const axes = (c.opset < 10 ? c.list("axes") : c.list("axes", 3)) ?? starts.map((_, i) => i);
  const steps = c.has(4) ? c.numbers(4) : [];
  for (const [i, axis] of axes.entries()) {
    const at = normalizeAxis("Slice", axis, x.shape);
    x = sliceAxis(x, at, starts[i], ends[i], steps[i] ?? 1);
  }
  return x;
}

function sliceAxis(x: Expr, axis: number, start: Dim, end: Dim, step: number): Expr {
  const size = x.shape[axis];
  const whole =
    start === 0 && step === 1 && (end === size || (typeof end === "number" && end >= 2 ** 31 - 1));
  if (whole) return x;
  if (typeof start !== "number" || typeof end !== "number" || typeof size !== "number") {
    throw unsupported(
      `cannot cut [${start}, ${end}) out of the dimension ${size}; give it a fixed size`,
    );
  }
  if (step > 0) return slice(x, axis, start, end, step);
  const from = Math.min(start < 0 ? start + size : start, size - 1);
  const to = Math.max(end < 0 ? end + size : end, -1);
  const count = Math.max(0, Math.ceil((to - from) / step));
  if (count > 2 ** 20) throw invalidModel(`cannot turn round ${count} entries`);
  return pick(
    x,
    Array.from({ length: count }, (_, i) => from + i * step),
    axis,
  );
}

function split(c: NodeReader): Expr[] {
  const x = c.x(0);
  const axis = normalizeAxis("Split", c.int("axis", 0), x.shape);
  const size = x.shape[axis];
  if (typeof size !== "number")
    throw unsupported(`cannot split the dimension ${size}; give it a fixed size`);
  const count = c.node.outputs.length;
  const each = Math.ceil(size / count);
  const lengths =
    c.list("split", 1) ?? Array.from({ length: count }, (_, i) => Math.min(each, size - i * each));
  if (lengths.length !== count || lengths.reduce((a, b) => a + b, 0) !== size) {
    throw invalidModel(`parts [${lengths.join(", ")}] do not make up the dimension ${size}`);
  }
  return lengths.map((length, i) => {
    const start = lengths.slice(0, i).reduce((a, b) => a + b, 0);
    return slice(x, axis, start, start + length);
  });
}

function gatherNode(c: NodeReader): Expr {
  const x = c.x(0);
  const axis = normalizeAxis("Gather", c.int("axis", 0), x.shape);
  const at = c.value(1);
  const size = x.shape[axis];
  if (!isStatic(at) || typeof size !== "number") return gather(x, c.x(1), axis);
  const positions = c.numbers(1).map((i) => (i < 0 ? i + size : i));
  const outside = positions.find((i) => !(i >= 0 && i < size));
  if (outside !== undefined)
    throw invalidModel(`position ${outside} is outside the dimension ${size}`);
  if (at.dims.length === 0) {
    return reshape(
      slice(x, axis, positions[0], positions[0] + 1),
      x.shape.filter((_, i) => i !== axis),
    );
  }
  return gather(x, constant(tensor(positions, at.dims, "int64")), axis);
}

export const sliceReaders: Readers<"Gather" | "Slice"> = {
  Gather: gatherNode,
  Slice: sliceNode,
  Split: split,
};
