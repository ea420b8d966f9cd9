import { toFloat16 } from "../src/expr/tensor.ts";
import {
  type DType,
  type Graph,
  type Signature,
  type Tensor,
  tensor,
  tensorNumbers,
} from "../src/index.ts";

/** Repeatable numbers in [-1, 1). */
export function numbers(count: number, seed = 1): number[] {
  let state = seed * 2654435761;
  return Array.from({ length: count }, () => {
    state = (Math.imul(state ^ (state >>> 15), 2246822519) + 3266489917) | 0;
    return (state >>> 8) / 2 ** 23 - 1;
  });
}

export const weights = (shape: number[], seed?: number): Tensor =>
  tensor(
    numbers(
      shape.reduce((a, b) => a * b, 1),
      seed,
    ),
    shape,
  );

/** Inputs for a signature, its dynamic dimensions being `size`. */
export function inputsFor(
  signature: Record<string, Signature>,
  size: number,
): Record<string, Tensor> {
  const made = Object.entries(signature).map(([name, { shape, dtype = "float32" }], i) => {
    const dims = shape.map((d) =>
      typeof d === "number" ? d : d.split("*").reduce((a, p) => a * (Number(p) || size), 1),
    );
    const values = numbers(
      dims.reduce((a, b) => a * b, 1),
      i + 2,
    );
    return [
      name,
      tensor(
        values.map((v) => fitting(v, dtype)),
        dims,
        dtype,
      ),
    ];
  });
  return Object.fromEntries(made);
}

function fitting(v: number, dtype: DType): number {
  if (dtype === "bool") return v > 0 ? 1 : 0;
  if (dtype.startsWith("int")) return Math.floor((v + 1) * 2);
  return dtype === "float16" ? toFloat16(v) : v;
}

/** The largest `|a - b| / max(1, |b|)`; NaN where only one of the two is NaN. */
export function distance(a: ArrayLike<number>, b: ArrayLike<number>): number {
  if (a.length !== b.length) return Number.NaN;
  return Array.from(a).reduce(
    (worst, v, i) =>
      Object.is(v, b[i]) || v === b[i]
        ? worst
        : Math.max(worst, Math.abs(v - b[i]) / Math.max(1, Math.abs(b[i]))),
    0,
  );
}

export const plain = (t: Tensor): number[] => Array.from(tensorNumbers(t));

export const operations = (graph: Graph): string[] => graph.nodes.map((n) => n.op);
