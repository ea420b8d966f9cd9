import type { Input } from "./expr.ts";
import { type Dim, type Shape, shapeText } from "./shape.ts";

/** The numbers that the names in shapes stand for, such as `{ batch: 4 }`. */
export type Bindings = Readonly<Record<string, number>>;

const parts = (dim: string) => dim.split("*");

function unboundName(dim: string, bindings: Bindings): string | undefined {
  return parts(dim).find((part) => Number.isNaN(Number(part)) && !(part in bindings));
}

function resolveDim(dim: Dim, bindings: Bindings): number {
  if (typeof dim === "number") return dim;
  return parts(dim).reduce((n, part) => n * (part in bindings ? bindings[part] : Number(part)), 1);
}

/**
 * `shape` with its names replaced by numbers: `["4*batch", 3]` is `[16, 3]` where `batch` is 4.
 * @throws RangeError when a name has no number.
 */
export function resolveShape(shape: Shape, bindings: Bindings): number[] {
  return shape.map((dim) => {
    const missing = typeof dim === "string" ? unboundName(dim, bindings) : undefined;
    if (missing === undefined) return resolveDim(dim, bindings);
    throw new RangeError(`${shapeText(shape)}: nothing tells what ${missing} is`);
  });
}

/**
 * Finds what the names in the inputs' shapes stand for from the shapes that were really given.
 * @throws RangeError naming an input whose shape does not fit, with both shapes.
 */
export function bindDims(
  inputs: readonly Input[],
  shapes: Readonly<Record<string, readonly number[]>>,
): Bindings {
  const bindings: Record<string, number> = {};
  for (const { name, shape } of inputs) {
    if (shapes[name].length !== shape.length) throw misfit(name, shape, shapes[name], bindings);
    shape.forEach((dim, i) => {
      if (typeof dim === "string" && !dim.includes("*")) bindings[dim] ??= shapes[name][i];
    });
  }
  // Products such as 4*batch may be all that names a dimension.
  for (const { name, shape } of inputs) {
    shape.forEach((dim, i) => {
      const free = typeof dim === "string" ? unboundName(dim, bindings) : undefined;
      if (free === undefined) return;
      const rest = resolveDim(dim, { ...bindings, [free]: 1 });
      bindings[free] = shapes[name][i] / rest;
    });
  }
  for (const { name, shape } of inputs) {
    const given = shapes[name];
    const fits = shape.every((dim, i) => resolveDim(dim, bindings) === given[i]);
    if (!fits || Object.values(bindings).some((v) => !Number.isInteger(v))) {
      throw misfit(name, shape, given, bindings);
    }
  }
  return bindings;
}

function misfit(
  name: string,
  shape: Shape,
  given: readonly number[],
  bindings: Bindings,
): RangeError {
  const known = Object.entries(bindings).map(([dim, value]) => `${dim} = ${value}`);
  const where = known.length > 0 ? ` where ${known.join(", ")}` : "";
  return new RangeError(
    `input ${name} must be ${shapeText(shape)}${where}, got ${shapeText(given)}`,
  );
}
