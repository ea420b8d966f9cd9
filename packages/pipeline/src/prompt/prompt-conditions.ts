/*
 * The conditions of a denoiser for prompts of one kind, beside their states:
 *
 *   time_ids = (height, width, 0, 0, height, width)        SDXL: original size, crop, target size
 *              (height, width, 0, 0, aesthetic score)      its refiner
 *   timestep_cond = (sin w f_i, cos w f_i), f_i = 1000 / 10000^(i / (n / 2 - 1)), w = guidance - 1
 *   guidance = guidance                                     Flux
 */
import type { Signature, Tensor } from "@gen/graph";
import type { PromptStates } from "./prompt-states.ts";

/** The conditions that the denoiser takes, of several prompts' states. */
export function promptConditions(
  wanted: Readonly<Record<string, Signature>>,
  states: readonly PromptStates[],
  {
    guidance,
    width,
    height,
    embedding,
    aestheticScore,
  }: {
    guidance: number;
    width: number;
    height: number;
    embedding: number;
    aestheticScore?: number;
  },
): Record<string, Tensor> {
  const ends = aestheticScore === undefined ? [height, width] : [aestheticScore];
  const all: Record<string, () => Tensor> = {
    encoder_hidden_states: () => rows(states.map((one) => one.states)),
    text_embeds: () => rows(states.map((one) => one.pooled as Tensor)),
    pooled_projections: () => rows(states.map((one) => one.pooled as Tensor)),
    time_ids: () => floats([height, width, 0, 0, ...ends], [1, 4 + ends.length]),
    timestep_cond: () => floats(guidanceEmbedding(guidance - 1, embedding), [1, embedding]),
    guidance: () => floats([guidance], [1]),
  };
  const names = Object.keys(wanted).filter((name) => Object.hasOwn(all, name));
  return Object.fromEntries(names.map((name) => [name, all[name]()]));
}

/** Those of the conditions that are of a text, and not of the guidance or the size. */
const textConditions = ["encoder_hidden_states", "text_embeds", "pooled_projections"];

/** What means no text: zeros for the text's conditions, and the others as they are. */
export const withoutText = (conditions: Readonly<Record<string, Tensor>>): Record<string, Tensor> =>
  Object.fromEntries(
    Object.entries(conditions).map(([name, value]) => {
      const none = { ...value, data: new Float32Array(value.data.length) };
      return [name, textConditions.includes(name) ? none : value];
    }),
  );

const floats = (data: readonly number[], shape: readonly number[]): Tensor => ({
  data: Float32Array.from(data),
  shape,
  dtype: "float32",
});

/** `get_guidance_scale_embedding` of LatentConsistencyModelPipeline (diffusers 0.39). */
function guidanceEmbedding(w: number, size: number): number[] {
  const half = Math.floor(size / 2);
  const angles = Array.from(
    { length: half },
    (_, i) => 1000 * w * Math.exp((-Math.log(10000) * i) / (half - 1)),
  );
  const values = [...angles.map(Math.sin), ...angles.map(Math.cos)];
  return size % 2 === 1 ? [...values, 0] : values;
}

/** Tensors `[1, ...]` as one `[n, ...]`. */
function rows(tensors: readonly Tensor[]): Tensor {
  const [{ shape, data }] = tensors;
  const joined = new Float32Array(tensors.length * data.length);
  for (const [i, one] of tensors.entries()) joined.set(one.data as Float32Array, i * data.length);
  return { data: joined, shape: [tensors.length, ...shape.slice(1)], dtype: "float32" };
}
