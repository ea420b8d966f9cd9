import { constant, type Expr } from "../../expr/expr.ts";
import { type Dim, fromFront, normalizeAxis } from "../../expr/shape.ts";
import { tensor } from "../../expr/tensor.ts";
import type { NodeReader, Readers } from "../../onnx/node-reader.ts";
import { invalidModel, unsupported } from "../../onnx/protobuf.ts";
import { isStatic } from "../../onnx/static-value.ts";
import { gather, pad, reshape, slice } from "./build.ts";
import { gatherNd } from "./read-gather-nd.ts";

/** The most entries that a pad or a slice is written out for. */
const longest = 2 ** 20;

/** The entries of `x` along `axis` at fixed positions. */
export const pick = (x: Expr, positions: readonly number[], axis: number): Expr =>
  gather(x, constant(tensor(positions, [positions.length], "int64")), axis);

function sliceNode(node: NodeReader): Expr {
  const isOld = node.opset < 10;
  const starts = isOld ? (node.list("starts") ?? []) : node.dims(1);
  const ends = isOld ? (node.list("ends") ?? []) : node.dims(2);
  const axes = (isOld ? node.list("axes") : node.list("axes", 3)) ?? starts.map((_, i) => i);
  const steps = node.has(4) ? node.numbers(4) : [];
  return axes.reduce<Expr>((x, given, i) => {
    const axis = normalizeAxis("Slice", given, x.shape);
    return sliceAxis(x, axis, starts[i], ends[i], steps[i] ?? 1);
  }, node.x(0));
}

function sliceAxis(x: Expr, axis: number, start: Dim, end: Dim, step: number): Expr {
  const size = x.shape[axis];
  const keepsAll =
    start === 0 && step === 1 && (end === size || (typeof end === "number" && end >= 2 ** 31 - 1));
  if (keepsAll) return x;
  if (typeof start !== "number" || typeof end !== "number" || typeof size !== "number") {
    throw unsupported(
      `cannot cut [${start}, ${end}) out of the dimension ${size}; give it a fixed size`,
    );
  }
  if (step > 0) return slice(x, axis, start, end, step);
  const from = Math.min(fromFront(start, size), size - 1);
  const to = Math.max(fromFront(end, size), -1);
  const length = Math.max(0, Math.ceil((to - from) / step));
  if (length > longest) throw invalidModel(`cannot turn round ${length} entries`);
  const positions = Array.from({ length }, (_, i) => from + i * step);
  return pick(x, positions, axis);
}

function split(node: NodeReader): Expr[] {
  const x = node.x(0);
  const axis = normalizeAxis("Split", node.int("axis", 0), x.shape);
  const size = x.shape[axis];
  if (typeof size !== "number")
    throw unsupported(`cannot split the dimension ${size}; give it a fixed size`);
  const count = node.source.outputs.length;
  const each = Math.ceil(size / count);
  const lengths =
    node.list("split", 1) ??
    Array.from({ length: count }, (_, i) => Math.min(each, size - i * each));
  if (lengths.length !== count || lengths.reduce((a, b) => a + b, 0) !== size) {
    throw invalidModel(`parts [${lengths.join(", ")}] do not make up the dimension ${size}`);
  }
  let end = 0;
  return lengths.map((length) => {
    end += length;
    return slice(x, axis, end - length, end);
  });
}

function gatherNode(node: NodeReader): Expr {
  const x = node.x(0);
  const axis = normalizeAxis("Gather", node.int("axis", 0), x.shape);
  const indices = node.value(1);
  const size = x.shape[axis];
  if (!isStatic(indices) || typeof size !== "number") return gather(x, node.x(1), axis);
  const positions = node.numbers(1).map((i) => fromFront(i, size));
  const outside = positions.find((i) => !(i >= 0 && i < size));
  if (outside !== undefined)
    throw invalidModel(`position ${outside} is outside the dimension ${size}`);
  if (indices.dims.length > 0) {
    return gather(x, constant(tensor(positions, indices.dims, "int64")), axis);
  }
  const shape = x.shape.filter((_, i) => i !== axis);
  return reshape(slice(x, axis, positions[0], positions[0] + 1), shape);
}

/** Pads; negative pads cut. */
function padNode(node: NodeReader): Expr {
  const x = node.x(0);
  const given = node.list("pads", 1) ?? [];
  const axes = node.has(3)
    ? node.numbers(3).map((a) => normalizeAxis("Pad", a, x.shape))
    : x.shape.map((_, i) => i);
  if (given.length !== 2 * axes.length) {
    throw invalidModel(`pads [${given.join(", ")}] do not fit ${axes.length} dimensions`);
  }
  const before = x.shape.map(() => 0);
  const after = x.shape.map(() => 0);
  for (const [i, axis] of axes.entries()) {
    before[axis] = given[i];
    after[axis] = given[i + axes.length];
  }
  const mode = node.text("mode", "constant");
  if (mode === "constant") return padOrCut(x, before, after, node.scalar(2, "value") ?? 0);
  node.require("mode", mode, "constant", "edge", "reflect", "wrap");
  return x.shape.reduce<Expr>((padded, size, axis) => {
    if (before[axis] === 0 && after[axis] === 0) return padded;
    if (typeof size !== "number")
      throw unsupported(`cannot pad the dimension ${size}; give it a fixed size`);
    const length = before[axis] + size + after[axis];
    if (!(length >= 0 && length <= longest)) throw invalidModel(`a pad to ${length} is too long`);
    const positions = Array.from({ length }, (_, i) => padSource(mode, i - before[axis], size));
    return pick(padded, positions, axis);
  }, x);
}

/** The position in [0, size) that a pad copies to position `i`. */
function padSource(mode: string, i: number, size: number): number {
  if (mode === "edge") return Math.min(size - 1, Math.max(0, i));
  if (mode === "wrap") return ((i % size) + size) % size;
  const period = Math.max(1, 2 * (size - 1));
  const at = ((i % period) + period) % period;
  return at < size ? at : period - at;
}

/** `x` with `before` and `after` elements of `value` in each dimension; negative counts cut. */
export function padOrCut(
  x: Expr,
  before: readonly number[],
  after: readonly number[],
  value = 0,
): Expr {
  const positive = (p: number) => Math.max(0, p);
  return x.shape.reduce<Expr>(
    (cut, _, axis) => {
      const [start, end] = [positive(-before[axis]), positive(-after[axis])];
      if (start === 0 && end === 0) return cut;
      return slice(cut, axis, start, (cut.shape[axis] as number) - end);
    },
    pad(x, before.map(positive), after.map(positive), value),
  );
}

export const sliceReaders: Readers<"Gather" | "Slice" | "Pad"> = {
  Gather: gatherNode,
  GatherND: gatherNd,
  Slice: sliceNode,
  Split: split,
  Pad: padNode,
};
