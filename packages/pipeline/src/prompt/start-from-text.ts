import { torchNoise } from "@gen/sampling";
import type { FolderModel } from "./folder-model.ts";
import type { Run, Start } from "./make-pictures.ts";
import type { TextToImageOptions } from "./options.ts";
import { latentShape } from "./picture-size.ts";

/** A start from noise alone, for latents of `shape`. */
export const fromNoise = (
  {
    torchSeed,
    torchDevice: device,
    noise,
  }: Pick<TextToImageOptions, "torchSeed" | "torchDevice" | "noise">,
  shape: readonly number[],
  { steps }: Run,
): Start => ({
  shape,
  table: { steps },
  noise,
  ...(torchSeed !== undefined && {
    noise: (batch, part) => torchNoise(torchSeed, batch, { ...part, device }),
  }),
});

/** The start of text to image. */
export const fromText = async <T>(
  model: FolderModel<T>,
  call: TextToImageOptions,
  run: Run,
): Promise<Start> => {
  const [, height, width] = call.control?.[0]?.image.shape ?? [];
  const size = call.size ?? (height && width ? ([width, height] as const) : undefined);
  return fromNoise(call, size ? latentShape(size, model) : model.pipeline.shape, run);
};
