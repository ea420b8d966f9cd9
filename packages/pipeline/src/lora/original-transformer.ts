/*
 * The modules of a Flux or SD3 transformer in diffusers for those of the original code, whose names
 * are in the LoRAs of kohya, of Black Forest Labs and of ComfyUI. A module of the original code can
 * hold the outputs of several modules of diffusers, one after the other:
 *
 *   diffusersModules("double_blocks_0_txt_attn_qkv")
 *   // => ["transformer_blocks_0_attn_add_q_proj", ..._add_k_proj, ..._add_v_proj]
 *
 * The names are those of convert_flux_transformer_checkpoint_to_diffusers and
 * convert_sd3_transformer_checkpoint_to_diffusers of diffusers 0.39.
 */

const projections = (path: string) => ["q", "k", "v"].map((letter) => `${path}_to_${letter}`);
const ADDED = ["q", "k", "v"].map((letter) => `attn_add_${letter}_proj`);

/** The modules of a block, by its kind. */
const BLOCKS: Readonly<Record<string, Readonly<Record<string, readonly string[]>>>> = {
  double: {
    img_attn_qkv: projections("attn"),
    img_attn_proj: ["attn_to_out_0"],
    img_mlp_0: ["ff_net_0_proj"],
    img_mlp_2: ["ff_net_2"],
    img_mod_lin: ["norm1_linear"],
    txt_attn_qkv: ADDED,
    txt_attn_proj: ["attn_to_add_out"],
    txt_mlp_0: ["ff_context_net_0_proj"],
    txt_mlp_2: ["ff_context_net_2"],
    txt_mod_lin: ["norm1_context_linear"],
  },
  single: {
    linear1: [...projections("attn"), "proj_mlp"],
    // XLabs trains a part of linear1.
    qkv: projections("attn"),
    linear2: ["proj_out"],
    modulation_lin: ["norm_linear"],
  },
  joint: {
    x_block_attn_qkv: projections("attn"),
    x_block_attn_proj: ["attn_to_out_0"],
    x_block_attn2_qkv: projections("attn2"),
    x_block_attn2_proj: ["attn2_to_out_0"],
    x_block_mlp_fc1: ["ff_net_0_proj"],
    x_block_mlp_fc2: ["ff_net_2"],
    x_block_adaLN_modulation_1: ["norm1_linear"],
    context_block_attn_qkv: ADDED,
    context_block_attn_proj: ["attn_to_add_out"],
    context_block_mlp_fc1: ["ff_context_net_0_proj"],
    context_block_mlp_fc2: ["ff_context_net_2"],
    context_block_adaLN_modulation_1: ["norm1_context_linear"],
  },
};

const TIME = "time_text_embed_timestep_embedder_linear";
const POOLED = "time_text_embed_text_embedder_linear";
const GUIDANCE = "time_text_embed_guidance_embedder_linear";
const OUTSIDE: Readonly<Record<string, string>> = {
  img_in: "x_embedder",
  txt_in: "context_embedder",
  time_in_in_layer: `${TIME}_1`,
  time_in_out_layer: `${TIME}_2`,
  vector_in_in_layer: `${POOLED}_1`,
  vector_in_out_layer: `${POOLED}_2`,
  guidance_in_in_layer: `${GUIDANCE}_1`,
  guidance_in_out_layer: `${GUIDANCE}_2`,
  x_embedder_proj: "pos_embed_proj",
  t_embedder_mlp_0: `${TIME}_1`,
  t_embedder_mlp_2: `${TIME}_2`,
  y_embedder_mlp_0: `${POOLED}_1`,
  y_embedder_mlp_2: `${POOLED}_2`,
  final_layer_linear: "proj_out",
  final_layer_adaLN_modulation_1: "norm_out_linear",
};

/** The modules of diffusers whose outputs a module has; undefined for other names. */
export function diffusersModules(module: string): readonly string[] | undefined {
  if (Object.hasOwn(OUTSIDE, module)) return [OUTSIDE[module]];
  const found = /^(double|single|joint)_blocks_(\d+)_(.+)$/.exec(module);
  if (!found) return undefined;
  const [, kind, index, inner] = found;
  const modules = Object.hasOwn(BLOCKS[kind], inner) ? BLOCKS[kind][inner] : undefined;
  const block = `${kind === "single" ? "single_" : ""}transformer_blocks_${index}`;
  return modules?.map((name) => `${block}_${name}`);
}

/** Whether a module of Flux's original code lies outside of its blocks. */
export const isOutsideOfBlocks = (module: string): boolean =>
  /^(img_in|txt_in|(time|vector|guidance)_in_.*|final_layer_.*)$/.test(module);
