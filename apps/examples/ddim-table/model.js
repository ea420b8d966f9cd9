import { readFile, rename, writeFile } from "node:fs/promises";
import { readSafetensors, writeSafetensors } from "@gen/data";
import { trainDdpm } from "@gen/ddpm";
import { cosineDecay, mlp, weightsOf, withWeights } from "@gen/nn";
import { denoiser } from "@gen/sampling";

/**
 * The denoiser of 8x8 digits, from `file` or trained now: a perceptron of three layers on the 64
 * pixels, which predicts epsilon, as the paper's does.
 */
export async function denoiserOf({ backend, schedule, dataset, file, steps }) {
  // The network takes an image as a row of numbers.
  const rows = { ...dataset, shape: [64] };
  const network = mlp({ inputs: 64, hidden: [256, 256, 256], time: true, seed: 0 });
  const bytes = await readFile(file).catch(() => undefined);
  if (bytes) return denoiser(withWeights(network, readSafetensors(bytes).tensors));
  const { pipeline } = await trainDdpm({
    backend,
    schedule,
    dataset: rows,
    network,
    steps,
    learningRate: cosineDecay({ peak: 2e-3, steps, warmUp: 100 }),
    ema: 0.999,
    seed: 0,
    logEvery: 500,
    onStep: ({ step, losses, secondsLeft }) =>
      console.log(
        `step ${step} of ${steps}, loss ${losses.loss.toFixed(4)} (${Math.ceil(secondsLeft)} s left)`,
      ),
  });
  await writeFile(`${file}.part`, writeSafetensors(weightsOf(pipeline.denoiser)));
  await rename(`${file}.part`, file);
  return pipeline.denoiser;
}
