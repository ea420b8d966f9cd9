import type { NoiseLevel } from "@gen/math";
import { mlp } from "@gen/nn";
import { type Denoiser, denoiser, type Step, stepTable } from "@gen/sampling";

const level = (t: number): NoiseLevel => {
  const angle = (1.5 * (t + 1)) / 10;
  return { signal: Math.cos(angle), noise: Math.sin(angle) };
};

const times = [9, 7, 4, 2, 0];

export const table = (eta: number): Step[] => {
  const moves = times.map((t, i) => ({ t, from: level(t), to: level(times[i + 1] ?? -1) }));
  return stepTable(moves, { eta });
};

/** A small network with its first weights: no better than chance, but the same everywhere. */
export const smallDenoiser = (classes?: number): Denoiser =>
  denoiser(mlp({ inputs: 2, hidden: [16], time: { features: 8 }, classes, seed: 5 }));
