import { torchNoise } from "@gen/sampling";
import type { FolderModel } from "./folder-model.ts";
import type { Start } from "./make-pictures.ts";
import type { TextToImageOptions } from "./options.ts";
import { latentShape } from "./picture-size.ts";

/** A start from noise alone. */
export async function fromText<T>(
  model: FolderModel<T>,
  { size, torchSeed, torchDevice: device }: TextToImageOptions,
): Promise<Start> {
  return {
    shape: size ? latentShape(size, model) : model.pipeline.shape,
    ...(torchSeed !== undefined && {
      noise: (batch, part) => torchNoise(torchSeed, batch, { ...part, device }),
    }),
  };
}
