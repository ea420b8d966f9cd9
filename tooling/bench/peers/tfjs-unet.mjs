import * as tf from "@tensorflow/tfjs";
import { setWasmPaths } from "@tensorflow/tfjs-backend-wasm";
import { timeSteps } from "../measure.mjs";
import { adamInPlace } from "./tfjs-adam.mjs";
import { channelsLast, frequencies, groupsOf, levels, unetOver } from "./unet.mjs";

// The UNet peer in TensorFlow.js: channels last, temporaries freed after each block, and
// TensorFlow.js's own gradients where they exist. `byHand` replaces the gradients and the Adam that it
// computes slowly.
export async function tfjsUnet(weights, size, { files, byHand = false } = {}) {
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
  const network = unetOver(operations(variables, byHand), (name) => name in variables);
  const { signal, noise } = levels();
  const gradients = (x, t, target) =>
    tf.variableGrads(() => tf.mean(tf.squaredDifference(network(x, t), target)));
  const image = (x) => tf.tensor4d(x, [x.length / size ** 2, size, size, 1]);

  return {
    name: `tfjs ${tf.version.tfjs} wasm`,

    /** The gradients of the mean squared output, by the names of the weights. */
    gradients: (x, t) =>
      tf.tidy(() => {
        const { grads } = gradients(image(x), tf.tensor1d(t), tf.zerosLike(image(x)));
        return Object.fromEntries(
          Object.entries(grads).map(([name, g]) => [name, [...g.dataSync()]]),
        );
      }),

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
      const optimizer = byHand ? adamInPlace(variables) : tf.train.adam(1e-3);
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

function operations(variables, byHand) {
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
    silu: byHand ? siluByHand : (x) => tf.mul(x, tf.sigmoid(x)),
    addTime: (x, time) => tf.add(x, tf.reshape(time, [time.shape[0], 1, 1, time.shape[1]])),
    upsample: (x) => tf.image.resizeNearestNeighbor(x, [2 * x.shape[1], 2 * x.shape[2]]),
    conv(name, x, stride = 1) {
      const [weight, bias] = [variables[`${name}.weight`], variables[`${name}.bias`]];
      return convolution(x, weight, bias, stride, byHand ? imageGradient : tf.conv2dTranspose);
    },
    norm(name, x) {
      const [scale, bias] = [variables[`${name}.weight`], variables[`${name}.bias`]];
      return (byHand ? groupNormByHand : groupNorm)(x, scale, bias);
    },
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
// computes it here.
function convolution(x, kernel, bias, stride, gradientOfImage) {
  const pad = (kernel.shape[0] - 1) / 2;
  const f = (x, w, save) => {
    save([x, w]);
    return {
      value: tf.conv2d(x, w, stride, pad),
      gradFunc: (dy, [x, w]) => [
        gradientOfImage(dy, w, x.shape, stride, pad),
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

// What follows is tuned by hand for the wasm backend.

// The gradient of the image as a convolution with the flipped kernel. The backend's own has no vectors.
function imageGradient(dy, w, [batch, height, width], stride, pad) {
  const [side, , inner, outer] = w.shape;
  // Its reverse is slow too.
  const backwards = Array.from({ length: side ** 2 }, (_, i) => side ** 2 - 1 - i);
  const rows = tf.gather(
    tf.reshape(w, [side ** 2, inner * outer]),
    tf.tensor1d(backwards, "int32"),
  );
  const flipped = tf.transpose(tf.reshape(rows, w.shape), [0, 1, 3, 2]);
  if (stride === 1) return tf.conv2d(dy, flipped, 1, pad);
  const [, , columns, channels] = dy.shape;
  const zeros = [0, stride - 1];
  const tall = tf.pad(tf.reshape(dy, [batch, height / stride, 1, columns * channels]), [
    [0, 0],
    [0, 0],
    zeros,
    [0, 0],
  ]);
  const wide = tf.pad(tf.reshape(tall, [batch * height, columns, 1, channels]), [
    [0, 0],
    [0, 0],
    zeros,
    [0, 0],
  ]);
  return tf.conv2d(tf.reshape(wide, [batch, height, width, channels]), flipped, 1, pad);
}

const siluByHand = tf.customGrad((x, save) => {
  const s = tf.sigmoid(x);
  const y = tf.mul(x, s);
  save([s, y]);
  return { value: y, gradFunc: (dy, [s, y]) => tf.mul(dy, tf.add(s, tf.mul(y, tf.sub(1, s)))) };
});

// Group normalization whose gradient keeps the normalized values: two sums for each group.
function groupNormByHand(x, scale, bias) {
  const [batch, rows, columns, channels] = x.shape;
  const groups = groupsOf(channels);
  const grouped = [batch, rows * columns, groups, channels / groups];
  const count = (rows * columns * channels) / groups;
  // Over pixels first: the backend sums the first axes of a matrix fastest.
  const overGroup = (e) => tf.sum(tf.sum(tf.reshape(e, grouped), 1, true), 3, true);
  const f = (x, scale, bias, save) => {
    const mean = tf.div(overGroup(x), count);
    const centered = tf.sub(tf.reshape(x, grouped), mean);
    const rate = tf.rsqrt(tf.add(tf.div(overGroup(tf.square(centered)), count), 1e-5));
    const normal = tf.reshape(tf.mul(centered, rate), x.shape);
    save([normal, rate, scale]);
    return {
      value: tf.add(tf.mul(normal, scale), bias),
      gradFunc(dy, [normal, rate, scale]) {
        const slope = tf.mul(dy, scale);
        const along = tf.mul(slope, normal);
        const [level, tilt] = [overGroup(slope), overGroup(along)].map((e) => tf.div(e, count));
        const flat = tf.sub(tf.reshape(slope, grouped), level);
        const turned = tf.sub(flat, tf.mul(tf.reshape(normal, grouped), tilt));
        const overPixels = (e) => tf.sum(tf.reshape(e, [-1, channels]), 0);
        return [
          tf.reshape(tf.mul(turned, rate), x.shape),
          overPixels(tf.mul(dy, normal)),
          overPixels(dy),
        ];
      },
    };
  };
  return tf.customGrad(f)(x, scale, bias);
}
