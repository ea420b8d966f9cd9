import { torchNoise } from "@gen/sampling";
import type { FolderModel } from "./folder-model.ts";
import type { Start } from "./make-pictures.ts";
import type { TextToImageOptions } from "./options.ts";
import { latentShape } from "./picture-size.ts";

/** A start from noise alone. */
export async function fromText<T>(
  model: FolderModel<T>,
  { size, torchSeed, torchDevice: device, control }: TextToImageOptions,
): Promise<Start> {
  const [, height, width] = control?.[0]?.image.shape ?? [];
  const sides = size ?? (height && width ? ([width, height] as const) : undefined);
  return {
    shape: sides ? latentShape(sides, model) : model.pipeline.shape,
    ...(torchSeed !== undefined && {
      noise: (batch, part) => torchNoise(torchSeed, batch, { ...part, device }),
    }),
  };
}
