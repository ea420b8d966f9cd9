import type { DdpmSettings, VaeSettings } from "../models.ts";

/** What decides how long and from which numbers everything learns. */
export interface Effort {
  readonly seed: number;
  /** Training steps as a multiple of the usual. */
  readonly effort: number;
}

const steps = (usual: number, { effort }: Effort) => Math.max(1, Math.round(usual * effort));

/** The VAE on Fashion-MNIST. */
export const vaeSettings = (asked: Effort): VaeSettings => ({
  data: "fashion-mnist",
  shape: [1, 28, 28],
  network: "mlp",
  width: 512,
  latent: 24,
  steps: steps(5000, asked),
  batch: 128,
  learningRate: 1e-3,
  seed: asked.seed,
});

const diffusion = {
  schedule: "linear",
  timesteps: 1000,
  predicts: "epsilon",
  learningRate: 1e-3,
} as const;

/** The DDPM on latents `shape` of that VAE. */
export const latentSettings = (
  asked: Effort,
  vae: VaeSettings,
  shape: readonly number[],
): DdpmSettings => ({
  ...diffusion,
  data: "fashion-mnist",
  vae,
  shape,
  network: "mlp",
  width: 384,
  steps: steps(10_000, asked),
  batch: 128,
  seed: asked.seed,
});

/** The DDPM on the pixels of digits. */
export const pixelSettings = (asked: Effort, shape: readonly number[]): DdpmSettings => ({
  ...diffusion,
  data: "digits",
  shape,
  network: "unet",
  width: 24,
  steps: steps(1200, asked),
  batch: 64,
  seed: asked.seed,
});
