/*
 * Gradient accumulation: a batch in n parts, whose gradients g_k are averaged before one update. Part
 * k from 0 adds its own:
 *
 *   a_k = kept a_(k-1) + g_k / n    kept = 0 in the first part, otherwise 1
 *
 * All parts but the last run a graph of the accumulators alone. The last part runs the step's graph,
 * which updates with a_(n-1).
 */

import { add, type Expr, input, mul, type Signature, shapeText } from "@gen/graph";
import { ArgumentError } from "@gen/math/arguments";
import type { Slot } from "./slots.ts";
import { mapValues } from "./substitute.ts";
import type { BatchInput } from "./train-options.ts";

/** Gradients added to their accumulators, with the numbers `1 / n` and `kept`; and the slots. */
export function accumulators(gradients: readonly Expr[], [share, kept]: readonly Expr[]) {
  const slots = gradients.map(({ shape }, i): Slot => {
    const before = input(`state/gradients/${i}`, { shape });
    return { kind: "gradients", parts: [], input: before, output: `next/gradients/${i}` };
  });
  const sums = gradients.map((g, i) => add(mul(slots[i].input, kept), mul(g, share)));
  return { slots, sums };
}

/** The signature of one of `count` parts of a batch. A dimension with a name stays. */
export const partSignature = <Name extends string>(
  signature: Readonly<Record<Name, Signature>>,
  count: number,
): Record<Name, Signature> =>
  mapValues<Signature, Signature>(signature, (whole, name) => {
    const [items, ...item] = whole.shape;
    if (typeof items !== "number") return whole;
    return { ...whole, shape: [partSize(name, whole.shape, count), ...item] };
  }) as Record<Name, Signature>;

/** The batch in `count` parts along the first axis, as views. A scalar belongs to each part. */
export function splitBatch<Name extends string>(
  batch: Readonly<Record<Name, BatchInput>>,
  count: number,
): Record<Name, BatchInput>[] {
  return Array.from({ length: count }, (_, part) => {
    const own = mapValues<BatchInput, BatchInput>(batch, (whole, name) => {
      const { data, shape } = whole;
      if (shape.length === 0) return whole;
      const items = partSize(name, shape, count);
      const size = data.length / count;
      const [from, to] = [part * size, (part + 1) * size];
      const view = ArrayBuffer.isView(data) ? data.subarray(from, to) : data.slice(from, to);
      return { ...whole, data: view, shape: [items, ...shape.slice(1)] };
    });
    return own as Record<Name, BatchInput>;
  });
}

function partSize(name: string, shape: Signature["shape"], count: number): number {
  const items = Number(shape[0]) / count;
  if (Number.isInteger(items) && items > 0) return items;
  throw new ArgumentError(
    `accumulate must divide the items of ${name} ${shapeText(shape)}, got ${count}`,
  );
}
