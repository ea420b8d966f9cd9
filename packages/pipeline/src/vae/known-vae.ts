import { GenError } from "@gen/math";
import type { Fields } from "../folder-kind.ts";

/** Classes of diffusers 0.39 whose pipelines scale latents as `latentScaling` says. */
const KNOWN =
  /^(Asymmetric)?AutoencoderKL$|^AutoencoderKL(Allegro|CogVideoX|HunyuanVideo|LTXVideo|Magvit|Mochi|QwenImage|TemporalDecoder|Wan)$|^Autoencoder(DC|Tiny)$|^VQModel$/;

/** @throws GenError `invalid-model` for a class that scales its latents in another way. */
export function requireKnownVae({ _class_name: name }: Fields): void {
  if (typeof name !== "string" || KNOWN.test(name)) return;
  throw new GenError(
    "invalid-model",
    `how latents of ${name} are scaled is not known here: leave its folder out and decode the samples yourself`,
  );
}
