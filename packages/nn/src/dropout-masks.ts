import { cast, constant, type Expr, type Input, input, mul, type Shape } from "@gen/graph";
import { bindDims, rebuild, resolveShape, withInputs } from "@gen/graph/compiler";
import { randomStream } from "@gen/math";
import { sizeOf } from "./initializers.ts";
import type { BatchInput } from "./train-options.ts";

/** The mask of one use of dropout: an input of booleans, true for the kept elements. */
export interface DropoutMask {
  readonly input: Input;
  /** The expected number of kept elements in 65,536. */
  readonly kept: number;
}

const LEVELS = 2 ** 16;

/** Replaces each use of dropout by `x mask / (1 - rate)`, with an input for each mask. */
export function maskDropout<Roots extends Record<string, Expr>>(
  roots: Roots,
): { roots: Roots; masks: readonly DropoutMask[] } {
  const masks: DropoutMask[] = [];
  const masked = rebuild(roots, (node, operands) => {
    if (node.op !== "Dropout") return withInputs(node, operands);
    const keeps = input(`dropout/${masks.length}`, { shape: node.shape, dtype: "bool" });
    const kept = Math.max(1, Math.round((1 - node.attributes.rate) * LEVELS));
    masks.push({ input: keeps, kept });
    return mul(operands[0], mul(cast(keeps, node.dtype), constant(LEVELS / kept, node.dtype)));
  });
  return { roots: masked as Roots, masks };
}

/**
 * Draws a step's masks. The seed, the step, the part of its batch and its index decide a mask;
 * `shapes` are the shapes of the batch's inputs. Half a random word decides an element, so the rate is exact to 2^-17.
 */
export function drawMasks(
  masks: readonly DropoutMask[],
  inputs: readonly Input[],
  shapes: Readonly<Record<string, readonly number[]>>,
  { seed, step, part = 0 }: { seed: number; step: number; part?: number },
): BatchInput[] {
  if (masks.length === 0) return [];
  const bindings = bindDims(inputs, shapes);
  return masks.map(({ input: { shape }, kept }, place) => {
    const index = part * masks.length + place;
    const full = resolveShape(shape as Shape, bindings);
    const count = sizeOf(full);
    const words = randomStream({ seed, purpose: "dropout", index, step }).words(
      Math.ceil(count / 2),
    );
    const data = new Uint8Array(count);
    for (let i = 0; i < count; i++) {
      const half = i % 2 === 0 ? words[i >> 1] & 0xffff : words[i >> 1] >>> 16;
      data[i] = half < kept ? 1 : 0;
    }
    return { data, shape: full };
  });
}
