/*
 * What a call's prompts give the denoiser: the conditions of each picture and, for a second pass,
 * those of the negative prompt.
 */
import type { Tensor } from "@gen/graph";
import { numberOf } from "../folder-kind.ts";
import type { PromptTokenizer } from "../text/load-tokenizer.ts";
import type { FolderModel } from "./folder-model.ts";
import type { PictureOptions } from "./options.ts";
import { promptConditions, withoutText } from "./prompt-conditions.ts";
import { type PromptStates, promptStates } from "./prompt-states.ts";
import { encoderOf } from "./text-parts.ts";

type Conditions = Readonly<Record<string, Tensor>>;

/** The conditions of a call. */
export interface CallConditions {
  /** A row for each picture, or one for all. */
  readonly condition: Conditions;
  /** One row; undefined without a second pass. */
  readonly unconditional?: Conditions;
  readonly notes: readonly string[];
}

/** The conditions of a call for latents of `shape` under a guidance. */
export async function callConditions<T>(
  model: FolderModel<T>,
  call: PictureOptions,
  { guidance, shape }: { guidance: number; shape: readonly number[] },
): Promise<CallConditions> {
  const { text: kind, index, config, conditions, factor, backend, tokenizers } = model;
  const { prompt, negativePrompt, count = 1, clipSkip = 0, weighted = false, signal } = call;
  const takesGuidance = "timestep_cond" in conditions || kind.name === "flux";
  const isGuided = guidance > 1 && !takesGuidance;
  const isEmpty = kind.name === "sdxl" && index.force_zeros_for_empty_prompt !== false;
  const isZero = negativePrompt === undefined && isEmpty;
  const texts = [prompt].flat().map((text) => ({ text, clipSkip }));
  const all = isGuided && !isZero ? [...texts, { text: negativePrompt ?? "", clipSkip: 0 }] : texts;
  const { encoded, notes } = await promptStates(
    {
      kind,
      backend,
      weighted,
      signal,
      width: numberOf(config, "joint_attention_dim"),
      tokenizerOf: (part) => tokenizers.get(part.tokenizer) as PromptTokenizer,
      load: (part) => encoderOf(model.read, part, model.reading),
    },
    all,
  );
  const takesScore = index.requires_aesthetics_score === true;
  const conditionsOf = (states: readonly PromptStates[], score: number) =>
    promptConditions(conditions, states, {
      ...(takesScore && { aestheticScore: score }),
      guidance,
      embedding: Number(
        numberOf(config, "time_cond_proj_dim") ?? conditions.timestep_cond?.shape[1],
      ),
      width: shape[2] * factor,
      height: shape[1] * factor,
    });
  const shown = encoded.slice(0, texts.length);
  const condition = conditionsOf(
    shown.flatMap((one) => Array.from({ length: shown.length > 1 ? count : 1 }, () => one)),
    call.aestheticScore ?? 6,
  );
  if (negativePrompt !== undefined && !isGuided) {
    notes.push("the negative prompt is not used: there is no second pass for it");
  }
  if (!isGuided) return { condition, notes };
  const none = conditionsOf(encoded.slice(-1), call.negativeAestheticScore ?? 2.5);
  return { condition, unconditional: isZero ? withoutText(none) : none, notes };
}
