// A page's side of jax-js.

import { jaxUnet } from "../peers/jax-unet.mjs";
import { benchUnet, probe, size, weightsOf } from "../unet.mjs";

const jax = jaxUnet(weightsOf(benchUnet()), size);

let sampling;

const bench = {
  async output(batch) {
    const { x, t } = probe(batch);
    return [...(await jax.output(x, t))];
  },
  sample(batch, count) {
    sampling ??= jax.sampler(batch);
    return sampling(count);
  },
};
Object.assign(globalThis, { bench });
