import * as tf from "@tensorflow/tfjs";
import "@tensorflow/tfjs-backend-wasm";
import { timeSteps } from "../measure.mjs";

// The VAE peer in TensorFlow.js, with its own gradients and Adam: 784-400-20, Bernoulli decoder,
// learning rate 1e-3.
export async function tfjsVae(batchOf, batch = 128) {
  tf.enableProdMode();
  tf.env().set("WASM_HAS_MULTITHREAD_SUPPORT", false);
  await tf.setBackend("wasm");
  const layer = (from, to) => {
    const bound = 1 / Math.sqrt(from);
    return {
      weight: tf.variable(tf.randomUniform([from, to], -bound, bound, "float32", 1)),
      bias: tf.variable(tf.randomUniform([to], -bound, bound, "float32", 2)),
    };
  };
  const [hidden, mean, logVariance] = [layer(784, 400), layer(400, 20), layer(400, 20)];
  const [up, out] = [layer(20, 400), layer(400, 784)];
  const apply = (x, { weight, bias }) => tf.add(tf.matMul(x, weight), bias);
  const optimizer = tf.train.adam(1e-3);
  let k = 0;

  const loss = (x, noise) => {
    const h = tf.relu(apply(x, hidden));
    const [m, l] = [apply(h, mean), apply(h, logVariance)];
    const z = tf.add(m, tf.mul(tf.exp(tf.mul(l, 0.5)), noise));
    const logits = apply(tf.relu(apply(z, up)), out);
    // -log p(x | z) of Bernoulli pixels: softplus(logit) - x * logit.
    const reconstruction = tf.sum(tf.sub(tf.softplus(logits), tf.mul(x, logits)));
    const kl = tf.mul(tf.sum(tf.sub(tf.sub(tf.add(tf.square(m), tf.exp(l)), l), 1)), 0.5);
    return tf.div(tf.add(reconstruction, kl), batch);
  };

  const step = () =>
    tf.tidy(() => {
      const x = tf.tensor2d(batchOf(k++), [batch, 784]);
      const noise = tf.randomNormal([batch, 20]);
      const { value, grads } = tf.variableGrads(() => loss(x, noise));
      optimizer.applyGradients(grads);
      return value.dataSync()[0];
    });

  return {
    name: `tfjs ${tf.version.tfjs} wasm`,
    steps: timeSteps(() => {
      const value = step();
      if (!Number.isFinite(value)) throw new Error(`tfjs's loss is ${value}`);
    }),
  };
}
