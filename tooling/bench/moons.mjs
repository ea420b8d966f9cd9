// The denoiser of the two-moons benches, and its data.
import { standardize, twoMoons } from "@gen/data";
import { mlp } from "@gen/nn";

export const points = 5000;

export const moonsNetwork = (seed = 0) =>
  mlp({ inputs: 2, hidden: [210, 210, 210], time: { features: 64 }, seed });

/** Training points, and a function that draws new points on the same scale. */
export function standardizedMoons(seed) {
  const { dataset, mean, std } = standardize(twoMoons({ n: 8000, seed }));
  const fresh = (newSeed) =>
    twoMoons({ n: points, seed: newSeed }).data.map((v, i) => (v - mean[i % 2]) / std[i % 2]);
  return { dataset, fresh };
}
