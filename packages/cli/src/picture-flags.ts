import type { ImageToImageOptions, TextToImageOptions } from "@gen/pipeline";
import type { SamplerName } from "@gen/sampling";
import { usageError } from "./errors.ts";
import { settingsOf } from "./like-picture.ts";
import type { CommonOptions } from "./options.ts";
import type { ControlFile, EmbeddingFile, LoraFile, PictureSources } from "./picture-sources.ts";
import type { SchedulerChoice } from "./scheduler-choice.ts";

/** The flags of `gen generate`. */
export interface PictureFlags extends CommonOptions, Omit<SchedulerChoice, "sampler"> {
  readonly model?: string;
  readonly negative?: string;
  readonly guidance?: number;
  readonly guidanceRescale?: number;
  readonly sampler?: SamplerName;
  readonly steps?: number;
  readonly eta?: number;
  readonly count?: number;
  readonly size?: readonly [width: number, height: number];
  readonly torchSeed?: number;
  readonly torchDevice?: "cpu" | "cuda";
  readonly clipSkip?: number;
  readonly weighted?: boolean;
  readonly image?: string;
  readonly strength?: number;
  readonly imageGuidance?: number;
  readonly mask?: string;
  readonly lora?: readonly LoraFile[];
  readonly embedding?: readonly EmbeddingFile[];
  readonly control?: readonly ControlFile[];
  readonly decoder?: string;
  readonly tile?: number;
  readonly safetyChecker?: boolean;
  readonly previews?: string;
  readonly like?: string;
}

/** How pictures are made; a PNG keeps it. */
export interface PictureSettings
  extends Omit<Partial<TextToImageOptions>, "signal" | "onStep" | "compat" | "control">,
    Pick<Partial<ImageToImageOptions>, "strength" | "imageGuidance">,
    PictureSources,
    SchedulerChoice {
  /** A folder or a URL. */
  readonly model?: string;
  /** The same of the decoder that takes the place of the model's. */
  readonly decoder?: string;
}

/**
 * The settings of the flags, and of the picture of `--like` where a flag is not given, with notes on
 * what is not known here.
 *
 * @throws GenError `usage` or `invalid-data` when the picture has no settings, or wrong ones.
 */
export async function likePicture(
  prompts: readonly string[],
  flags: PictureFlags,
  isSeeded: boolean,
): Promise<{ readonly settings: PictureSettings; readonly notes: readonly string[] }> {
  const { torchSeed, torchDevice } = flags;
  const given: PictureSettings = {
    prompt: prompts.length > 1 ? prompts : prompts[0],
    negativePrompt: flags.negative,
    guidance: flags.guidance,
    guidanceRescale: flags.guidanceRescale,
    sampler: flags.sampler,
    sigmas: flags.sigmas,
    spacing: flags.spacing,
    steps: flags.steps,
    eta: flags.eta,
    count: flags.count,
    size: flags.size,
    clipSkip: flags.clipSkip,
    weighted: flags.weighted,
    image: fileOf(flags.image),
    strength: flags.strength,
    imageGuidance: flags.imageGuidance,
    mask: fileOf(flags.mask),
    loras: flags.lora,
    embeddings: flags.embedding,
    controls: flags.control,
    decoder: flags.decoder,
    tileSize: flags.tile,
    safetyChecker: flags.safetyChecker,
    model: flags.model,
    ...(isSeeded && { seed: flags.seed }),
    ...(torchSeed !== undefined && { torchSeed }),
    ...(torchDevice !== undefined && { torchDevice }),
  };
  const { settings, notes } =
    flags.like === undefined ? { settings: {}, notes: [] } : await settingsOf(flags.like, flags);
  const found: Record<string, unknown> = Object.fromEntries(entriesOf(settings));
  if (isSeeded || torchSeed !== undefined) {
    for (const name of ["seed", "torchSeed", "torchDevice"]) delete found[name];
  }
  // Other samplers have other settings.
  if (flags.sampler !== undefined) {
    for (const name of ["eta", "sigmas", "spacing"]) delete found[name];
  }
  // Other pictures may have another size.
  if (flags.image !== undefined || flags.control) delete found.size;
  const told = { ...found, ...Object.fromEntries(entriesOf(given)) };
  const all: PictureSettings = Object.fromEntries(entriesOf(told));
  checkImageFlags(all);
  if (all.torchDevice !== undefined && all.torchSeed === undefined) {
    throw usageError("--torch-device must be left out without --torch-seed");
  }
  return { settings: all.torchSeed === undefined ? { seed: flags.seed, ...all } : all, notes };
}

const NAMES =
  "prompt negativePrompt guidance guidanceRescale sampler sigmas spacing steps eta count size seed torchSeed torchDevice clipSkip weighted image strength imageGuidance mask loras embeddings controls decoder tileSize safetyChecker model".split(
    " ",
  );

const fileOf = (path: string | undefined) => (path === undefined ? undefined : { path });

/** @throws GenError `usage` for a flag that goes with an image where there is none, or does not. */
function checkImageFlags({ image, mask, strength, imageGuidance, size }: PictureSettings): void {
  if (image) {
    if (size === undefined) return;
    throw usageError(
      "--size must be left out with --image: the pictures are as large as the image",
    );
  }
  if (mask) throw usageError("--mask needs --image, the picture whose part is painted anew");
  const flag = strength === undefined ? "--image-guidance" : "--strength";
  if (strength === undefined && imageGuidance === undefined) return;
  throw usageError(`${flag} must be left out without --image`);
}

/** The settings that are known and given, in one order. */
const entriesOf = (settings: object): [string, unknown][] => {
  const values = new Map(Object.entries(settings));
  return NAMES.map((name): [string, unknown] => [name, values.get(name)]).filter(
    ([, value]) => value !== undefined,
  );
};
