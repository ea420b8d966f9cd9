/*
 * Which encoders a folder's prompts go through, as diffusers 0.39:
 *
 *   StableDiffusion, LatentConsistencyModel   CLIP
 *   StableDiffusionXL                         CLIP, CLIP; its refiner the second alone
 *   StableDiffusion3                          CLIP, CLIP, T5 or zeros
 *   Flux                                      CLIP (pooled), T5
 */
import type { Signature } from "@gen/graph";
import { classNameOf, type Fields, isWanted } from "../folder-kind.ts";
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
}

/** The kind of a folder from its index, its denoiser's config and its denoiser's conditions. */
export function textKind(
  index: Fields,
  config: Fields,
  conditions: Readonly<Record<string, Signature>>,
): TextKind {
  const className = classNameOf(index);
  const isTold = Object.keys(index).length > 0;
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
    const isRefiner = isTold && !isWanted(index, "text_encoder");
    return { name: "sdxl", parts: isRefiner ? [part(2)] : [part(1), part(2)] };
  }
  if ("pooled_projections" in conditions) {
    if (/^Flux/.test(className ?? "") || isPacked(config)) {
      return { name: "flux", parts: [part(1), part(2, 512)] };
    }
    const hasT5 = !isTold || isWanted(index, "text_encoder_3");
    const parts = [part(1), part(2), ...(hasT5 ? [part(3, 256)] : [])];
    return { name: "sd3", parts };
  }
  return { name: "sd", parts: [part(1)] };
}
