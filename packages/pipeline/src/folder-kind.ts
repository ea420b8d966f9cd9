/*
 * What a folder is for, from its JSON files alone:
 *
 *   _class_name of model_index.json, without the ORT or Onnx that some exporters put before it
 *   keys of unet/config.json or transformer/config.json, where no index tells
 */
import type { PartName } from "./paths.ts";

/** A JSON object. */
export type Fields = Readonly<Record<string, unknown>>;

/** What a folder's pipeline makes, and from what. */
export type FolderKind =
  | "text to image"
  | "refiner"
  | "inpainting"
  | "image edit"
  | "ControlNet"
  | "latent consistency"
  | "class-conditional"
  | "unconditional"
  | "autoencoder";

/** A number of a JSON object; undefined where the key is absent, null or no number. */
export function numberOf(fields: Fields, key: string): number | undefined {
  const value = fields[key];
  return typeof value === "number" && Number.isFinite(value) ? value : undefined;
}

/** Whether an index names a part; diffusers writes [null, null] for a part that a pipeline lacks. */
export function isWanted(index: Fields, name: PartName): boolean {
  const key = name.startsWith("vae_") && !(name in index) ? "vae" : name;
  return name !== "safety_checker" && [index[key]].flat().some((part) => part != null);
}

/** The pipeline's class as diffusers names it; undefined where no index names one. */
export function classNameOf(index: Fields): string | undefined {
  const name = index._class_name;
  if (typeof name !== "string") return undefined;
  // The second is the first name of diffusers' own ONNX pipeline.
  return name.replace(/^(ORT|Onnx)(?=[A-Z])/, "").replace(/Onnx(?=Pipeline$)/, "");
}

/** Channels that are joined to the sample: a mask and a masked image's latents, or an image's. */
export function extraChannels(config: Fields): number {
  const [inner, outer] = [numberOf(config, "in_channels"), numberOf(config, "out_channels")];
  return inner !== undefined && outer !== undefined && outer < inner ? inner - outer : 0;
}

/** The kind of a folder from its index, its denoiser's config, and whether it encodes text. */
export function kindOf(index: Fields, config: Fields, encodesText: boolean): FolderKind {
  const name = classNameOf(index) ?? "";
  const extra = extraChannels(config);
  const latents = numberOf(config, "out_channels") ?? 0;
  if (/Inpaint/.test(name) || (extra > 0 && extra === latents + 1)) return "inpainting";
  if (/InstructPix2Pix/.test(name) || (extra > 0 && extra === latents)) return "image edit";
  if (name === "StableDiffusionXLImg2ImgPipeline" || index.requires_aesthetics_score === true) {
    return "refiner";
  }
  if (/ControlNet/.test(name)) return "ControlNet";
  if (/^LatentConsistency/.test(name) || numberOf(config, "time_cond_proj_dim")) {
    return "latent consistency";
  }
  const readsText = ["cross_attention_dim", "joint_attention_dim", "caption_channels"].some((key) =>
    numberOf(config, key),
  );
  if (encodesText || /^(StableDiffusion|Flux)/.test(name)) return "text to image";
  const hasClasses =
    /^DiT/.test(name) ||
    /^DiT/.test(String(config._class_name ?? "")) ||
    numberOf(config, "num_class_embeds") !== undefined ||
    (config.class_embed_type ?? null) !== null;
  if (hasClasses) return "class-conditional";
  return readsText ? "text to image" : "unconditional";
}

/** What a caller gives a folder's pipeline. */
export type FolderNeed = "prompt" | "picture" | "mask" | "control picture" | "class";

/** What each kind of folder needs beside a prompt, which its conditions tell. */
const needs: Readonly<Partial<Record<FolderKind, readonly FolderNeed[]>>> = {
  refiner: ["picture"],
  inpainting: ["picture", "mask"],
  "image edit": ["picture"],
  "class-conditional": ["class"],
};

/** What a folder of this kind and of these conditions needs; `controlled` by a ControlNet. */
export const needsOf = (
  kind: FolderKind,
  conditions: Readonly<Record<string, unknown>>,
  controlled: boolean,
): FolderNeed[] => [
  ...("encoder_hidden_states" in conditions ? (["prompt"] as const) : []),
  ...(needs[kind] ?? []),
  ...(controlled ? (["control picture"] as const) : []),
];
