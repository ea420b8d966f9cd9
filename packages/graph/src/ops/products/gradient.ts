import { constant, type Expr, type ExprOf, expr } from "../../expr/expr.ts";
import type { ProductOp } from "../../expr/operations.ts";
import { elementCount } from "../../expr/shape.ts";
import { tensor } from "../../expr/tensor.ts";
import { expandLike, gather, reshape, slice, transpose } from "../arrange/build.ts";
import { mul } from "../elementwise/build.ts";
import { type Rule, type Rules, sumToShape, times } from "../rule.ts";
import { averagePool, conv2d, matmul, upsampleNearest } from "./build.ts";

/** The gradients of a matrix product are matrix products; transposes are flags, not copies. */
const matmulRule: Rule<"MatMul"> = (g, y) => {
  const [a, b] = y.inputs;
  const transposeA = y.attributes.transA === 1;
  const transposeB = y.attributes.transB === 1;
  const full = expandLike(g, y);
  if (isWeight(a, b, transposeA)) {
    // One large product, instead of a product for every leading index and a sum of them.
    const rows = flatten(a);
    const out = flatten(full);
    return [
      () => reshape(matmul(out, b, { transposeB: !transposeB }), a.shape),
      () => rightGradient(out, rows, false, transposeB),
    ];
  }
  return [
    () => sumToShape(leftGradient(full, b, transposeA, transposeB), a.shape),
    () => sumToShape(rightGradient(full, a, transposeA, transposeB), b.shape),
  ];
};

function isWeight(a: Expr, b: Expr, transposeA: boolean): boolean {
  const symbols = new Set(a.shape.filter((d) => typeof d === "string"));
  return b.shape.length === 2 && a.shape.length > 2 && !transposeA && symbols.size < 2;
}

const flatten = (x: Expr) => {
  const last = x.shape.length - 1;
  return reshape(x, [elementCount(x.shape.slice(0, last)), x.shape[last]]);
};

const leftGradient = (g: Expr, b: Expr, transposeA: boolean, transposeB: boolean): Expr =>
  transposeA
    ? matmul(b, g, { transposeA: transposeB, transposeB: true })
    : matmul(g, b, { transposeB: !transposeB });

const rightGradient = (g: Expr, a: Expr, transposeA: boolean, transposeB: boolean): Expr =>
  transposeB
    ? matmul(g, a, { transposeA: true, transposeB: transposeA })
    : matmul(a, g, { transposeA: !transposeA });

/** A convolution of the gradient, spread out by the stride, with the rotated weights. */
function inputGradient(g: Expr, y: ExprOf<"Conv">): Expr {
  const [x, weight] = y.inputs;
  const { stride, dilation, pads, group } = y.attributes;
  const [, , kh, kw] = weight.shape as readonly number[];
  const spread = spreadOut(g, stride);
  const around = (axis: number, kernel: number, before: number): [number, number] => {
    const reach = (kernel - 1) * dilation;
    const first = reach - before;
    return [first, (x.shape[axis] as number) + reach - first - (spread.shape[axis] as number)];
  };
  const [top, bottom] = around(2, kh, pads[0]);
  const [left, right] = around(3, kw, pads[1]);
  const cut = crop(crop(spread, 2, top, bottom), 3, left, right);
  return conv2d(cut, rotated(weight, group), {
    dilation,
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

/** `x` without the entries that negative pads cut off. */
function crop(x: Expr, axis: number, before: number, after: number): Expr {
  const size = x.shape[axis] as number;
  return slice(x, axis, Math.max(-before, 0), size - Math.max(-after, 0));
}

/** `[out, in / groups, kh, kw]` to `[in, out / groups, kh, kw]`, rotated by 180 degrees. */
function rotated(weight: Expr, group: number): Expr {
  const [out, perGroup, kh, kw] = weight.shape as readonly number[];
  const size = kh * kw;
  const outPerGroup = out / group;
  const channels = elementCount([group, perGroup]);
  const grouped = reshape(weight, [...(group === 1 ? [] : [group]), outPerGroup, perGroup, size]);
  const swapped = transpose(grouped, group === 1 ? [1, 0, 2] : [0, 2, 1, 3]);
  const flat = reshape(swapped, [channels, outPerGroup, size]);
  const backwards = constant(tensor(indices(size).reverse(), [size], "int64"));
  const flipped = size === 1 ? flat : gather(flat, backwards, 2);
  return reshape(flipped, [channels, outPerGroup, kh, kw]);
}

/**
 * A convolution with swapped roles: over the images as channels, with the gradient as its kernel,
 * the stride as its dilation and the dilation as its stride. Backends have faster forms of it:
 * docs/decisions/0027 has the measurements.
 */
function weightGradient(g: Expr, y: ExprOf<"Conv">): Expr {
  const [x, weight] = y.inputs;
  const { stride, dilation, pads, group } = y.attributes;
  const [out, perGroup, kh, kw] = weight.shape as readonly number[];
  const [batch] = x.shape;
  const after = [kh, kw].map((kernel, i) => {
    const reach = (kernel - 1) * dilation + ((y.shape[i + 2] as number) - 1) * stride + 1;
    return reach - pads[i] - (x.shape[i + 2] as number);
  });
  const used = crop(crop(x, 2, 0, after[0]), 3, 0, after[1]);
  const sides = used.shape.slice(2);
  const byGroup = transpose(reshape(used, [batch, group, perGroup, ...sides]), [2, 1, 0, 3, 4]);
  const images = reshape(byGroup, [perGroup, elementCount([group, batch]), ...sides]);
  const attributes = {
    stride: dilation,
    dilation: stride,
    pads: [pads[0], pads[1], Math.max(after[0], 0), Math.max(after[1], 0)] as const,
    group,
  };
  const kernel = transpose(g, swap);
  return transpose(expr("Conv", [images, kernel], [perGroup, out, kh, kw], attributes), swap);
}

const swap = [1, 0, 2, 3];

const indices = (count: number) => Array.from({ length: count }, (_, i) => i);

export const productRules: Rules<ProductOp> = {
  MatMul: matmulRule,
  Conv: (g, y) => {
    const full = expandLike(g, y);
    return [() => inputGradient(full, y), () => weightGradient(full, y)];
  },
  // Repeating pixels is the transpose of averaging blocks, times the size of a block.
  Resize: (g, y) => {
    const { scale } = y.attributes;
    return [() => times(scale * scale, averagePool(expandLike(g, y), scale))];
  },
  AveragePool: (g, y) => {
    const { size } = y.attributes;
    return [() => times(1 / (size * size), upsampleNearest(expandLike(g, y), size))];
  },
};
