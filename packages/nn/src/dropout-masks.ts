import { cast, constant, type Expr, type Input, input, mul, type Shape } from "@gen/graph";
import { bindDims, resolveShape, topological, withInputs } from "@gen/graph/compiler";
import { randomStream } from "@gen/math";
import type { BatchInput } from "./train-options.ts";

/** The input that tells which elements one use of dropout keeps. */
export interface DropoutMask {
  readonly input: Input;
  /** The elements that are kept, of every 65,536 on average. */
  readonly kept: number;
}

const WORDS = 2 ** 16;

/**
 * The same expressions with each use of dropout as a product with a mask, an input `dropout/INDEX`
 * of booleans, over the share of what is kept.
 */
export function maskDropout<Roots extends Record<string, Expr>>(
  roots: Roots,
): { roots: Roots; masks: readonly DropoutMask[] } {
  const masks: DropoutMask[] = [];
  const made = new Map<Expr, Expr>();
  for (const node of topological(Object.values(roots))) {
    const operands = node.inputs.map((e) => made.get(e) as Expr);
    if (node.op !== "Dropout") {
      made.set(node, withInputs(node, operands));
      continue;
    }
    const keeps = input(`dropout/${masks.length}`, { shape: node.shape, dtype: "bool" });
    const kept = Math.max(1, Math.round((1 - node.attributes.rate) * WORDS));
    masks.push({ input: keeps, kept });
    made.set(
      node,
      mul(operands[0], mul(cast(keeps, node.dtype), constant(WORDS / kept, node.dtype))),
    );
  }
  const masked = Object.entries(roots).map(([name, e]) => [name, made.get(e)]);
  return { roots: Object.fromEntries(masked) as Roots, masks };
}

/**
 * A step's masks, each keyed by the seed, its index and the step; `shapes` are those of the batch.
 * Half a random word decides an element, so that a rate is met to 2^-17.
 */
export function drawMasks(
  masks: readonly DropoutMask[],
  inputs: readonly Input[],
  shapes: Readonly<Record<string, readonly number[]>>,
  { seed, step }: { seed: number; step: number },
): Record<string, BatchInput> {
  if (masks.length === 0) return {};
  const bindings = bindDims(inputs, shapes);
  const drawn = masks.map(({ input: { name, shape }, kept }, index) => {
    const full = resolveShape(shape as Shape, bindings);
    const count = full.reduce((a, b) => a * b, 1);
    const words = randomStream({ seed, purpose: "dropout", index, step }).words(
      Math.ceil(count / 2),
    );
    const data = new Uint8Array(count);
    for (let i = 0; i < count; i++) {
      const half = i % 2 === 0 ? words[i >> 1] & 0xffff : words[i >> 1] >>> 16;
      data[i] = half < kept ? 1 : 0;
    }
    return [name, { data, shape: full, dtype: "bool" }] as const;
  });
  return Object.fromEntries(drawn);
}
