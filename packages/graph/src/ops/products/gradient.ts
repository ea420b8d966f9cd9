import { constant, type Expr, type ExprOf } from "../../expr/expr.ts";
import type { ProductOp } from "../../expr/operations.ts";
import { tensor } from "../../expr/tensor.ts";
import { concat, gather, pad, reshape, slice, transpose } from "../arrange/build.ts";
import { mul } from "../elementwise/build.ts";
import { sum } from "../reduce/build.ts";
import { type Rule, type Rules, times, whole } from "../rule.ts";
import { averagePool, conv2d, matmul, upsampleNearest } from "./build.ts";
import { matmulRule } from "./matmul-gradient.ts";

const convolution: Rule<"Conv"> = (g, y) => {
  const full = whole(g, y);
  return [() => inputGradient(full, y), () => weightGradient(full, y)];
};

/** A convolution of the gradient, with zeros between its pixels for a stride, by the turned-round weights. */
function inputGradient(g: Expr, y: ExprOf<"Conv">): Expr {
  const [x, weight] = y.inputs;
  const { stride, pads, group } = y.attributes;
  const [, , kh, kw] = weight.shape as readonly number[];
  const spread = spreadOut(g, stride);
  const around = (axis: number, kernel: number, before: number): [number, number] => {
    const first = kernel - 1 - before;
    return [first, (x.shape[axis] as number) + kernel - 1 - first - (spread.shape[axis] as number)];
  };
  const [top, bottom] = around(2, kh, pads[0]);
  const [left, right] = around(3, kw, pads[1]);
  const cut = crop(crop(spread, 2, top, bottom), 3, left, right);
  return conv2d(cut, turned(weight, group), {
    pads: [Math.max(top, 0), Math.max(left, 0), Math.max(bottom, 0), Math.max(right, 0)],
    groups: group,
  });
}

/** The pixels of `g` with `stride - 1` zeros after each, to the right and below. */
function spreadOut(g: Expr, stride: number): Expr {
  if (stride === 1) return g;
  const repeated = upsampleNearest(g, stride);
  const [rows, columns] = repeated.shape.slice(2) as number[];
  const first = (i: number) => i % stride === 0;
  const mask = indices(rows * columns).map((i) =>
    Number(first(i % columns) && first(Math.floor(i / columns))),
  );
  return mul(repeated, constant(tensor(mask, [rows, columns], g.dtype)));
}

/** Takes off what negative padding means. */
function crop(x: Expr, axis: number, before: number, after: number): Expr {
  const size = x.shape[axis] as number;
  return slice(x, axis, Math.max(-before, 0), size - Math.max(-after, 0));
}

/** `[out, in / groups, kh, kw]` to `[in, out / groups, kh, kw]`, turned by half a circle. */
function turned(weight: Expr, group: number): Expr {
  const [out, perGroup, kh, kw] = weight.shape as readonly number[];
  const size = kh * kw;
  const outPerGroup = out / group;
  const swapped =
    group === 1
      ? transpose(reshape(weight, [out, perGroup, size]), [1, 0, 2])
      : reshape(transpose(reshape(weight, [group, outPerGroup, perGroup, size]), [0, 2, 1, 3]), [
          group * perGroup,
          outPerGroup,
          size,
        ]);
  const backwards = Array.from({ length: size }, (_, i) => size - 1 - i);
  const flipped =
    size === 1 ? swapped : gather(swapped, constant(tensor(backwards, [size], "int64")), 2);
  return reshape(flipped, [group * perGroup, outPerGroup, kh, kw]);
}

/**
 * For each row of the kernel a matrix product over the pixels, sample by sample, which is far faster
 * than a convolution with the gradient as its kernel. The input is shifted by rows and the gradient by
 * columns: as many copies as the kernel has rows and columns, not places.
 */
function weightGradient(g: Expr, y: ExprOf<"Conv">): Expr {
  const [x, weight] = y.inputs;
  const { stride, pads, group } = y.attributes;
  const [out, perGroup, kh, kw] = weight.shape as readonly number[];
  const [batch, , , width] = x.shape as readonly number[];
  const images = (e: Expr) => reshape(e, [batch, group, (e.shape[1] as number) / group, -1]);
  const spread = slice(spreadOut(g, stride), 2, 0, Number.MAX_SAFE_INTEGER, stride);
  const columns = concat(
    indices(kw).map((kx) => images(window(spread, 3, pads[1] - kx, width))),
    2,
  );
  const products = indices(kh).map((ky) => {
    const rows = images(window(x, 2, ky - pads[0], y.shape[2] as number, stride));
    const product = sum(matmul(columns, rows, { transposeB: true }), [0]);
    return reshape(product, [1, group, kw, out / group, perGroup]);
  });
  return reshape(transpose(concat(products, 0), [1, 3, 4, 0, 2]), weight.shape);
}

/** `count` entries along `axis`, every `step` from `start` on, which may be outside: there they are 0. */
function window(x: Expr, axis: number, start: number, count: number, step = 1): Expr {
  const end = start + (count - 1) * step + 1;
  const only = (value: number) => x.shape.map((_, i) => (i === axis ? Math.max(value, 0) : 0));
  const padded = pad(x, only(-start), only(end - (x.shape[axis] as number)));
  const moved = Math.max(-start, 0);
  return slice(padded, axis, start + moved, end + moved, step);
}

const indices = (count: number) => Array.from({ length: count }, (_, i) => i);

export const productRules: Rules<ProductOp> = {
  MatMul: matmulRule,
  Conv: convolution,
  // Repeating pixels and averaging blocks are each other's transposes, up to the size of a block.
  Resize: (g, y) => {
    const { scale } = y.attributes;
    return [() => times(scale * scale, averagePool(whole(g, y), scale))];
  },
  AveragePool: (g, y) => {
    const { size } = y.attributes;
    return [() => times(1 / (size * size), upsampleNearest(whole(g, y), size))];
  },
};
