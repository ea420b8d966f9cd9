// The functions that the claims call in a page by name.
import { probe } from "../unet.mjs";

/** `side.output(x, t)` computes an output. `sampler(batch)` and `trainer(batch)` return steps. */
export function expose(side, more = {}) {
  const running = {};
  const steps = (start) => async (batch, count) => {
    running[start] ??= await side[start](batch);
    return running[start](count);
  };
  const output = async (batch) => {
    const { x, t } = probe(batch);
    return [...(await side.output(x, t))];
  };
  globalThis.bench = { output, sample: steps("sampler"), train: steps("trainer"), ...more };
}

/** `trainer(kind)` returns the training steps of a kind. They start at the first request. */
export function exposeTrainers(trainer, more = {}) {
  const running = {};
  const train = async (kind, count) => {
    running[kind] ??= await trainer(kind);
    return running[kind](count);
  };
  globalThis.bench = { train, ...more };
}
