import { standardize, twoMoons } from "@gen/data";
import { trainDdpm } from "@gen/ddpm";
import { mlp } from "@gen/nn";

/** Trains a small network on two half circles. It takes a few seconds and needs no file. */
export async function trainMoons(backend, options) {
  const { dataset } = standardize(twoMoons({ n: 2000, seed: 0 }));
  const network = mlp({ inputs: 2, hidden: [64, 64], time: true });
  const settings = { steps: 400, learningRate: 3e-3, ...options };
  const { pipeline } = await trainDdpm({ backend, dataset, network, ...settings });
  return pipeline;
}
