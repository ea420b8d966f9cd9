import { type Expr, graphOf, type Tensor, tensorNumbers } from "@gen/graph";
import { ArgumentError } from "@gen/math/arguments";

/** @throws RangeError naming the first of `values` that is no integer in [0, count). */
export function checkIndices(name: string, values: ArrayLike<number>, count: number): void {
  const item = Array.from(values).findIndex((v) => !(Number.isInteger(v) && v >= 0 && v < count));
  if (item < 0) return;
  throw new ArgumentError(
    `${name} must be integers in [0, ${count - 1}], got ${values[item]} for item ${item}`,
  );
}

/**
 * Checks the inputs of a loss that pick rows of a table, such as the labels of an embedding.
 * `values` are all values that an input has during the training.
 * @throws RangeError when a value is outside the table.
 */
export function checkTableInputs(
  losses: Readonly<Record<string, Expr>>,
  values: Readonly<Record<string, readonly (Tensor | number)[]>>,
): void {
  for (const node of graphOf({ ...losses }).nodes) {
    if (node.op !== "Gather") continue;
    const [table, indices] = node.inputs;
    const count = table.shape[node.attributes.axis];
    if (indices.op !== "Input" || !Object.hasOwn(values, indices.name) || typeof count !== "number")
      continue;
    const name = indices.name.replace("condition/", "");
    for (const value of values[indices.name])
      checkIndices(name, typeof value === "number" ? [value] : tensorNumbers(value), count);
  }
}
