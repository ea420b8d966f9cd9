import type { Expr } from "../expr/expr.ts";
import { type Dim, type Shape, shapeText } from "../expr/shape.ts";
import { invalidModel, label } from "./protobuf.ts";
import type { OnnxGraph } from "./read-graph.ts";

/** The inputs by name, checked against the signature; `bound` collects its dynamic dimensions. */
export function bind(
  signature: OnnxGraph["signature"],
  inputs: Readonly<Record<string, Expr>>,
  bound: Map<string, Dim>,
): (readonly [string, Expr])[] {
  const names = Object.keys(signature);
  const several = new Set<string>();
  const extra = Object.keys(inputs).find((name) => !names.includes(name));
  if (extra !== undefined) {
    throw invalidModel(
      `the model has no input ${label(extra)}; its inputs are ${names.map(label).join(", ")}`,
    );
  }
  const values = Object.entries(signature).map(([name, { shape, dtype }]) => {
    const given = inputs[name];
    const what = `input ${label(name)}`;
    if (!given) throw invalidModel(`${what} of the model is missing`);
    if (given.dtype !== dtype) throw invalidModel(`${what} must be ${dtype}, got ${given.dtype}`);
    if (!fits(shape, given.shape, bound, several)) {
      throw invalidModel(
        `${what} must have the shape ${shapeText(shape)}, got ${shapeText(given.shape)}`,
      );
    }
    return [name, given] as const;
  });
  for (const dim of several) bound.delete(dim);
  return values;
}

/**
 * Whether a shape has a file's numbers. As in ONNX Runtime, a dimension's name may be another number
 * in each input; `several` collects such names, which tell no size.
 */
function fits(
  expected: Shape,
  given: Shape,
  bound: Map<string, Dim>,
  several: Set<string>,
): boolean {
  if (expected.length !== given.length) return false;
  return expected.every((d, i) => {
    if (typeof d === "number") return d === given[i];
    if (bound.has(d) && bound.get(d) !== given[i]) several.add(d);
    bound.set(d, given[i]);
    return true;
  });
}
