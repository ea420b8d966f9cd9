// @ts-check
// A page's side of jax-js.
import { benchUnet, probe, size, weightsOf } from "../bench-unet.mjs";
import { jaxUnet } from "../peers/jax-unet.mjs";

const jax = jaxUnet(weightsOf(benchUnet()), size);
/** @type {import("../alternate.mjs").Steps | undefined} */
let sampling;

const bench = {
  async output(/** @type {number} */ batch) {
    const { x, t } = probe(batch);
    return [...(await jax.output(x, t))];
  },
  sample(/** @type {number} */ batch, /** @type {number} */ count) {
    sampling ??= jax.sampler(batch);
    return sampling(count);
  },
};
Object.assign(globalThis, { bench });
