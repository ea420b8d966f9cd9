/*
 * The sizes of a folder's samples and images, from its configs:
 *
 *   image = factor * latent        factor = 2^(levels of the VAE - 1), 1 without a VAE
 *   latent = sample_size of the denoiser, else the VAE's sample_size / factor, else the class's
 *   latent is a multiple of 2^(levels of the UNet - 1), or of a transformer's patch
 */
import { extraChannels, type Fields, numberOf } from "./folder-kind.ts";

/** Sizes that a folder's configs tell; undefined where they do not. */
export interface FolderSizes {
  /** `[channels, height, width]` of one sample. */
  readonly latent: readonly (number | undefined)[];
  /** Height and width of a sample are multiples of this number. */
  readonly multiple: number;
  /** Pixels of an image for each of a latent, along one side. */
  readonly factor?: number;
}

/** Latents of the classes whose pipelines have a size of their own: diffusers' 512 or 1024 pixels. */
const classSides: readonly (readonly [RegExp, number])[] = [
  [/^(StableDiffusionXL|StableDiffusion3|Flux)/, 128],
  [/^(StableDiffusion|LatentConsistency)/, 64],
];

/** A network's config that packs latents 2 x 2 into the channels of tokens, as Flux does. */
export const isPacked = (config: Fields): boolean =>
  /^(Flux|Chroma)/.test(String(config._class_name ?? ""));

/** The number of levels that a list of channels names; undefined for no list, or an absurd one. */
const levelsOf = (value: unknown) =>
  Array.isArray(value) && value.length >= 1 && value.length <= MOST_LEVELS
    ? value.length
    : undefined;

const MOST_LEVELS = 16;

const positive = (value: number | undefined) =>
  value !== undefined && Number.isSafeInteger(value) && value > 0 ? value : undefined;

/** Sizes from the configs of the denoiser and the VAE, and the class of the pipeline. */
export function folderSizes(
  config: Fields,
  vae: Fields | undefined,
  className: string | undefined,
): FolderSizes {
  const levels = levelsOf(vae?.block_out_channels) ?? (isStable(className) ? 4 : undefined);
  const factor = vae && levels ? 2 ** (levels - 1) : undefined;
  const packed = isPacked(config);
  const [height, width] = sidesOf(config.sample_size, 1) ??
    sidesOf(vae?.sample_size, factor) ?? [sideOfClass(className), sideOfClass(className)];
  const inner = numberOf(config, "in_channels");
  const channels = inner && positive(packed ? inner / 4 : inner - extraChannels(config));
  const blocks = levelsOf(config.block_out_channels) ?? 1;
  const multiple = packed ? 2 : (positive(numberOf(config, "patch_size")) ?? 2 ** (blocks - 1));
  return { latent: [channels, height, width], multiple, ...(factor && { factor }) };
}

/** Classes whose VAEs have four levels, whether or not a config says so. */
const isStable = (name = "") => /^(StableDiffusion|LatentConsistency)/.test(name);

const sideOfClass = (name = "") => classSides.find(([pattern]) => pattern.test(name))?.[1];

/** `[height, width]` of a `sample_size`, one number or two, over a factor. */
function sidesOf(value: unknown, factor: number | undefined): number[] | undefined {
  const sides = (Array.isArray(value) ? value : [value, value]).map(
    (v) => Number(v) / (factor ?? 0),
  );
  return sides.length === 2 && sides.every((side) => positive(side)) ? sides : undefined;
}
