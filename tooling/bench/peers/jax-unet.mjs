import * as jax from "@jax-js/jax";
import { timed } from "../measure.mjs";
import { channelsLast, frequencies, groupsOf, levels, unetOver } from "./unet.mjs";

const { jit, nn, numpy: np } = jax;

// What a reader should know of {@link jaxUnet}.
export const slowConvolution =
  "its convolutions are written as matrix products of shifted rows, for its own lax.conv takes 50 times as long on its wasm backend (0.2 GFLOP/s)";

// jax-js's side of the UNet benchmark: the network and DDIM's step in one `jit`, channels last,
// weights as constants of it.
export function jaxUnet(weights, size) {
  const arrays = Object.fromEntries(
    Object.entries(channelsLast(weights)).map(([name, { data, shape }]) => [
      name,
      np.array(Float32Array.from(data)).reshape([...shape]),
    ]),
  );
  const network = unetOver(operations(arrays), (name) => name in arrays);
  const { signal, noise } = levels();
  const image = (x) =>
    np.array(Float32Array.from(x)).reshape([x.length / size ** 2, size, size, 1]);
  const apply = jit(network);
  const step = jit((x, t, numbers) => {
    const number = (i) => numbers.ref.slice(i);
    const epsilon = network(x.ref, t);
    const x0 = np.clip(x.sub(epsilon.ref.mul(number(1))).div(number(0)), -1, 1);
    const next = x0.mul(number(2)).add(epsilon.mul(number(3)));
    numbers.dispose();
    return next;
  });

  return {
    output: async (x, t) => Float32Array.from(await apply(image(x), np.array(t)).data()),

    /* One step after the other of DDIM with eta 0, clipped to [-1, 1]. */
    sampler(batch) {
      const first = Float32Array.from(
        { length: batch * size ** 2 },
        (_, i) => 1.5 * Math.sin(12.9 * i),
      );
      let x = image(first);
      let t = 999;
      return timed(async () => {
        const after = t > 0 ? [signal[t - 1], noise[t - 1]] : [1, 0];
        const next = step(x, np.full([batch], t), np.array([signal[t], noise[t], ...after]));
        x = await jax.blockUntilReady(next);
        t = t === 0 ? 999 : t - 1;
      });
    },
  };
}

function operations(arrays) {
  const weight = (name) => arrays[`${name}.weight`].ref;
  const bias = (name) => arrays[`${name}.bias`].ref;
  return {
    keep: (x) => x.ref,
    scope: (f) => f(),
    linear: (name, x) => np.matmul(x, weight(name)).add(bias(name)),
    add: (x, y) => x.add(y),
    join: (x, y) => np.concatenate([x, y], 3),
    silu: (x) => nn.silu(x),
    addTime(x, time) {
      const [batch, channels] = time.shape;
      return x.add(time.reshape([batch, 1, 1, channels]));
    },
    upsample: (x) => np.repeat(np.repeat(x, 2, 1), 2, 2),
    conv: (name, x, stride = 1) => convolve(x, weight(name), stride).add(bias(name)),
    norm(name, x) {
      const { shape } = x;
      const groups = groupsOf(shape[3]);
      const grouped = x.reshape([shape[0], shape[1] * shape[2], groups, shape[3] / groups]);
      const flat = nn.standardize(grouped, [1, 3]).reshape(shape);
      return flat.mul(weight(name)).add(bias(name));
    },
    split(x) {
      const [batch, rows, columns, channels] = x.shape;
      const [q, k, v] = np.split(x.reshape([batch, rows * columns, channels]), 3, 2);
      return [q, k, v];
    },
    asImage(x, like) {
      const { shape } = like;
      like.dispose();
      return x.reshape(shape);
    },
    attend(q, k, v) {
      const scores = np.matmul(q.mul(1 / Math.sqrt(q.shape[2])), np.matrixTranspose(k));
      return np.matmul(nn.softmax(scores, -1), v);
    },
    embed(t) {
      const features = arrays["time.0.weight"].shape[0];
      const angles = t
        .reshape([-1, 1])
        .mul(np.array(frequencies(features)).reshape([1, features / 2]));
      return np.concatenate([np.sin(angles.ref), np.cos(angles)], 1);
    },
  };
}

// A convolution as a sum of matrix products. `lax.conv` runs fifty times as long on its wasm
// backend: only a product whose rows lie one after the other takes its fast path. So the padded
// image is laid out as rows of channels, where a shift of the kernel is a shift of all rows (at
// stride 2 one such list for each of the four phases), and the rows that wrapped around are cut
// off at the end.
function convolve(x, kernel, stride) {
  const [batch, rows, columns, inner] = x.shape;
  const [side, , , out] = kernel.shape;
  if (side === 1) return np.matmul(x, kernel.reshape([inner, out]));
  const [high, wide] = [(rows + 2) / stride, (columns + 2) / stride];
  const count = batch * high * wide;
  const border = [0, 1, 1, 0].map((width) => [width, width]);
  const padded = np.pad(x, border).reshape([batch, high, stride, wide, stride, inner]);
  const phases = new Map();
  const below = [2 * wide + 2, 0].map((rows) => [0, rows]);
  const phase = (i, j) => {
    const key = `${i} ${j}`;
    if (!phases.has(key)) {
      const one = padded.ref.slice([], [], i, [], j, []).reshape([count, inner]);
      // Rows beyond the last are read but never kept.
      phases.set(key, np.pad(one, below));
    }
    return phases.get(key);
  };
  let sum;
  for (let i = 0; i < side; i++) {
    for (let j = 0; j < side; j++) {
      const shift = Math.floor(i / stride) * wide + Math.floor(j / stride);
      const shifted = phase(i % stride, j % stride).ref.slice([shift, shift + count], []);
      const product = np.matmul(shifted, kernel.ref.slice(i, j, [], []));
      sum = sum ? sum.add(product) : product;
    }
  }
  for (const each of phases.values()) each.dispose();
  padded.dispose();
  kernel.dispose();
  return sum
    .reshape([batch, high, wide, out])
    .slice([], [0, rows / stride], [0, columns / stride], []);
}
