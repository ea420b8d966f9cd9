import type * as tfjs from "@tensorflow/tfjs";
import { expand, size } from "./arrange.ts";
import type { Kernel, Tf } from "./kernel.ts";

export const matmul: Kernel<"MatMul"> = (tf, [a, b], { attributes }, shape) => {
  const [transA, transB] = [attributes.transA === 1, attributes.transB === 1];
  const outer = shape.slice(0, -2);
  const [outerA, outerB] = [a.shape.slice(0, -2), b.shape.slice(0, -2)];
  const shared = size(outerB) === 1;
  if (shared && !transA) {
    const rows = tf.reshape<tfjs.Rank.R2>(a, [size(shape.slice(0, -1)), a.shape.at(-1) as number]);
    const right = tf.reshape<tfjs.Rank.R2>(b, b.shape.slice(-2) as [number, number]);
    return tf.reshape(tf.matMul(rows, right, false, transB), shape);
  }
  // The kernels repeat only a whole stack of matrices, not one dimension of it.
  const stack = (x: tfjs.Tensor, from: number[]) => {
    const [rows, columns] = x.shape.slice(-2);
    const count = size(from) === 1 ? 1 : size(outer);
    const full = count === size(from) ? x : expand(tf, x, [...outer, rows, columns]);
    return tf.reshape<tfjs.Rank.R3>(full, [count, rows, columns]);
  };
  return tf.reshape(tf.matMul(stack(a, outerA), stack(b, outerB), transA, transB), shape);
};

/** Of an image `[batch, height, width, channels]` and a filter `[height, width, in, out]`. */
export const conv: Kernel<"Conv"> = (tf, inputs, { attributes }) => {
  const [image, filter] = inputs as tfjs.Tensor4D[];
  const { group, stride, dilation } = attributes;
  const [top, left, bottom, right] = attributes.pads;
  const none: [number, number] = [0, 0];
  const pads: Parameters<Tf["conv2d"]>[3] = [none, [top, bottom], [left, right], none];
  const convolved = (image: tfjs.Tensor4D, filter: tfjs.Tensor4D): tfjs.Tensor4D => {
    if (dilation === 1) return tf.conv2d(image, filter, stride, pads);
    // TensorFlow.js takes a stride or a dilation, not both.
    const all = tf.conv2d(image, filter, 1, pads, "NHWC", dilation);
    const steps = [1, stride, stride, 1];
    return tf.stridedSlice(all, [0, 0, 0, 0], all.shape, steps) as tfjs.Tensor4D;
  };
  if (group === 1) return convolved(image, filter);
  const [images, filters] = [image, filter].map((e) => tf.split(e, group, 3) as tfjs.Tensor4D[]);
  const parts = images.map((each, i) => convolved(each, filters[i]));
  return tf.concat(parts, 3);
};

/** `[batch, channels, h, w]` as `[batch * channels, h, w, 1]`, which needs no transpose. */
function planes(tf: Tf, x: tfjs.Tensor): tfjs.Tensor4D {
  const [batch, channels, height, width] = x.shape as [number, number, number, number];
  return tf.reshape(x, [batch * channels, height, width, 1]);
}

export const averagePool: Kernel<"AveragePool"> = (tf, [x], { attributes }, shape) => {
  const { size: block, channelsLast } = attributes;
  const image = channelsLast ? (x as tfjs.Tensor4D) : planes(tf, x);
  return tf.reshape(tf.avgPool(image, block, block, "valid"), shape);
};

export const upsample: Kernel<"Resize"> = (tf, [x], { attributes: { channelsLast } }, shape) => {
  const image = channelsLast ? (x as tfjs.Tensor4D) : planes(tf, x);
  const at = channelsLast ? 1 : 2;
  return tf.reshape(tf.image.resizeNearestNeighbor(image, [shape[at], shape[at + 1]]), shape);
};

export const groupNormalization: Kernel<"GroupNormalization"> = (
  tf,
  [x, scale, bias],
  { attributes: { groups, epsilon, channelsLast } },
  shape,
) => {
  const inGroup = shape[channelsLast ? 3 : 1] / groups;
  const grouped = channelsLast ? [shape[0], -1, groups, inGroup] : [shape[0], groups, inGroup, -1];
  const perChannel = channelsLast ? [1, 1, groups, inGroup] : [1, groups, inGroup, 1];
  // The axes of a group's pixels and channels.
  const axes = channelsLast ? [1, 3] : [2, 3];
  const whole = tf.reshape(x, grouped);
  const centered = tf.sub(whole, tf.mean(whole, axes, true));
  const variance = tf.mean(tf.square(centered), axes, true);
  const gain = tf.mul(tf.reshape(scale, perChannel), tf.rsqrt(tf.add(variance, epsilon)));
  return tf.reshape(tf.add(tf.mul(centered, gain), tf.reshape(bias, perChannel)), shape);
};
