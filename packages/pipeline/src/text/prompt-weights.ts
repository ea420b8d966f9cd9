/**
 * Weights in a prompt, as users of Stable Diffusion write them:
 *
 *   parsePrompt("a (red:1.3) fox") // => [["a ", 1], ["red", 1.3], [" fox", 1]]
 *
 * `(x)` is 1.1 times x, `[x]` is x divided by 1.1, `(x:1.3)` is 1.3 times x, and a backslash before
 * a bracket makes the bracket a letter. The grammar and the weighting are those of Stable Diffusion
 * web UI and of diffusers' community pipeline `lpw_stable_diffusion`.
 */
import { ArgumentError } from "@gen/math/arguments";
import { MAX_PROMPT_BRACKETS } from "./limits.ts";

/** A part of a prompt and its weight. */
export type PromptPiece = readonly [text: string, weight: number];

const PARTS = /\\[()[\]\\]?|[()[\]]|:([+-]?[.\d]+)\)|[^\\()[\]:]+|:/g;

/**
 * The pieces of a prompt with their weights. Neighbors of equal weight are one piece, and a bracket
 * that nothing closes ends with the prompt.
 *
 * @throws RangeError when the prompt has more than 512 brackets.
 */
export function parsePrompt(prompt: string): PromptPiece[] {
  const pieces: [string, number][] = [];
  const round: number[] = [];
  const square: number[] = [];
  const multiply = (from: number, factor: number) => {
    for (let i = from; i < pieces.length; i++) pieces[i][1] *= factor;
  };
  const brackets = prompt.match(/[()[\]]/g)?.length ?? 0;
  if (brackets > MAX_PROMPT_BRACKETS) {
    throw new ArgumentError(
      `a prompt with weights must have at most ${MAX_PROMPT_BRACKETS} brackets, got ${brackets}`,
    );
  }
  for (const [part, digits] of prompt.matchAll(PARTS)) {
    const weight = digits === undefined ? 1.1 : Number(digits);
    const closes = part === ")" || (digits !== undefined && !Number.isNaN(weight));
    if (part === "(") round.push(pieces.length);
    else if (part === "[") square.push(pieces.length);
    else if (closes && round.length > 0) multiply(Number(round.pop()), weight);
    else if (part === "]" && square.length > 0) multiply(Number(square.pop()), 1 / 1.1);
    else pieces.push([part.startsWith("\\") ? part.slice(1) : part, 1]);
  }
  for (const from of round) multiply(from, 1.1);
  for (const from of square) multiply(from, 1 / 1.1);
  const merged: [string, number][] = [];
  for (const [text, weight] of pieces) {
    const last = merged.at(-1);
    if (last?.[1] === weight) last[0] += text;
    else merged.push([text, weight]);
  }
  return merged.length > 0 ? merged : [["", 1]];
}

/**
 * Hidden states `[tokens, width]` times the weights `[tokens]`, scaled so that their mean over all
 * numbers stays what it was.
 */
export function weightHiddenStates(hidden: Float32Array, weights: Float32Array): Float32Array {
  const width = hidden.length / weights.length;
  const weighted = hidden.map((value, i) => value * weights[Math.floor(i / width)]);
  const sum = (values: Float32Array) => values.reduce((total, value) => total + value, 0);
  const scale = sum(hidden) / sum(weighted);
  return Number.isFinite(scale) ? weighted.map((value) => value * scale) : weighted;
}
