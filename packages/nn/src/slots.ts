import type { Input, Parameter } from "@gen/graph";
import { ArgumentError } from "@gen/math/arguments";

/** A parameter's elements in a slot. */
export interface Part {
  readonly parameter: Parameter;
  readonly offset: number;
  readonly size: number;
}

/**
 * One tensor of the state. A large parameter has a slot of its own shape. The small parameters lie
 * end to end in one vector, since a tensor costs more than their few elements.
 */
export interface Slot {
  /** `weights`, one of the optimizer's moments, or `ema`. */
  readonly kind: string;
  readonly parts: readonly Part[];
  readonly input: Input;
  /** The output with the next value. */
  readonly output: string;
}

/** The parameters of each slot: a large parameter alone, the small ones together. */
export function packsOf(parameters: readonly Parameter[], packBelow: number) {
  const odd = parameters.find((p) => p.dtype !== "float32");
  if (odd)
    throw new ArgumentError(`training needs float32 weights, got ${odd.name} of ${odd.dtype}`);
  const packs: { shape: readonly number[]; parts: Part[] }[] = [];
  const small: Part[] = [];
  let length = 0;
  for (const parameter of parameters) {
    const { shape, value } = parameter;
    const size = value.data.length;
    if (size >= packBelow) packs.push({ shape, parts: [{ parameter, offset: 0, size }] });
    else {
      small.push({ parameter, offset: length, size });
      length += size;
    }
  }
  return small.length > 0 ? [...packs, { shape: [length], parts: small }] : packs;
}
