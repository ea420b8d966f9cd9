// The VAE of the benches for Node and pages, and its training steps.
import { mlpVae, trainVae } from "@gen/vae";
import { stepRunner } from "./measure.mjs";

export const settings = () => ({
  model: mlpVae({ shape: [1, 28, 28], hidden: [400], latent: 20 }),
  batchSize: 128,
  learningRate: 1e-3,
  seed: 0,
});

/** Training steps. Each run of the program takes `stepsPerRun` steps. */
export function vaeSteps(backend, dataset, stepsPerRun = 1) {
  const run = { backend, dataset, steps: 1e6, logEvery: stepsPerRun, stepsPerRun };
  return stepRunner((hooks) => trainVae({ ...settings(), ...run, ...hooks }), stepsPerRun);
}
