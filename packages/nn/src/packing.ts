import { concat, type Expr, type Parameter, reshape, slice } from "@gen/graph";

/** A parameter's place in a pack's vector. */
export interface Slot {
  readonly parameter: Parameter;
  readonly offset: number;
  readonly size: number;
}

/**
 * Parameters that a training step keeps in one tensor. A large one is alone in its own shape; the
 * small ones lie end to end in one vector, since each tensor costs more than its few elements.
 */
export interface Pack {
  readonly shape: readonly number[];
  readonly slots: readonly Slot[];
}

const sizeOf = ({ shape }: { shape: readonly number[] }): number =>
  shape.reduce((a, b) => a * b, 1);

/**
 * Packs parameters: those of fewer than `alone` elements together, each other one by itself.
 * @throws TypeError when a parameter is not float32.
 */
export function pack(parameters: readonly Parameter[], alone: number): Pack[] {
  const odd = parameters.find((p) => p.dtype !== "float32");
  if (odd) throw new TypeError(`training needs float32 weights, got ${odd.name} of ${odd.dtype}`);
  const together: Slot[] = [];
  let length = 0;
  for (const parameter of parameters.filter((p) => sizeOf(p) < alone)) {
    const size = sizeOf(parameter);
    together.push({ parameter, offset: length, size });
    length += size;
  }
  const packs: Pack[] = parameters
    .filter((p) => sizeOf(p) >= alone)
    .map((p) => ({ shape: p.shape, slots: [{ parameter: p, offset: 0, size: sizeOf(p) }] }));
  return together.length > 0 ? [...packs, { shape: [length], slots: together }] : packs;
}

/** One expression in the pack's shape from one of each parameter's shape. */
export const joined = ({ shape, slots }: Pack, parts: readonly Expr[]): Expr =>
  slots.length === 1
    ? reshape(parts[0], shape)
    : concat(
        parts.map((part, i) => reshape(part, [slots[i].size])),
        0,
      );

/** A parameter's part of an expression in the pack's shape. */
export function partOf({ slots }: Pack, { parameter, offset, size }: Slot, whole: Expr): Expr {
  const part = slots.length === 1 ? whole : slice(whole, 0, offset, offset + size);
  return reshape(part, parameter.shape);
}

/** Numbers in the pack's order, `of(parameter)` giving those of each. */
export function packedNumbers(
  { shape, slots }: Pack,
  of: (parameter: Parameter) => ArrayLike<number>,
): Float32Array {
  const out = new Float32Array(sizeOf({ shape }));
  for (const { parameter, offset } of slots) out.set(of(parameter), offset);
  return out;
}
