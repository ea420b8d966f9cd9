import { checkArguments, rules } from "@gen/math/arguments";
import type { PipelineFolder } from "./describe-folder.ts";

/**
 * The size of a dynamic dimension, by its place in an input; undefined where nothing tells it.
 *
 * @param input The input's name.
 * @param axis The dimension's place, 0-based.
 * @param rank How many dimensions the input has.
 */
type SizeOf = (input: string, axis: number, rank: number) => number | undefined;

/** Tokens of T5 in diffusers' pipelines: `max_sequence_length` of Flux, and of the others. */
const T5_TOKENS = { flux: 512, other: 256 };

/** CLIP's tokens. */
const CLIP_TOKENS = 77;

const numberOf = (value: unknown) => (Number.isInteger(value) ? Number(value) : undefined);

/** What of a folder tells the sizes of its parts. */
type SizedFolder = Pick<PipelineFolder, "parts" | "latent" | "factor" | "className">;

const FOLDER: rules.Rule = /* @__PURE__ */ rules.having("what describeFolder finds", {
  parts: /* @__PURE__ */ rules.listOf(
    /* @__PURE__ */ rules.having("a part { name, config }", {
      name: rules.TEXT,
      config: rules.OBJECT,
    }),
  ),
  latent: /* @__PURE__ */ rules.listOf(/* @__PURE__ */ rules.optional(rules.COUNT)),
  factor: /* @__PURE__ */ rules.optional(rules.COUNT),
  className: /* @__PURE__ */ rules.optional(rules.TEXT),
});

/**
 * The sizes that the inputs of a folder's part have in its pipeline, for `preflight` before any model
 * is loaded: `partSizes(folder, "unet")("sample", 2, 4)` is the height of a latent.
 *
 * @param folder What `describeFolder` found.
 * @param part The part's name, such as "unet".
 * @throws RangeError when `folder` is nothing that `describeFolder` finds.
 */
export function partSizes(folder: SizedFolder, part: string): SizeOf {
  checkArguments({ folder, part }, { folder: FOLDER, part: rules.TEXT });
  const [channels, height, width] = folder.latent.length === 3 ? folder.latent : [];
  const sides = [height, width];
  const { factor } = folder;
  const pixels = sides.map((side) => (side && factor ? side * factor : undefined));
  if (part === "vae_decoder") return (_, axis) => [undefined, channels, ...sides][axis];
  if (part === "vae_encoder") return (_, axis) => [undefined, 3, ...pixels][axis];
  if (part === "safety_checker") {
    return (input, axis) =>
      input === "images" ? [undefined, ...pixels, 3][axis] : [undefined, 3, 224, 224][axis];
  }
  if (part.startsWith("text_encoder")) {
    return (_, axis) => (axis === 1 ? tokensOf(folder, part) : undefined);
  }
  const patches = height && width ? (height * width) / 4 : undefined;
  return (input, axis, rank) => {
    if (rank === 4) return [undefined, channels, ...sides][axis];
    if (input === "img_ids" && axis === 0) return patches;
    if (input === "txt_ids" && axis === 0) return promptTokens(folder);
    if (axis !== 1) return undefined;
    return input === "encoder_hidden_states" ? promptTokens(folder) : patches;
  };
}

/** Tokens that one text encoder takes. */
function tokensOf({ parts, className = "" }: SizedFolder, name: string): number {
  const config = parts.find((part) => part.name === name)?.config ?? {};
  const isT5 = /t5/.test(String(config.model_type));
  if (isT5) return className.startsWith("Flux") ? T5_TOKENS.flux : T5_TOKENS.other;
  return numberOf(config.max_position_embeddings) ?? CLIP_TOKENS;
}

/** Tokens of the prompt that the denoiser takes: Stable Diffusion 3 joins CLIP's and T5's. */
function promptTokens(folder: SizedFolder): number {
  const encoders = folder.parts.filter(({ name }) => name.startsWith("text_encoder"));
  const counts = encoders.map(({ name }) => tokensOf(folder, name));
  const clip = encoders.length > 0 ? counts[0] : CLIP_TOKENS;
  const t5 = encoders.findIndex(({ config }) => /t5/.test(String(config.model_type)));
  if (t5 < 0) return clip;
  return folder.className?.startsWith("StableDiffusion3") ? clip + counts[t5] : counts[t5];
}
