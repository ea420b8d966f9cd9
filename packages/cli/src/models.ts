import type { Dataset } from "@gen/data";
import { type Expr, reshape } from "@gen/graph";
import { convDecoder, convEncoder, mlp, type Network, network, residualBlock, unet } from "@gen/nn";
import { type Denoiser, denoiser } from "@gen/sampling";
import {
  cosineSchedule,
  flowSchedule,
  linearSchedule,
  readSchedulerConfig,
  type SchedulerConfigInput,
  scaledLinearSchedule,
} from "@gen/schedules";
import {
  convVae,
  finiteScalarQuantizer,
  mlpVae,
  quantizedVae,
  type Vae,
  vectorQuantizer,
} from "@gen/vae";
import { usageError } from "./errors.ts";
import type { scheduleNames } from "./names.ts";
import type { RateSettings } from "./rates.ts";
import { likelihoodOf, type ObjectiveSettings } from "./vae-objectives.ts";

/** Settings of every training. */
export interface TrainingSettings extends RateSettings {
  readonly data: string;
  readonly shape: readonly number[];
  readonly batch: number;
  /** Parts of a batch, if it is split. */
  readonly accumulate?: number;
  readonly seed: number;
  /** Random changes of the images in training. */
  readonly augment?: Dataset["augment"];
}

/** Everything that decides what a VAE learns. */
export interface VaeSettings extends TrainingSettings, ObjectiveSettings {
  readonly network: "mlp" | "conv" | "residual";
  readonly width: number;
  readonly latent: number;
  /** The names of the classes of a conditional VAE. */
  readonly classes?: readonly string[];
}

/** The noise schedules by their names on the command line. */
export const schedules = {
  linear: linearSchedule,
  "scaled-linear": scaledLinearSchedule,
  cosine: cosineSchedule,
  // Of a network that predicts a flow.
  flow: flowSchedule,
} satisfies Record<(typeof scheduleNames)[number] | "flow", unknown>;

/** Everything that decides what a DDPM learns. */
export interface DdpmSettings extends TrainingSettings {
  /** Latent diffusion: the settings of the VAE that encodes the data. */
  readonly vae?: VaeSettings;
  readonly network: "mlp" | "unet";
  readonly width: number;
  /** EDM has levels of its own. */
  readonly schedule: keyof typeof schedules | "edm";
  readonly timesteps: number;
  readonly predicts: "epsilon" | "x0" | "v" | "flow" | "edm";
  /** The names of the classes that the network is told. */
  readonly classes?: readonly string[];
  /** The share of samples whose class is hidden in training, for guidance. */
  readonly classDropout?: number;
}

/** What a fine-tuning learns, beside the folder that it begins with. */
export interface FineTuneSettings
  extends TrainingSettings,
    Pick<DdpmSettings, "classes" | "classDropout"> {
  /** The SHA-256 of the network that is trained further. */
  readonly from: string;
  /** The rank of the changes, where the weights themselves stay. */
  readonly lora?: number;
}

/** Builds an untrained VAE. @throws GenError `usage` when the network does not fit the shape. */
export function buildVae(settings: VaeSettings): Vae {
  const { shape, network, width, latent, seed, likelihood, pseudoInputs } = settings;
  const classes = settings.classes?.length;
  if (settings.codes !== undefined || settings.levels !== undefined)
    return buildQuantized(settings);
  const ends = { ...(likelihood && { likelihood: likelihoodOf(likelihood) }), pseudoInputs };
  if (classes !== undefined && pseudoInputs !== undefined)
    throw usageError("--classes must be left out with --objective vamp");
  if (network === "mlp") return mlpVae({ shape, hidden: [width], latent, seed, classes, ...ends });
  const [imageChannels] = shape;
  const size = convSides(settings);
  const channels = [width, 2 * width];
  const refine = refineOf(settings);
  return convVae({ size, imageChannels, channels, latent, seed, refine, classes, ...ends });
}

/** Two residual blocks at each size. */
const refineOf = ({ network, seed }: VaeSettings) =>
  network !== "residual"
    ? undefined
    : (name: string, channels: number) => {
        const [first, second] = [0, 1].map((k) =>
          residualBlock(`${name}.${k}`, channels, channels, { seed }),
        );
        return (x: Expr) => second(first(x));
      };

/** Codes of an image where its encoder keeps no positions. */
const FLAT_POSITIONS = 16;

/** Builds an untrained VAE of codes: a map of them for convolutions, 16 for linear layers. */
function buildQuantized(settings: VaeSettings): Vae {
  const { shape, network: kind, width, latent, seed, likelihood, levels, codes } = settings;
  if (settings.classes) throw usageError("--classes must be left out with --objective vq and fsq");
  const quantizer = levels
    ? finiteScalarQuantizer(levels)
    : vectorQuantizer({
        codes: codes ?? 512,
        features: latent,
        decay: settings.codebookDecay,
        seed,
      });
  const { features } = quantizer;
  const meaning = likelihood ? likelihoodOf(likelihood) : undefined;
  const isOne =
    !meaning ||
    typeof meaning === "string" ||
    ("sigma" in meaning && meaning.sigma !== "predicted");
  if (!isOne)
    throw usageError(
      `--likelihood must be bernoulli, continuous-bernoulli, gaussian or gaussian:SIGMA with codes, got ${likelihood}`,
    );
  if (kind !== "mlp") {
    const [inChannels] = shape;
    const channels = [width, 2 * width];
    const map = { size: convSides(settings), map: true, refine: refineOf(settings), seed };
    return quantizedVae({
      encoder: convEncoder({ ...map, name: "encoder.", inChannels, channels, outputs: features }),
      decoder: convDecoder({
        ...{ ...map, name: "decoder.", inputs: features },
        channels: channels.toReversed(),
        outChannels: inChannels,
      }),
      quantizer,
      likelihood: meaning,
    });
  }
  const pixels = shape.reduce((a, b) => a * b, 1);
  const flat = features * FLAT_POSITIONS;
  const inner = { hidden: [width], activation: "relu", seed } as const;
  const encoder = mlp({ ...inner, name: "encoder.", inputs: pixels, outputs: flat });
  const decoder = mlp({ ...inner, name: "decoder.", inputs: flat, outputs: pixels });
  return quantizedVae({
    encoder: network({ x: { shape: ["batch", ...shape] } }, (x) =>
      reshape(encoder.apply(reshape(x, [x.shape[0], pixels])), [
        x.shape[0],
        features,
        FLAT_POSITIONS,
      ]),
    ),
    decoder: network({ z: { shape: ["batch", features, FLAT_POSITIONS] } }, (z) =>
      reshape(decoder.apply(reshape(z, [z.shape[0], flat])), [z.shape[0], ...shape]),
    ),
    quantizer,
    likelihood: meaning,
  });
}

/** Builds an untrained network. @throws GenError `usage` when it does not fit the shape. */
export function buildDenoiser(settings: DdpmSettings): Network {
  const { shape, network, width, seed, vae } = settings;
  const classes = settings.classes?.length;
  if (network === "mlp") {
    const hidden = [width, width, width];
    // Points lie on sharp shapes, which relu's corners fit better; latents are smooth.
    const activation = vae ? "silu" : "relu";
    if (shape.length === 1)
      return mlp({ inputs: shape[0], hidden, activation, time: true, classes, seed });
    throw usageError(
      `--network mlp needs points or latents [features], got [${shape.join(", ")}]; use unet`,
    );
  }
  const [inChannels, ...size] = shape;
  if (!isSize(size) || Math.min(...size) < 4) {
    throw usageError(
      `--network unet needs images of at least 4 x 4, got [${shape.join(", ")}]; use mlp`,
    );
  }
  const areDivisible = (by: number) => size.every((side) => side % by === 0);
  const isLarge = Math.min(...size) > 8;
  const multipliers = areDivisible(4) && isLarge ? [1, 2, 2] : areDivisible(2) ? [1, 2] : [1];
  return unet({ size, inChannels, channels: width, multipliers, classes, seed });
}

/** An untrained denoiser. EDM's and a flow's network are told floats. */
export function untrainedDenoiser(settings: DdpmSettings): Denoiser {
  const { predicts } = settings;
  const built = denoiser(buildDenoiser(settings), predicts === "edm" ? "epsilon" : predicts);
  const isContinuous = predicts === "edm" || predicts === "flow";
  return isContinuous ? { ...built, fractionalTime: true } : built;
}

/** The deviation of data as they are trained on: of images in [-1, 1], or standardized. */
const dataDeviationOf = ({ shape, vae }: Pick<DdpmSettings, "shape" | "vae">): number =>
  isImages({ shape }) && !vae ? 0.5 : 1;

/** The scheduler of a trained denoiser, whose clean estimate is clipped where it is an image. */
export function schedulerOf(
  settings: Pick<DdpmSettings, "schedule" | "timesteps" | "shape" | "vae">,
  clip: number | null,
): SchedulerConfigInput {
  const { schedule: name, timesteps: steps } = settings;
  if (name === "edm") {
    const named = { _class_name: "EDMEulerScheduler", sigma_data: dataDeviationOf(settings) };
    // Every field, as diffusers saves it.
    return readSchedulerConfig({ ...named, ...readSchedulerConfig(named).settings });
  }
  const schedule = schedules[name]({ steps });
  if (name !== "flow") return { schedule, clip };
  const className = "FlowMatchEulerDiscreteScheduler";
  return { schedule, clip: null, predictionType: "flow", className };
}

/** The sides of images that are halved twice. @throws GenError `usage` when they cannot be. */
function convSides({ shape, network }: VaeSettings): readonly [number, number] {
  const size = shape.slice(1);
  if (isSize(size) && size.every((side) => side % 4 === 0)) return size;
  throw usageError(
    `--network ${network} needs images with sides divisible by 4, got [${shape.join(", ")}]; pass another --size, or use mlp`,
  );
}

const isSize = (sides: readonly number[]): sides is readonly [number, number] => sides.length === 2;

/** Whether items are images, [channels, height, width]. */
export const isImages = ({ shape }: Pick<Dataset, "shape">): boolean => shape.length === 3;
