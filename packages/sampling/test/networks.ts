import type { NoiseLevel } from "@gen/math";
import { mlp } from "@gen/nn";
import { type Denoiser, denoiser, type Step, stepTable } from "../src/index.ts";

const level = (t: number): NoiseLevel => {
  const angle = (1.5 * (t + 1)) / 10;
  return { signal: Math.cos(angle), noise: Math.sin(angle) };
};

export const transitions = (timesteps: number[]) =>
  timesteps.map((t, i) => ({ t, from: level(t), to: level(timesteps[i + 1] ?? -1) }));

export const table = (eta: number): Step[] => stepTable(transitions([9, 7, 4, 2, 0]), { eta });

/** A small untrained network with the same weights on every machine. */
export const smallDenoiser = (classes?: number): Denoiser =>
  denoiser(mlp({ inputs: 2, hidden: [16], time: { features: 8 }, classes, seed: 5 }));
