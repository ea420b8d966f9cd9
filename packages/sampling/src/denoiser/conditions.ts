import { type Expr, type Signature, shapeText, type Tensor, tensor } from "@gen/graph";

/** Conditions by the names of a network's own arguments. */
export type Conditions<T> = Readonly<Record<string, T>>;

/**
 * Conditions as options take them: by name, or the numbers of the only one, such as the labels
 * [0, 3, 1] of three samples.
 */
export type ConditionOption =
  | Conditions<Tensor>
  | readonly number[]
  | Int32Array
  | Float32Array
  | Float64Array;

const PREFIX = "condition/";

/** Conditions as inputs of a program, `condition/NAME` for each. */
export const conditionInputs = <T>(conditions: Conditions<T> = {}): Record<string, T> =>
  Object.fromEntries(Object.entries(conditions).map(([name, one]) => [PREFIX + name, one]));

/** The conditions among a program's inputs, by their own names; undefined where there are none. */
export function conditionOf(inputs: Readonly<Record<string, Expr>>): Conditions<Expr> | undefined {
  const named = Object.entries(inputs).filter(([name]) => name.startsWith(PREFIX));
  if (named.length === 0) return undefined;
  return Object.fromEntries(named.map(([name, one]) => [name.slice(PREFIX.length), one]));
}

/**
 * Conditions by name. Numbers alone are the only condition of those that are `wanted`, in its shape;
 * without `wanted` they are labels `[batch]`, by the name `condition`.
 *
 * @throws RangeError when numbers are given where several conditions are wanted, or where the shape
 * of the one that is wanted does not follow from them.
 */
export function namedConditions(
  given: ConditionOption | undefined,
  wanted: Conditions<Signature> = { condition: { shape: ["batch"], dtype: "int64" } },
): Conditions<Tensor> | undefined {
  if (!Array.isArray(given) && !ArrayBuffer.isView(given)) return given as Conditions<Tensor>;
  const numbers: ArrayLike<number> = given;
  const [[name, { shape, dtype }], ...others] = Object.entries(wanted);
  if (others.length > 0) {
    throw new RangeError(
      `condition must be { ${Object.keys(wanted).join(", ")} } for a denoiser of several, got one`,
    );
  }
  const item = shape.slice(1);
  const length = item.reduce<number>((size, d) => size / Number(d), numbers.length);
  if (Number.isInteger(length))
    return { [name]: tensor(numbers, [length, ...item.map(Number)], dtype) };
  throw new RangeError(
    `condition must be { ${name} } with a tensor ${shapeText(shape)}, got ${numbers.length} numbers`,
  );
}

/**
 * Conditions in the order of a network's arguments, or as they are given where these are unknown.
 *
 * @throws RangeError when one is missing or unknown.
 */
export function inOrder(
  conditions: Conditions<Expr> | undefined,
  names: readonly string[] | undefined,
): Expr[] {
  if (!conditions) return [];
  if (!names) return Object.values(conditions);
  const given = Object.keys(conditions);
  if (given.length !== names.length || !given.every((name) => names.includes(name))) {
    const wanted = names.length > 0 ? `{ ${names.join(", ")} }` : "left out";
    throw new RangeError(`condition must be ${wanted}, got { ${given.join(", ")} }`);
  }
  return names.map((name) => conditions[name]);
}
