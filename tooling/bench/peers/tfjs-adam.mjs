import * as tf from "@tensorflow/tfjs";

// Adam tuned by hand: variables are assigned, and the rates hold the corrections of the moments.
export function adamInPlace(variables, rate = 1e-3, [beta1, beta2] = [0.9, 0.999], epsilon = 1e-8) {
  const moments = Object.fromEntries(
    Object.entries(variables).map(([name, { shape }]) => [
      name,
      [1, 2].map(() => tf.variable(tf.zeros(shape), false)),
    ]),
  );
  let step = 0;
  return {
    applyGradients(gradients) {
      step++;
      const first = (1 - beta1) / (1 - beta1 ** step);
      const second = Math.sqrt((1 - beta2) / (1 - beta2 ** step));
      for (const [name, gradient] of Object.entries(gradients)) {
        const [m, v] = moments[name];
        m.assign(tf.add(tf.mul(m, beta1), gradient));
        v.assign(tf.add(tf.mul(v, beta2), tf.square(gradient)));
        const change = tf.div(m, tf.add(tf.sqrt(v), epsilon / second));
        variables[name].assign(tf.sub(variables[name], tf.mul(change, (rate * first) / second)));
      }
    },
  };
}
