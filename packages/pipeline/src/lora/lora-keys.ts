/**
 * The names of a LoRA's tensors: which module of which part of a pipeline a tensor belongs to, and
 * what it is there. Modules are written with `_` for each dot, as kohya's files have them.
 *
 *   parseKey("lora_unet_mid_block_resnets_0_conv1.lora_up.weight")
 *   // => { part: "unet", module: "mid_block_resnets_0_conv1", role: "up" }
 */

/** The parts of a pipeline that a LoRA can change. */
export type LoraPart = "unet" | "transformer" | "text_encoder" | "text_encoder_2";

/** What a tensor of a LoRA is. A role that is none of the four cannot be merged. */
export interface LoraKey {
  readonly part: LoraPart | undefined;
  readonly module: string;
  readonly role: "down" | "up" | "mid" | "alpha" | { readonly refused: string };
}

/** The layouts that are known, for errors. */
export const LAYOUTS =
  "kohya's (lora_unet_NAME.lora_down.weight), diffusers' (unet.NAME.lora_A.weight, transformer.NAME.lora_A.weight, unet.NAME.lora.down.weight, unet.NAME.processor.to_q_lora.down.weight) and Flux's (double_blocks.0.NAME.lora_A.weight)";

const ROLES: readonly (readonly [RegExp, LoraKey["role"]])[] = [
  [/\.(lora_down|lora_A(\.default(_\d+)?)?|lora\.down|lora_linear_layer\.down)\.weight$/, "down"],
  [/\.(lora_up|lora_B(\.default(_\d+)?)?|lora\.up|lora_linear_layer\.up)\.weight$/, "up"],
  [/\.lora_mid\.weight$/, "mid"],
  [/\.alpha$/, "alpha"],
  [/\.(dora_scale|lora_magnitude_vector(\.default)?(\.weight)?)$/, { refused: "DoRA" }],
  [/\.hada_\w+$/, { refused: "LoHa" }],
  [/\.lokr_\w+$/, { refused: "LoKr" }],
  [/\.(oft_\w+|ia3_\w+|on_input)$/, { refused: "OFT or IA3" }],
  [/\.(diff|diff_b|lora_B(\.default)?\.bias)$/, { refused: "full differences and biases" }],
];

const PREFIXES: readonly (readonly [RegExp, LoraPart | undefined])[] = [
  [/^lora_unet_/, "unet"],
  [/^lora_te1?_/, "text_encoder"],
  [/^lora_te2_/, "text_encoder_2"],
  [/^lora_transformer_/, "transformer"],
  [/^text_encoders\.clip_l\.transformer\./, "text_encoder"],
  [/^(base_model\.model\.)?(unet|model\.diffusion_model|diffusion_model)\./, "unet"],
  [/^(base_model\.model\.)?text_encoder\./, "text_encoder"],
  [/^(base_model\.model\.)?text_encoder_2\./, "text_encoder_2"],
  [/^(base_model\.model\.)?transformer\./, "transformer"],
  [/^base_model\.model\./, undefined],
  [/^(?=(down_blocks|mid_block|up_blocks|transformer_blocks|text_model)\.)/, undefined],
  // The original code of Flux.
  [/^(?=((double|single)_blocks|(img|txt|time|vector|guidance)_in|final_layer)\.)/, undefined],
];

const XLABS = /\.processor\.(qkv|proj)_lora([12]?)\.(down|up)\.weight$/;

/** What a key names; undefined for a key of no known layout. */
export function parseKey(key: string): LoraKey | undefined {
  // diffusers before peft: `attn1.processor.to_q_lora.down.weight`.
  const name = key
    .replace(/(\.processor)?\.(to_[qkv]|to_out)_lora\.(down|up)\.weight$/, ".$2.lora.$3.weight")
    // Its text encoders have the names of the UNet's projections.
    .replace(/\.self_attn\.to_(q|k|v|out)\.lora\./, ".self_attn.$1_proj.lora.")
    .replace(/\.to_out\.lora\./, ".to_out.0.lora.")
    // XLabs' files for Flux.
    .replace(XLABS, (_, kind, number, half) =>
      number
        ? `.${number === "1" ? "img" : "txt"}_attn.${kind}.lora.${half}.weight`
        : `.${kind === "qkv" ? kind : "linear2"}.lora.${half}.weight`,
    );
  const prefix = PREFIXES.find(([pattern]) => pattern.test(name));
  const role = ROLES.find(([pattern]) => pattern.test(name));
  // diffusers leaves these out of Flux's files alone.
  if (/(double|single)_blocks.*\.diff(_b)?$/.test(name)) return undefined;
  if (!prefix || !role) return undefined;
  const module = name.replace(prefix[0], "").replace(role[0], "").replaceAll(".", "_");
  const part = prefix[1] ?? (module.startsWith("text_model") ? "text_encoder" : undefined);
  return { part, module, role: role[1] };
}

const RESNET: readonly (readonly [string, string])[] = [
  ["in_layers_2", "conv1"],
  ["out_layers_3", "conv2"],
  ["emb_layers_1", "time_emb_proj"],
  ["skip_connection", "conv_shortcut"],
];
const OUTSIDE: ReadonlyMap<string, string> = new Map([
  ["input_blocks_0_0", "conv_in"],
  ["out_2", "conv_out"],
  ["time_embed_0", "time_embedding_linear_1"],
  ["time_embed_2", "time_embedding_linear_2"],
  ["label_emb_0_0", "add_embedding_linear_1"],
  ["label_emb_0_2", "add_embedding_linear_2"],
]);

/**
 * A module's name in diffusers for its name in the original code of Stable Diffusion, which kohya's
 * files for SDXL have: `input_blocks_4_1_proj_in` is `down_blocks_1_attentions_0_proj_in` where a
 * block has two layers. Other names are given back as they are.
 */
export function diffusersName(module: string, layersPerBlock: number): string {
  const outside = OUTSIDE.get(module);
  if (outside !== undefined) return outside;
  const resnet = (rest: string) => RESNET.find(([name]) => name === rest)?.[1] ?? rest;
  const middle = /^middle_block_([012])_(.+)$/.exec(module);
  if (middle) {
    const [, index, rest] = middle;
    if (index === "1") return `mid_block_attentions_0_${rest}`;
    return `mid_block_resnets_${Number(index) / 2}_${resnet(rest)}`;
  }
  const sampler = /^(.*_(?:down|up)samplers_0)_op$/.exec(module);
  if (sampler) return `${sampler[1]}_conv`;
  const block = /^(input|output)_blocks_(\d+)_([012])_(.+)$/.exec(module);
  if (!block) return module;
  const [, side, index, inner, rest] = block;
  const at = Number(index) - (side === "input" ? 1 : 0);
  const layer = at % (layersPerBlock + 1);
  const name = `${side === "input" ? "down" : "up"}_blocks_${Math.floor(at / (layersPerBlock + 1))}`;
  if (rest === "op") return `${name}_downsamplers_0_conv`;
  if (rest === "conv") return `${name}_upsamplers_0_conv`;
  return inner === "0"
    ? `${name}_resnets_${layer}_${resnet(rest)}`
    : `${name}_attentions_${layer}_${rest}`;
}
