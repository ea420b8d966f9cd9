import * as tf from "@tensorflow/tfjs";
import { setWasmPaths } from "@tensorflow/tfjs-backend-wasm";
import { timeSteps } from "../measure.mjs";
import { adamInPlace } from "./tfjs-adam.mjs";

const latent = 20;
const sizes = {
  hidden: [784, 400],
  mean: [400, latent],
  logVariance: [400, latent],
  up: [latent, 400],
  out: [400, 784],
};

// The VAE peer in TensorFlow.js: 784-400-20, Bernoulli decoder, learning rate 1e-3; with its own
// gradients and Adam, or `byHand`.
export async function tfjsVae(batchOf, { batch = 128, files, byHand = false } = {}) {
  tf.enableProdMode();
  // Its threads need a page.
  if (files) setWasmPaths(files);
  else tf.env().set("WASM_HAS_MULTITHREAD_SUPPORT", false);
  await tf.setBackend("wasm");
  const variables = {};
  for (const [name, [from, to]] of Object.entries(sizes)) {
    const bound = 1 / Math.sqrt(from);
    for (const [part, shape, seed] of [
      ["weight", [from, to], 1],
      ["bias", [to], 2],
    ]) {
      const key = `${name}.${part}`;
      const start = tf.randomUniform(shape, -bound, bound, "float32", seed);
      variables[key] = tf.variable(start, true, `${key}${byHand ? " by hand" : ""}`);
    }
  }
  const optimizer = byHand ? adamInPlace(variables) : tf.train.adam(1e-3);
  const lossAndGradients = (byHand ? gradientsByHand : ownGradients)(variables, batch);
  let k = 0;
  const step = () =>
    tf.tidy(() => {
      const x = tf.tensor2d(batchOf(k++), [batch, 784]);
      const { value, grads } = lossAndGradients(x, tf.randomNormal([batch, latent]));
      optimizer.applyGradients(grads);
      return value.dataSync()[0];
    });

  return {
    name: `tfjs ${tf.version.tfjs} wasm`,
    steps: timeSteps(() => {
      const value = step();
      if (!Number.isFinite(value)) throw new Error(`tfjs's loss is ${value}`);
    }),

    /** The gradients of the first batch, with fixed noise, by the names of the weights. */
    gradients: () =>
      tf.tidy(() => {
        const noise = tf.sin(tf.reshape(tf.range(0, batch * latent), [batch, latent]));
        const { grads } = lossAndGradients(tf.tensor2d(batchOf(0), [batch, 784]), noise);
        return Object.fromEntries(
          Object.entries(grads).map(([name, g]) => [name.split(" ")[0], [...g.dataSync()]]),
        );
      }),
  };
}

// -log p(x | z) of Bernoulli pixels: softplus(logit) - x * logit.
const reconstructionOf = (x, logits) => tf.sum(tf.sub(tf.softplus(logits), tf.mul(x, logits)));

const ownGradients = (variables, batch) => {
  const apply = (x, name) =>
    tf.add(tf.matMul(x, variables[`${name}.weight`]), variables[`${name}.bias`]);
  const loss = (x, noise) => {
    const h = tf.relu(apply(x, "hidden"));
    const [m, l] = [apply(h, "mean"), apply(h, "logVariance")];
    const z = tf.add(m, tf.mul(tf.exp(tf.mul(l, 0.5)), noise));
    const logits = apply(tf.relu(apply(z, "up")), "out");
    const kl = tf.mul(tf.sum(tf.sub(tf.sub(tf.add(tf.square(m), tf.exp(l)), l), 1)), 0.5);
    return tf.div(tf.add(reconstructionOf(x, logits), kl), batch);
  };
  return (x, noise) => tf.variableGrads(() => loss(x, noise));
};

// The backend has a fast product of matrices that are not transposed, and one with bias and relu.
const gradientsByHand = (variables, batch) => {
  const apply = (a, name, activation) => {
    const [b, bias] = [variables[`${name}.weight`], variables[`${name}.bias`]];
    return tf.fused.matMul({ a, b, bias, activation });
  };
  const back = (slope, name) => tf.matMul(slope, tf.transpose(variables[`${name}.weight`]));
  const where = (h, slope) => tf.mul(slope, tf.step(h));
  return (x, noise) => {
    const h = apply(x, "hidden", "relu");
    const [m, l] = [apply(h, "mean"), apply(h, "logVariance")];
    const deviation = tf.exp(tf.mul(l, 0.5));
    const z = tf.add(m, tf.mul(deviation, noise));
    const up = apply(z, "up", "relu");
    const logits = apply(up, "out");
    // softplus(y) = relu(y) - log(sigmoid(|y|)), where the backend has vectors.
    const softplus = tf.sub(tf.relu(logits), tf.log(tf.sigmoid(tf.abs(logits))));
    const variance = tf.square(deviation);
    const kl = tf.mul(tf.sum(tf.sub(tf.sub(tf.add(tf.square(m), variance), l), 1)), 0.5);
    const value = tf.div(tf.add(tf.sum(tf.sub(softplus, tf.mul(x, logits))), kl), batch);

    const slopes = {};
    const add = (name, input, slope) => {
      slopes[`${name}.weight`] = tf.matMul(tf.transpose(input), slope);
      slopes[`${name}.bias`] = tf.sum(slope, 0);
    };
    const atOut = tf.mul(tf.sub(tf.sigmoid(logits), x), 1 / batch);
    add("out", up, atOut);
    const atUp = where(up, back(atOut, "out"));
    add("up", z, atUp);
    const atZ = back(atUp, "up");
    const atMean = tf.add(atZ, tf.mul(m, 1 / batch));
    const ofNoise = tf.mul(tf.mul(atZ, noise), tf.mul(deviation, 0.5));
    const atVariance = tf.add(ofNoise, tf.mul(tf.sub(variance, 1), 0.5 / batch));
    add("mean", h, atMean);
    add("logVariance", h, atVariance);
    const both = tf.add(back(atMean, "mean"), back(atVariance, "logVariance"));
    add("hidden", x, where(h, both));
    return { value, grads: slopes };
  };
};
