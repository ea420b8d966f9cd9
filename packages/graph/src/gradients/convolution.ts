import { concat, gather, pad, reshape, slice, transpose } from "../arrange.ts";
import { constant, type Expr } from "../expr.ts";
import { averagePool, conv2d, matmul, upsampleNearest } from "../products.ts";
import { elementCount } from "../shape.ts";
import { tensor } from "../tensor.ts";
import { interleave } from "./arrange.ts";
import { type Rule, times, whole } from "./rule.ts";

interface Geometry {
  readonly stride: number;
  readonly pads: readonly number[];
  readonly group: number;
}

const geometry = (y: Expr) => y.attributes as unknown as Geometry;

const convolution: Rule = (g, y) => {
  const full = whole(g, y);
  return [() => inputGradient(full, y), () => weightGradient(full, y)];
};

/** A convolution of the gradient, with zeros between its pixels for a stride, by the turned-round weights. */
function inputGradient(g: Expr, y: Expr): Expr {
  const [x, weight] = y.inputs;
  const { stride, pads, group } = geometry(y);
  const [, , kh, kw] = weight.shape as readonly number[];
  const spread = interleave(interleave(g, 3, stride), 2, stride);
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
 * Matrix products of the gradient with shifted slices of the padded input, which is far faster than a
 * convolution with the gradient as its kernel. Only the shifts along a row are joined: a product for
 * each row of the kernel spares two thirds of the copies that one large product would need.
 */
function weightGradient(g: Expr, y: Expr): Expr {
  const [x, weight] = y.inputs;
  const { stride, pads, group } = geometry(y);
  const [out, perGroup, kh, kw] = weight.shape as readonly number[];
  const [batch, , rows, columns] = y.shape as readonly number[];
  const channelsFirst = transpose(x, [1, 2, 0, 3]);
  const padded = pad(channelsFirst, [0, pads[0], 0, pads[1]], [0, pads[2], 0, pads[3]]);
  const [, height, , width] = padded.shape;
  const groups = group === 1 ? [] : [group];
  const grouped = reshape(padded, [...groups, perGroup, height, batch, width]);
  const at = groups.length;
  const shifted = (from: Expr, axis: number, by: number, count: number) =>
    slice(from, axis, by, by + (count - 1) * stride + 1, stride);
  const across = concat(
    indices(kw).map((kx) => shifted(grouped, at + 3, kx, columns)),
    at,
  );
  const pixels = elementCount([batch, rows, columns]);
  const left = reshape(transpose(g, [1, 2, 0, 3]), [...groups, out / group, pixels]);
  const products = indices(kh).map((ky) => {
    const right = reshape(shifted(across, at + 1, ky, rows), [...groups, kw * perGroup, pixels]);
    return matmul(left, right, { transposeB: true });
  });
  const byPixel = reshape(concat(products, at + 1), [out, kh * kw, perGroup]);
  return reshape(transpose(byPixel, [0, 2, 1]), weight.shape);
}

const indices = (count: number) => Array.from({ length: count }, (_, i) => i);

export const convolutionRules: Record<string, Rule> = {
  Conv: convolution,
  // Repeating pixels and averaging blocks are each other's transposes, up to the size of a block.
  Resize: (g, y) => {
    const scale = y.attributes.scale as number;
    return [() => times(scale * scale, averagePool(whole(g, y), scale))];
  },
  AveragePool: (g, y) => {
    const size = y.attributes.size as number;
    return [() => times(1 / (size * size), upsampleNearest(whole(g, y), size))];
  },
};
