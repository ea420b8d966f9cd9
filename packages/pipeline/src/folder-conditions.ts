import type { Signature } from "@gen/graph";
import { extraChannels, type Fields, numberOf } from "./folder-kind.ts";
import { isPacked } from "./folder-sizes.ts";

const floats = (...shape: (number | string)[]): Signature => ({ shape, dtype: "float32" });

/** Conditions `[batch, ...]` of a denoiser by name, as its config tells them. */
export function folderConditions(
  config: Fields,
  { index, projection }: { index: Fields; projection?: number },
): Record<string, Signature> {
  const number = (key: string) => numberOf(config, key);
  const found: Record<string, Signature> = {};
  const extra = extraChannels(config);
  if (extra > 0) found.concat = floats("batch", extra, "height", "width");
  const width = number("cross_attention_dim") ?? number("joint_attention_dim");
  if (width && (config.class_embed_type ?? config.num_embeds_ada_norm ?? null) === null) {
    found.encoder_hidden_states = floats("batch", "sequence", width);
  }
  if (config.addition_embed_type === "text_time") {
    const each = number("addition_time_embed_dim") ?? 256;
    const both = number("projection_class_embeddings_input_dim") ?? 0;
    const assumed = index.requires_aesthetics_score === true ? 5 : 6;
    const ids = projection === undefined ? assumed : (both - projection) / each;
    found.text_embeds = floats("batch", both - ids * each);
    found.time_ids = floats("batch", ids);
  }
  const pooled = number("pooled_projection_dim");
  if (pooled) found.pooled_projections = floats("batch", pooled);
  if (isPacked(config) && config.guidance_embeds === true) found.guidance = floats("batch");
  const guided = number("time_cond_proj_dim");
  if (guided) found.timestep_cond = floats("batch", guided);
  if (number("num_embeds_ada_norm") ?? number("num_class_embeds")) {
    found.class_labels = { shape: ["batch"], dtype: "int64" };
  }
  return found;
}
