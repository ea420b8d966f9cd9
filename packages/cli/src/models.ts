import type { Dataset } from "@gen/data";
import { cosineDecay, mlp, type Network, unet } from "@gen/nn";
import { cosineSchedule, linearSchedule, scaledLinearSchedule } from "@gen/schedules";
import { convVae, mlpVae, type Vae } from "@gen/vae";
import { usageError } from "./errors.ts";
import type { scheduleNames } from "./names.ts";

/** Settings of every training. */
export interface TrainingSettings {
  readonly data: string;
  readonly shape: readonly number[];
  readonly width: number;
  readonly steps: number;
  readonly batch: number;
  /** Parts of a batch, if it is split. */
  readonly accumulate?: number;
  /** The peak of the learning rate. */
  readonly learningRate: number;
  readonly seed: number;
}

/** Everything that decides what a VAE learns. */
export interface VaeSettings extends TrainingSettings {
  readonly network: "mlp" | "conv";
  readonly latent: number;
}

/** The noise schedules by their names on the command line. */
export const schedules = {
  linear: linearSchedule,
  "scaled-linear": scaledLinearSchedule,
  cosine: cosineSchedule,
} satisfies Record<(typeof scheduleNames)[number], unknown>;

/** Everything that decides what a DDPM learns. */
export interface DdpmSettings extends TrainingSettings {
  /** Latent diffusion: the settings of the VAE that encodes the data. */
  readonly vae?: VaeSettings;
  readonly network: "mlp" | "unet";
  readonly schedule: keyof typeof schedules;
  readonly timesteps: number;
  readonly predicts: "epsilon" | "x0" | "v";
}

/** Builds an untrained VAE. @throws GenError `usage` when the network does not fit the shape. */
export function buildVae({ shape, network, width, latent, seed }: VaeSettings): Vae {
  if (network === "mlp") return mlpVae({ shape, hidden: [width], latent, seed });
  const [imageChannels, size, other] = shape;
  if (shape.length !== 3 || size !== other || size % 4 !== 0) {
    throw usageError(
      `--network conv needs square images with a side divisible by 4, got [${shape.join(", ")}]; use mlp`,
    );
  }
  return convVae({ size, imageChannels, channels: [width, 2 * width], latent, seed });
}

/** Builds an untrained network. @throws GenError `usage` when it does not fit the shape. */
export function buildDenoiser({ shape, network, width, seed, vae }: DdpmSettings): Network {
  if (network === "mlp") {
    const hidden = [width, width, width];
    // Points lie on sharp shapes, which relu's corners fit better; latents are smooth.
    const activation = vae ? "silu" : "relu";
    if (shape.length === 1) return mlp({ inputs: shape[0], hidden, activation, time: true, seed });
    throw usageError(
      `--network mlp needs points or latents [features], got [${shape.join(", ")}]; use unet`,
    );
  }
  const [inChannels, size, other] = shape;
  if (shape.length !== 3 || size !== other || size < 4) {
    throw usageError(
      `--network unet needs square images of at least 4 x 4, got [${shape.join(", ")}]; use mlp`,
    );
  }
  const multipliers = size % 4 === 0 && size > 8 ? [1, 2, 2] : size % 2 === 0 ? [1, 2] : [1];
  return unet({ size, inChannels, channels: width, multipliers, seed });
}

/** Warm-up over the first steps, then half a cosine down to a twentieth of the peak. */
export const learningRateOf = ({ learningRate: peak, steps }: TrainingSettings) =>
  cosineDecay({ peak, steps, warmUp: Math.min(200, Math.ceil(steps / 10)), floor: peak / 20 });

/** Whether items are images, [channels, height, width]. */
export const isImages = ({ shape }: Pick<Dataset, "shape">): boolean => shape.length === 3;
