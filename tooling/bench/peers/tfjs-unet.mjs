import * as tf from "@tensorflow/tfjs";
import { setWasmPaths } from "@tensorflow/tfjs-backend-wasm";
import { timeSteps } from "../measure.mjs";
import { channelsLast, frequencies, groupsOf, levels, unetOver } from "./unet.mjs";

// The UNet peer in TensorFlow.js: channels last, temporaries freed after each block, and
// TensorFlow.js's own gradients where they exist.
export async function tfjsUnet(weights, size, { files } = {}) {
  tf.enableProdMode();
  // Its threads need a page. In Node it has one thread.
  if (files) setWasmPaths(files);
  else tf.env().set("WASM_HAS_MULTITHREAD_SUPPORT", false);
  await tf.setBackend("wasm");
  const variables = Object.fromEntries(
    Object.entries(channelsLast(weights)).map(([name, { data, shape }]) => [
      name,
      tf.variable(tf.tensor(data, [...shape]), true, name),
    ]),
  );
  const network = unetOver(operations(variables), (name) => name in variables);
  const { signal, noise } = levels();
  const gradients = (x, t, target) =>
    tf.variableGrads(() => tf.mean(tf.squaredDifference(network(x, t), target)));
  const image = (x) => tf.tensor4d(x, [x.length / size ** 2, size, size, 1]);

  return {
    name: `tfjs ${tf.version.tfjs} wasm`,

    output: (x, t) => tf.tidy(() => network(image(x), tf.tensor1d(t)).dataSync()),

    /** Consecutive DDIM steps with eta 0, clipped to [-1, 1]. */
    sampler(batch) {
      let x = tf.randomNormal([batch, size, size, 1]);
      let t = 999;
      return timeSteps(async () => {
        const next = tf.tidy(() => {
          const epsilon = network(x, tf.fill([batch], t));
          const x0 = tf.clipByValue(tf.div(tf.sub(x, tf.mul(epsilon, noise[t])), signal[t]), -1, 1);
          if (t === 0) return x0;
          return tf.add(tf.mul(x0, signal[t - 1]), tf.mul(epsilon, noise[t - 1]));
        });
        // Reading one number waits until the device has finished.
        tf.tidy(() => next.flatten().slice(0, 1).dataSync());
        x.dispose();
        x = next;
        t = t === 0 ? 999 : t - 1;
      });
    },

    /** Training steps: batch, noise, forward, backward, Adam. */
    trainer(images, batch) {
      const all = image(images);
      const [signals, noises] = [tf.tensor1d(signal), tf.tensor1d(noise)];
      const optimizer = tf.train.adam(1e-3);
      return timeSteps(async () => {
        const loss = tf.tidy(() => {
          const x0 = tf.gather(all, tf.randomUniform([batch], 0, all.shape[0], "int32"));
          const t = tf.randomUniform([batch], 0, 1000, "int32");
          const epsilon = tf.randomNormal(x0.shape);
          const atT = (table) => tf.reshape(tf.gather(table, t), [batch, 1, 1, 1]);
          const x = tf.add(tf.mul(atT(signals), x0), tf.mul(atT(noises), epsilon));
          const { value, grads } = gradients(x, tf.cast(t, "float32"), epsilon);
          optimizer.applyGradients(grads);
          return value.dataSync()[0];
        });
        if (!Number.isFinite(loss)) throw new Error(`tfjs's loss is ${loss}`);
      });
    },
  };
}

function operations(variables) {
  const rates = tf.tensor2d(frequencies(variables["time.0.weight"].shape[0]), [
    1,
    variables["time.0.weight"].shape[0] / 2,
  ]);
  const linear = (name, x) =>
    tf.add(tf.matMul(x, variables[`${name}.weight`]), variables[`${name}.bias`]);
  return {
    linear,
    keep: (x) => x,
    scope: (f) => tf.tidy(f),
    add: (x, y) => tf.add(x, y),
    join: (x, y) => tf.concat([x, y], 3),
    silu: (x) => tf.mul(x, tf.sigmoid(x)),
    addTime: (x, time) => tf.add(x, tf.reshape(time, [time.shape[0], 1, 1, time.shape[1]])),
    upsample: (x) => tf.image.resizeNearestNeighbor(x, [2 * x.shape[1], 2 * x.shape[2]]),
    conv: (name, x, stride = 1) =>
      convolution(x, variables[`${name}.weight`], variables[`${name}.bias`], stride),
    norm: (name, x) => groupNorm(x, variables[`${name}.weight`], variables[`${name}.bias`]),
    split(x) {
      const [batch, rows, columns, channels] = x.shape;
      const parts = tf.split(tf.reshape(x, [batch, rows * columns, channels]), 3, 2);
      return parts;
    },
    asImage: (x, like) => tf.reshape(x, like.shape),
    attend(q, k, v) {
      const scores = tf.matMul(tf.mul(q, 1 / Math.sqrt(q.shape[2])), k, false, true);
      return tf.matMul(tf.softmax(scores), v);
    },
    embed(t) {
      const angles = tf.mul(tf.reshape(t, [-1, 1]), rates);
      return tf.concat([tf.sin(angles), tf.cos(angles)], 1);
    },
  };
}

function groupNorm(x, scale, bias) {
  const [batch, rows, columns, channels] = x.shape;
  const groups = groupsOf(channels);
  const grouped = tf.reshape(x, [batch, rows * columns, groups, channels / groups]);
  const { mean, variance } = tf.moments(grouped, [1, 3], true);
  const normal = tf.mul(tf.sub(grouped, mean), tf.rsqrt(tf.add(variance, 1e-5)));
  return tf.add(tf.mul(tf.reshape(normal, x.shape), scale), bias);
}

// A convolution with bias. The wasm backend lacks the gradient of the kernel, so a convolution
// computes it here. The gradient of the image is the backend's own.
function convolution(x, kernel, bias, stride) {
  const pad = (kernel.shape[0] - 1) / 2;
  const f = (x, w, save) => {
    save([x, w]);
    return {
      value: tf.conv2d(x, w, stride, pad),
      gradFunc: (dy, [x, w]) => [
        tf.conv2dTranspose(dy, w, x.shape, stride, pad),
        kernelGradient(x, dy, w, stride),
      ],
    };
  };
  return tf.add(tf.customGrad(f)(x, kernel), bias);
}

// Swaps batch and channels of the image, and uses the output's gradient as the kernel.
function kernelGradient(x, dy, w, stride) {
  const pad = (w.shape[0] - 1) / 2;
  const border = [0, 1, 1, 0].map((on) => [on * pad, on * (pad + 1 - stride)]);
  const swapped = tf.pad(tf.transpose(x, [3, 1, 2, 0]), border);
  const kernel = tf.transpose(dy, [1, 2, 0, 3]);
  const product = tf.conv2d(swapped, kernel, 1, "valid", "NHWC", stride);
  return tf.transpose(product, [1, 2, 0, 3]);
}
