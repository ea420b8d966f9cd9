import { constant, type Expr } from "../../expr/expr.ts";
import { normalizeAxis } from "../../expr/shape.ts";
import { tensor } from "../../expr/tensor.ts";
import type { NodeReader } from "../../onnx/node-reader.ts";
import { invalidModel, unsupported } from "../../onnx/protobuf.ts";
import { gather, pad, slice } from "./build.ts";

/** Pads, cutting where a pad is negative. */
export function padded(c: NodeReader): Expr {
  const x = c.x(0);
  const rank = x.shape.length;
  const given = c.list("pads", 1) ?? [];
  const axes = c.has(3)
    ? c.numbers(3).map((a) => normalizeAxis("Pad", a, x.shape))
    : x.shape.map((_, i) => i);
  if (given.length !== 2 * axes.length) {
    throw invalidModel(`pads [${given.join(", ")}] do not fit ${axes.length} dimensions`);
  }
  const before = Array<number>(rank).fill(0);
  const after = Array<number>(rank).fill(0);
  for (const [i, axis] of axes.entries()) {
    before[axis] = given[i];
    after[axis] = given[i + axes.length];
  }
  const mode = c.text("mode", "constant");
  if (mode === "constant") return padOrCut(x, before, after, c.scalar(2, "value") ?? 0);
  c.require("mode", mode, "constant", "edge", "reflect", "wrap");
  return x.shape.reduce<Expr>((made, size, axis) => {
    if (before[axis] === 0 && after[axis] === 0) return made;
    if (typeof size !== "number")
      throw unsupported(`cannot pad the dimension ${size}; give it a fixed size`);
    const length = before[axis] + size + after[axis];
    if (!(length >= 0 && length <= 2 ** 20)) throw invalidModel(`a pad to ${length} is too long`);
    const at = Array.from({ length }, (_, i) => source(mode, i - before[axis], size));
    return pick(made, at, axis);
  }, x);
}

function source(mode: string, i: number, size: number): number {
  if (mode === "edge") return Math.min(size - 1, Math.max(0, i));
  if (mode === "wrap") return ((i % size) + size) % size;
  const period = Math.max(1, 2 * (size - 1));
  const at = ((i % period) + period) % period;
  return at < size ? at : period - at;
}

/** `x` with `before` and `after` more elements of `value` in each dimension; fewer where negative. */
export function padOrCut(
  x: Expr,
  before: readonly number[],
  after: readonly number[],
  value = 0,
): Expr {
  const more = (p: number) => Math.max(0, p);
  return x.shape.reduce<Expr>(
    (made, _, axis) => {
      const [start, end] = [more(-before[axis]), more(-after[axis])];
      if (start === 0 && end === 0) return made;
      return slice(made, axis, start, (made.shape[axis] as number) - end);
    },
    pad(x, before.map(more), after.map(more), value),
  );
}

/** The entries of `x` along `axis` at fixed positions. */
export const pick = (x: Expr, at: readonly number[], axis: number): Expr =>
  gather(x, constant(tensor(at, [at.length], "int64")), axis);
