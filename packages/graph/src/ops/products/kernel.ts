import type { ProductOp } from "../../expr/operations.ts";
import { sizeOf } from "../../expr/shape.ts";
import { broadcastStrides, type Kernel, type Kernels, type Value, walk } from "../kernel.ts";
import { type Matrix, multiply } from "./multiply.ts";

const matmul: Kernel<"MatMul"> = (node, [a, b], shape, memory) => {
  const out = memory.take(sizeOf(shape));
  const { transA, transB } = node.attributes;
  const [m, n] = shape.slice(-2);
  const k = a.shape[a.shape.length - (transA ? 2 : 1)];
  const leading = shape.slice(0, -2);
  const strides = [a, b].map((v) => {
    const size = sizeOf(v.shape.slice(-2));
    return broadcastStrides(v.shape.slice(0, -2), leading).map((s) => s * size);
  });
  const matrix = ({ data, shape }: Value, start: number, swap: number): Matrix => {
    const width = shape[shape.length - 1];
    return swap ? { data, start, row: 1, column: width } : { data, start, row: width, column: 1 };
  };
  let at = 0;
  walk(leading, strides, (count, [i, j], [di, dj]) => {
    for (let c = 0; c < count; c++, at += m * n) {
      const [left, right] = [matrix(a, i + c * di, transA), matrix(b, j + c * dj, transB)];
      multiply(m, n, k, left, right, out, at, memory);
    }
  });
  return out;
};

const conv: Kernel<"Conv"> = ({ attributes }, [x, weight], shape, memory) => {
  const { stride, dilation, group } = attributes;
  const [top, left] = attributes.pads;
  const [batch, , height, width] = x.shape;
  const [outChannels, perGroup, kh, kw] = weight.shape;
  const [, , rows, columns] = shape;
  const pixels = rows * columns;
  const depth = perGroup * kh * kw;
  const outPerGroup = outChannels / group;
  const out = memory.take(sizeOf(shape));
  const patches = memory.take(depth * pixels);

  const gatherPatches = (image: number) => {
    let to = 0;
    for (let c = 0; c < perGroup; c++) {
      for (let ky = 0; ky < kh; ky++) {
        for (let kx = 0; kx < kw; kx++) {
          for (let row = 0; row < rows; row++) {
            const y = row * stride + ky * dilation - top;
            const line = image + (c * height + y) * width;
            for (let column = 0; column < columns; column++) {
              const at = column * stride + kx * dilation - left;
              // Without its sign, a negative number is a large one.
              const inside = y >>> 0 < height && at >>> 0 < width;
              patches[to++] = inside ? x.data[line + at] : 0;
            }
          }
        }
      }
    }
  };

  // Every group of channels of every image.
  for (let i = 0; i < batch * group; i++) {
    gatherPatches(i * perGroup * height * width);
    const start = (i % group) * outPerGroup * depth;
    const kernel = { data: weight.data, start, row: depth, column: 1 };
    const columnsOf = { data: patches, start: 0, row: pixels, column: 1 };
    const at = i * outPerGroup * pixels;
    multiply(outPerGroup, pixels, depth, kernel, columnsOf, out, at, memory);
  }
  memory.give(patches);
  return out;
};

const averagePool: Kernel<"AveragePool"> = ({ attributes: { size } }, [x], shape, memory) => {
  const [batch, channels, rows, columns] = shape;
  const out = memory.take(sizeOf(shape)).fill(0);
  const [height, width] = [rows * size, columns * size];
  for (let line = 0; line < batch * channels * height; line++) {
    const to = Math.floor(line / size) * columns;
    for (let i = 0; i < width; i++) out[to + Math.floor(i / size)] += x.data[line * width + i];
  }
  for (let i = 0; i < out.length; i++) out[i] /= size * size;
  return out;
};

const resize: Kernel<"Resize"> = ({ attributes: { scale } }, [x], shape, memory) => {
  const [batch, channels, height, width] = shape;
  const out = memory.take(sizeOf(shape));
  const columns = width / scale;
  for (let line = 0; line < batch * channels * height; line++) {
    const from = Math.floor(line / scale) * columns;
    for (let i = 0; i < width; i++) out[line * width + i] = x.data[from + Math.floor(i / scale)];
  }
  return out;
};

export const productKernels: Kernels<ProductOp> = {
  MatMul: matmul,
  Conv: conv,
  AveragePool: averagePool,
  Resize: resize,
};
