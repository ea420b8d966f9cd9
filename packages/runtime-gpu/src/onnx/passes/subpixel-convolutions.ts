import {
  add,
  concat,
  constant,
  conv2d,
  type Expr,
  type Graph,
  matmul,
  reshape,
  type Shape,
  tensor,
} from "@gen/graph";
import { inputDependents, isLarge, rewriteConvolutions } from "./rewrite-convolutions.ts";

/**
 * The graph with each large convolution of an upsampled image as smaller convolutions of the image
 * itself, with interleaved results (sub-pixel convolution, Shi et al. 2016): a 3x3 kernel over
 * pixels that each occur four times sees 2x2 different pixels, so 4/9 of the products are left.
 * Only for weights that never change.
 */
export function subpixelConvolutions(graph: Graph): Graph {
  if (!graph.nodes.some(pays)) return graph;
  const changing = inputDependents(graph);
  return rewriteConvolutions(graph, (conv, [x, weight], bias) => {
    if (changing.has(conv.inputs[1]) || x.op !== "Resize" || !pays(conv)) return undefined;
    const parts = phases(x.inputs[0], weight, x.attributes.scale);
    return interleaved(bias ? parts.map((each) => add(each, bias)) : parts, conv.shape);
  });
}

/** Whether a convolution keeps the size of an upsampled image and costs fewer products divided. */
function pays(conv: Expr): boolean {
  if (conv.op !== "Conv" || !isLarge(conv)) return false;
  const { shape, attributes, inputs } = conv;
  const [x, weight] = inputs;
  if (x.op !== "Resize") return false;
  const [, channels, kernel, columns] = weight.shape as number[];
  const around = (kernel - 1) / 2;
  const keeps =
    x.dtype === "float32" &&
    kernel === columns &&
    attributes.pads.every((each) => each === around) &&
    attributes.stride === 1 &&
    attributes.dilation === 1 &&
    attributes.group === 1;
  if (!keeps) return false;
  const places = alongAxis(kernel, x.attributes.scale);
  const taps = places.reduce((sum, { sums }) => sum + sums.length, 0) / places.length;
  // Interleaving takes a product for each pixel of a row.
  return channels * taps ** 2 + (shape[3] as number) < channels * kernel ** 2;
}

/**
 * What a kernel along one axis sees of an image whose pixels occur `scale` times each, by place in
 * a pixel: the pixels before and after it, and for each pixel the kernel's taps on it, as 0 and 1.
 */
function alongAxis(kernel: number, scale: number) {
  const taps = Array.from({ length: kernel }, (_, tap) => tap);
  return Array.from({ length: scale }, (_, place) => {
    const seen = taps.map((tap) => Math.floor((place + tap - (kernel - 1) / 2) / scale));
    const [first, last] = [seen[0], seen[kernel - 1]];
    const pixels = Array.from({ length: last - first + 1 }, (_, i) => first + i);
    return {
      before: -first,
      after: last,
      sums: pixels.map((pixel) => seen.map((each) => (each === pixel ? 1 : 0))),
    };
  });
}

/** The convolution of `image` for each place within an upsampled pixel, row by row. */
function phases(image: Expr, weight: Expr, scale: number): Expr[] {
  const [out, channels, kernel] = weight.shape as number[];
  const kernels = reshape(weight, [out * channels, kernel * kernel]);
  const places = alongAxis(kernel, scale);
  return places.flatMap((row) =>
    places.map((column) => {
      const sums = row.sums.flatMap((r) =>
        column.sums.map((c) => r.flatMap((a) => c.map((b) => a * b))),
      );
      const summed = matmul(kernels, matrix(sums), { transposeB: true });
      const shape = [out, channels, row.sums.length, column.sums.length];
      const pads = [row.before, column.before, row.after, column.after] as const;
      return conv2d(image, reshape(summed, shape), { pads });
    }),
  );
}

/** One image of several images' pixels in turn: rows by copying, columns by a product. */
function interleaved(parts: readonly Expr[], shape: Shape): Expr {
  const width = shape[3] as number;
  const scale = Math.sqrt(parts.length);
  const turns = Array.from({ length: width }, (_, from) =>
    Array.from({ length: width }, (_, to) =>
      from === (to % scale) * (width / scale) + Math.floor(to / scale) ? 1 : 0,
    ),
  );
  return matmul(reshape(concat(parts, 3), shape), matrix(turns));
}

const matrix = (rows: readonly (readonly number[])[]): Expr =>
  constant(tensor(Float32Array.from(rows.flat()), [rows.length, rows[0].length]));
