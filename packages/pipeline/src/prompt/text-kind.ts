/*
 * Which encoders a folder's prompts go through, and the defaults of its class, as diffusers 0.39:
 *
 *   class                          encoders              steps  guidance
 *   StableDiffusionPipeline        CLIP                     50       7.5
 *   LatentConsistencyModelPipeline CLIP                      4       8.5
 *   StableDiffusionXLPipeline      CLIP, CLIP               50       5
 *   StableDiffusion3Pipeline       CLIP, CLIP, T5 or zeros  28       7
 *   FluxPipeline                   CLIP (pooled), T5        28       3.5
 */
import type { Signature } from "@gen/graph";
import { GenError } from "@gen/math";
import { isWanted } from "../describe-folder.ts";
import { classNameOf, type Fields, kindOf } from "../folder-kind.ts";
import { isPacked } from "../folder-sizes.ts";

/** An encoder of text in a folder. */
export interface TextPart {
  readonly name: "text_encoder" | "text_encoder_2" | "text_encoder_3";
  readonly tokenizer: "tokenizer" | "tokenizer_2" | "tokenizer_3";
  /** Ids of a prompt. @defaultValue the tokenizer's own */
  readonly length?: number;
  /** The class of the tokenizer, as the index names it. */
  readonly className?: string;
}

/** How a folder's prompts become conditions. */
export interface TextKind {
  readonly name: "sd" | "sdxl" | "sd3" | "flux";
  readonly parts: readonly TextPart[];
  readonly steps: number;
  readonly guidance: number;
}

/** The kind of a folder from its index, its denoiser's config and its denoiser's conditions. */
export function textKind(
  index: Fields,
  config: Fields,
  conditions: Readonly<Record<string, Signature>>,
): TextKind {
  const className = classNameOf(index);
  const part = (i: 1 | 2 | 3, length?: number): TextPart => {
    const end = i === 1 ? "" : (`_${i}` as const);
    const [, named] = [index[`tokenizer${end}`]].flat();
    return {
      name: `text_encoder${end}`,
      tokenizer: `tokenizer${end}`,
      length,
      ...(typeof named === "string" && { className: named }),
    };
  };
  if ("text_embeds" in conditions) {
    return { name: "sdxl", parts: [part(1), part(2)], steps: 50, guidance: 5 };
  }
  if ("pooled_projections" in conditions) {
    if (/^Flux/.test(className ?? "") || isPacked(config)) {
      return { name: "flux", parts: [part(1), part(2, 512)], steps: 28, guidance: 3.5 };
    }
    const hasT5 = className === undefined || isWanted(index, "text_encoder_3");
    const parts = [part(1), part(2), ...(hasT5 ? [part(3, 256)] : [])];
    return { name: "sd3", parts, steps: 28, guidance: 7 };
  }
  const isLcm = "timestep_cond" in conditions;
  return { name: "sd", parts: [part(1)], steps: isLcm ? 4 : 50, guidance: isLcm ? 8.5 : 7.5 };
}

const KNOWN = /^(StableDiffusion|LatentConsistency|Flux)/;

/** @throws GenError `invalid-model` for a folder that makes no picture from a prompt alone. */
export function requirePromptAlone(index: Fields, config: Fields): void {
  const className = classNameOf(index);
  const encodes = className === undefined ? !index._gen : isWanted(index, "text_encoder");
  const kind = kindOf(index, config, encodes);
  const named = className ? ` (${className})` : "";
  const refuse = (reason: string) => new GenError("invalid-model", reason);
  if (kind === "refiner") {
    throw refuse(
      `the folder is a refiner${named}: it refines the latents of a picture. Make a picture from a prompt by its base folder`,
    );
  }
  if (kind === "inpainting") {
    throw refuse(
      `the folder is for inpainting${named}: it needs a picture and a mask beside the prompt. Use a text-to-image folder, or generate with the condition concat`,
    );
  }
  if (kind === "image edit") {
    throw refuse(
      `the folder edits images${named}: it needs a picture beside the prompt. Use a text-to-image folder, or generate with the condition concat`,
    );
  }
  if (kind !== "text to image" && kind !== "latent consistency") {
    throw refuse(`the folder${named} has no text encoder: use generate, or gen sample`);
  }
  if (className !== undefined && !KNOWN.test(className)) {
    throw refuse(
      `the prompts of ${className} are not known here, only those of Stable Diffusion, latent consistency models and Flux: encode the prompt and use generate with its conditions`,
    );
  }
}
