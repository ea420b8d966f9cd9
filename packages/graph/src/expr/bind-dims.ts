import type { Input } from "./expr.ts";
import { GraphError } from "./graph-error.ts";
import { type Dim, dimParts, type Shape, shapeText } from "./shape.ts";

/** The numbers that the names in shapes stand for, such as `{ batch: 4 }`. */
export type Bindings = Readonly<Record<string, number>>;

const unboundName = (dim: Dim, bindings: Bindings): string | undefined =>
  dimParts(dim).find((part) => typeof part === "string" && !(part in bindings)) as
    | string
    | undefined;

/** The size of a dimension; NaN when a name has no number. */
const resolveDim = (dim: Dim, bindings: Bindings): number =>
  typeof dim === "number"
    ? dim
    : dimParts(dim).reduce<number>((n, part) => n * (bindings[part] ?? Number(part)), 1);

/**
 * `shape` with its names replaced by numbers: `["4*batch", 3]` is `[16, 3]` where `batch` is 4.
 *
 * @param shape The dimensions, numbers or names.
 * @param bindings The numbers of the names.
 * @throws RangeError when a name has no number.
 */
export function resolveShape(shape: Shape, bindings: Bindings): number[] {
  return shape.map((dim) => {
    if (typeof dim === "number") return dim;
    const missing = unboundName(dim, bindings);
    if (missing === undefined) return resolveDim(dim, bindings);
    throw new GraphError(`${shapeText(shape)}: nothing tells what ${missing} is`);
  });
}

/**
 * The numbers that the names in the inputs' shapes stand for, from the shapes of the given tensors.
 *
 * @param inputs The inputs of a graph.
 * @param shapes The shapes of the given tensors, by the inputs' names.
 * @throws RangeError naming an input whose shape does not fit, with both shapes.
 */
export function bindDims(
  inputs: readonly Input[],
  shapes: Readonly<Record<string, readonly number[]>>,
): Bindings {
  const bindings: Record<string, number> = {};
  for (const input of inputs) {
    const { name, shape } = input;
    if (shapes[name].length !== shape.length) throw misfit(input, shapes[name], bindings);
    shape.forEach((dim, i) => {
      if (typeof dim === "string" && !dim.includes("*")) bindings[dim] ??= shapes[name][i];
    });
  }
  // A name may occur only in products such as 4*batch.
  for (const { name, shape } of inputs) {
    shape.forEach((dim, i) => {
      const free = unboundName(dim, bindings);
      if (free === undefined) return;
      bindings[free] = shapes[name][i] / resolveDim(dim, { ...bindings, [free]: 1 });
    });
  }
  const isWhole = Object.values(bindings).every((v) => Number.isInteger(v));
  for (const input of inputs) {
    const given = shapes[input.name];
    const fits = input.shape.every((dim, i) => resolveDim(dim, bindings) === given[i]);
    if (!fits || !isWhole) throw misfit(input, given, bindings);
  }
  return bindings;
}

function misfit({ name, shape }: Input, given: Shape, bindings: Bindings): GraphError {
  const known = Object.entries(bindings).map(([dim, value]) => `${dim} = ${value}`);
  const where = known.length > 0 ? ` where ${known.join(", ")}` : "";
  return new GraphError(
    `input ${name} must be ${shapeText(shape)}${where}, got ${shapeText(given)}`,
  );
}
