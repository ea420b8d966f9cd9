import type * as tfjs from "@tensorflow/tfjs";
import { expand, transpose } from "./arrange.ts";
import type { Kernel, Tf } from "./kernel.ts";

const size = (shape: readonly number[]): number => shape.reduce((a, b) => a * b, 1);

export const matmul: Kernel = (tf, [a, b], { attributes }, shape) => {
  const [transA, transB] = [attributes.transA === 1, attributes.transB === 1];
  const outer = shape.slice(0, -2);
  const [outerA, outerB] = [a.shape.slice(0, -2), b.shape.slice(0, -2)];
  const shared = size(outerB) === 1;
  if (shared && !transA) {
    const rows = tf.reshape<tfjs.Rank.R2>(a, [size(shape.slice(0, -1)), a.shape.at(-1) as number]);
    const right = tf.reshape<tfjs.Rank.R2>(b, b.shape.slice(-2) as [number, number]);
    return tf.reshape(tf.matMul(rows, right, false, transB), shape);
  }
  // The kernels repeat a whole stack of matrices, never one dimension of it.
  const stack = (x: tfjs.Tensor, from: number[]) => {
    const [rows, columns] = x.shape.slice(-2);
    const count = size(from) === 1 ? 1 : size(outer);
    const full = count === size(from) ? x : expand(tf, x, [...outer, rows, columns]);
    return tf.reshape<tfjs.Rank.R3>(full, [count, rows, columns]);
  };
  return tf.reshape(tf.matMul(stack(a, outerA), stack(b, outerB), transA, transB), shape);
};

export const conv: Kernel = (tf, [x, weight], { attributes }, shape) => {
  const groups = attributes.group as number;
  const stride = attributes.stride as number;
  const [top, left, bottom, right] = attributes.pads as number[];
  const pads: [[number, number], [number, number], [number, number], [number, number]] = [
    [0, 0],
    [top, bottom],
    [left, right],
    [0, 0],
  ];
  const [out, , kh, kw] = weight.shape;
  if (groups === 1 && kh === 1 && kw === 1 && stride === 1 && top + left + bottom + right === 0) {
    return pointwise(tf, x, weight, shape);
  }
  const image = transpose(tf, x, [0, 2, 3, 1]) as tfjs.Tensor4D;
  const filter = transpose(tf, weight, [2, 3, 1, 0]) as tfjs.Tensor4D;
  const images: tfjs.Tensor4D[] = groups === 1 ? [image] : tf.split(image, groups, 3);
  const filters: tfjs.Tensor4D[] = groups === 1 ? [filter] : tf.split(filter, groups, 3);
  const parts = images.map((each, i) => tf.conv2d(each, filters[i], stride, pads));
  const result: tfjs.Tensor = groups === 1 ? parts[0] : tf.concat(parts, 3);
  return tf.reshape(transpose(tf, result, [0, 3, 1, 2]), [shape[0], out, shape[2], shape[3]]);
};

function pointwise(tf: Tf, x: tfjs.Tensor, weight: tfjs.Tensor, shape: number[]): tfjs.Tensor {
  const [batch, channels] = x.shape;
  const columns = tf.reshape<tfjs.Rank.R3>(x, [batch, channels, shape[2] * shape[3]]);
  const matrix = tf.reshape<tfjs.Rank.R3>(weight, [1, shape[1], channels]);
  return tf.reshape(tf.matMul(matrix, columns), shape);
}

/** `[batch, channels, h, w]` as `[batch * channels, h, w, 1]`, which spatial kernels take without a transpose. */
function planes(tf: Tf, x: tfjs.Tensor): tfjs.Tensor4D {
  const [batch, channels, height, width] = x.shape as [number, number, number, number];
  return tf.reshape(x, [batch * channels, height, width, 1]);
}

export const averagePool: Kernel = (tf, [x], { attributes }, shape) => {
  const block = attributes.size as number;
  return tf.reshape(tf.avgPool(planes(tf, x), block, block, "valid"), shape);
};

export const upsample: Kernel = (tf, [x], _, shape) =>
  tf.reshape(tf.image.resizeNearestNeighbor(planes(tf, x), [shape[2], shape[3]]), shape);

export const instanceNorm: Kernel = (tf, [x, scale, bias], { attributes }, shape) => {
  const [batch, channels] = shape;
  const flat = tf.reshape(x, [batch, channels, size(shape.slice(2))]);
  const centred = tf.sub(flat, tf.mean(flat, 2, true));
  const variance = tf.mean(tf.square(centred), 2, true);
  const gain = tf.mul(
    tf.reshape(scale, [channels, 1]),
    tf.rsqrt(tf.add(variance, attributes.epsilon as number)),
  );
  return tf.reshape(tf.add(tf.mul(centred, gain), tf.reshape(bias, [channels, 1])), shape);
};
