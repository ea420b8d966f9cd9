/*
 * The states of prompts, as the folder's pipeline in diffusers 0.39 makes them of its encoders:
 *
 *   sd     states = last_hidden_state
 *   sdxl   states = [h1 | h2], pooled = text_embeds of the second
 *   sd3    states = [[h1 | h2 | 0], t5] along the tokens, pooled = [p1 | p2]
 *   flux   states = t5, pooled = pooler_output of CLIP
 *
 * h is the hidden state before the last layer.
 */
import type { Tensor } from "@gen/graph";
import type { OnnxModel } from "@gen/graph/onnx";
import { GenError } from "@gen/math";
import type { Backend } from "@gen/runtime-gpu";
import type { AbortSignalLike } from "@gen/sampling";
import type { PromptTokenizer } from "../text/load-tokenizer.ts";
import { weightHiddenStates } from "../text/prompt-weights.ts";
import { throwIfAborted } from "./aborted.ts";
import { withoutLayers } from "./clip-layers.ts";
import { encodeTexts, fixedLength, hiddenState, type ReadState } from "./encode-text.ts";
import type { TextKind, TextPart } from "./text-kind.ts";

/** A text to encode. */
export interface Prompt {
  readonly text: string;
  /** Layers that are left out at the end of CLIP, beyond those that the kind leaves out. */
  readonly clipSkip: number;
}

/** What a denoiser takes of a text. */
export interface PromptStates {
  /** `[1, tokens, width]`. */
  readonly states: Tensor;
  /** `[1, width]`, where the kind has them. */
  readonly pooled?: Tensor;
}

/** What {@link promptStates} works with. */
export interface Encoding<T> {
  readonly kind: TextKind;
  readonly backend: Backend<T>;
  readonly tokenizerOf: (part: TextPart) => PromptTokenizer;
  /** Reads a part's model, which is dropped when its texts are encoded. */
  readonly load: (part: TextPart) => Promise<OnnxModel>;
  /** The width of the states that the denoiser takes, for SD3 without T5. */
  readonly width?: number;
  readonly weighted: boolean;
  readonly signal?: AbortSignalLike;
}

/** The states of each prompt, and what was cut off, one sentence each. */
export async function promptStates<T>(
  encoding: Encoding<T>,
  prompts: readonly Prompt[],
): Promise<{ encoded: PromptStates[]; notes: string[] }> {
  const { kind, signal } = encoding;
  const notes = new Set<string>();
  const parts: { hidden?: Tensor; pooled?: Tensor }[][] = [];
  // One encoder at a time, so that no two are in memory.
  for (const part of kind.parts) {
    throwIfAborted(signal);
    parts.push(await encodePart(encoding, part, prompts, notes));
  }
  const encoded = prompts.map((_, i) =>
    joined(
      encoding,
      parts.map((rows) => rows[i]),
    ),
  );
  return { encoded, notes: [...notes] };
}

/** What is wanted of a part: outputs, and the layers to leave out before the first. */
interface Wanted {
  readonly hidden?: string;
  readonly skipped?: number;
  readonly pooled?: string;
}

/** What is wanted of the parts of each kind. */
function wantedOf({ name }: TextKind, part: TextPart, model: OnnxModel, clipSkip: number): Wanted {
  const path = `${part.name}/model.onnx`;
  const [first] = model.outputNames;
  const last = model.outputNames.includes("last_hidden_state") ? "last_hidden_state" : first;
  const isT5 = part.length !== undefined;
  if (isT5) return { hidden: last };
  if (name === "flux") return { pooled: "pooler_output" };
  if (name === "sd") return { hidden: last, skipped: clipSkip };
  const hidden = hiddenState(model, path, 1 + clipSkip);
  const isPooled = name === "sd3" || part.name === "text_encoder_2";
  return isPooled ? { hidden, pooled: "text_embeds" } : { hidden };
}

async function encodePart<T>(
  { kind, backend, tokenizerOf, load, weighted }: Encoding<T>,
  part: TextPart,
  prompts: readonly Prompt[],
  notes: Set<string>,
): Promise<{ hidden?: Tensor; pooled?: Tensor }[]> {
  const model = await load(part);
  const tokenizer = tokenizerOf(part);
  const maxLength = fixedLength(model) ?? part.length ?? tokenizer.maxLength;
  const tokenized = prompts.map(({ text }) => tokenizer.tokenize(text, { maxLength, weighted }));
  for (const { note } of tokenized) if (note !== undefined) notes.add(note);
  const wanted = prompts.map(({ clipSkip }) => wantedOf(kind, part, model, clipSkip));
  const outputNames = wanted.flatMap(({ hidden, pooled }) => [hidden ?? [], pooled ?? []]).flat();
  const absent = outputNames.find((name) => !model.outputNames.includes(name));
  if (absent !== undefined) {
    throw new GenError(
      "invalid-model",
      `${part.name}/model.onnx must have the output ${absent}, got ${model.outputNames.join(", ")}`,
    );
  }
  const texts = tokenized.map(({ ids }) => ids);
  const path = `${part.name}/model.onnx`;
  const states: Record<string, ReadState> = {};
  for (const { hidden, skipped = 0, pooled } of wanted) {
    if (hidden !== undefined) {
      states[stateName(hidden, skipped)] = (of) =>
        skipped > 0 ? withoutLayers(of[hidden], skipped, path) : of[hidden];
    }
    if (pooled !== undefined) states[pooled] = (of) => of[pooled];
  }
  const outputs = await encodeTexts(backend, model, texts, states).catch((error: unknown) => {
    if (!(error instanceof GenError)) throw error;
    throw new GenError(error.code, `${part.name}/model.onnx: ${error.message}`, { cause: error });
  });
  return wanted.map(({ hidden, skipped, pooled }, i) => ({
    ...(hidden !== undefined && {
      hidden: weightedStates(
        outputs[i][stateName(hidden, skipped)],
        weighted ? tokenized[i].weights : undefined,
      ),
    }),
    ...(pooled !== undefined && { pooled: outputs[i][pooled] }),
  }));
}

const stateName = (output: string, skipped = 0) =>
  skipped > 0 ? `${output} without ${skipped} layers` : output;

const weightedStates = (states: Tensor, weights: Float32Array | undefined): Tensor =>
  weights ? { ...states, data: weightHiddenStates(states.data as Float32Array, weights) } : states;

function joined<T>(
  { kind, width }: Encoding<T>,
  parts: readonly { hidden?: Tensor; pooled?: Tensor }[],
): PromptStates {
  const hidden = parts.flatMap((part) => (part.hidden ? [part.hidden] : []));
  const pooled = parts.flatMap((part) => (part.pooled ? [part.pooled] : []));
  const states =
    kind.name === "sd3" ? sd3States(hidden, width) : side(hidden, hidden[0].shape[1], 0);
  if (pooled.length === 0) return { states };
  const flat = side(pooled, 1, 0);
  return { states, pooled: { ...flat, shape: [1, flat.data.length] } };
}

/** CLIP's tokens, as wide as T5's, before T5's; without T5 as many zeros as its tokens would be. */
function sd3States([first, second, t5]: readonly Tensor[], width: number | undefined): Tensor {
  const wide = t5?.shape[2] ?? width ?? first.shape[2] + second.shape[2];
  const clip = side([first, second], first.shape[1], wide);
  const rest = t5?.data ?? new Float32Array(256 * wide);
  const data = Float32Array.from([...(clip.data as Float32Array), ...(rest as Float32Array)]);
  return { data, shape: [1, data.length / wide, wide], dtype: "float32" };
}

/** Tensors of `rows` rows side by side, filled by zeros up to `width`. */
function side(tensors: readonly Tensor[], rows: number, width: number): Tensor {
  const widths = tensors.map(({ data }) => data.length / rows);
  const whole = Math.max(
    width,
    widths.reduce((a, b) => a + b, 0),
  );
  const data = new Float32Array(rows * whole);
  let from = 0;
  for (const [i, tensor] of tensors.entries()) {
    for (let row = 0; row < rows; row++) {
      const part = tensor.data.subarray(row * widths[i], (row + 1) * widths[i]) as Float32Array;
      data.set(part, row * whole + from);
    }
    from += widths[i];
  }
  return { data, shape: [1, rows, whole], dtype: "float32" };
}
