// The VAE of the benches, and its data.
import { existsSync, readFileSync } from "node:fs";
import { arrayDataset, fashionMnist, readIdx } from "@gen/data";
import { mlpVae, trainVae } from "@gen/vae";
import { stepRunner } from "./measure.mjs";

export const folder = process.env.GEN_BENCH_FASHION_MNIST ?? "/usr/share/datasets/fashion-mnist";
export const installData = "apt-get install dataset-fashion-mnist";

/** All of Fashion-MNIST from the system's package. Without the package, the embedded part. */
export async function fullFashionMnist() {
  const read = (split) => {
    const name = `${folder}/${split}-images-idx3-ubyte.gz`;
    if (!existsSync(name)) return undefined;
    return arrayDataset(readIdx(readFileSync(name), { name }), { name: "fashion-mnist" });
  };
  const [train, test] = [read("train"), read("t10k")];
  if (train && test) return { train, test, whole: true };
  const embedded = (split) => fashionMnist({ split });
  return { train: await embedded("train"), test: await embedded("test"), whole: false };
}

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
