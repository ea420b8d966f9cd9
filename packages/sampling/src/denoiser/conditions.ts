import { type Expr, type Signature, shapeText, type Tensor, tensor } from "@gen/graph";
import type { FloatArray } from "@gen/math";

/** Conditions by the names of a network's own arguments. */
export type Conditions<T> = Readonly<Record<string, T>>;

/**
 * Conditions as an option: tensors by name, or the numbers of a denoiser's only condition, such as
 * the labels [0, 3, 1] of three samples.
 */
export type ConditionOption = Conditions<Tensor> | readonly number[] | Int32Array | FloatArray;

const PREFIX = "condition/";

/** Conditions as inputs of a program, `condition/NAME` for each. */
export const conditionInputs = <T>(conditions: Conditions<T> = {}): Record<string, T> =>
  Object.fromEntries(Object.entries(conditions).map(([name, value]) => [PREFIX + name, value]));

/** The conditions among a program's inputs, by their own names; undefined if there are none. */
export function conditionOf(inputs: Readonly<Record<string, Expr>>): Conditions<Expr> | undefined {
  const named = Object.entries(inputs).filter(([name]) => name.startsWith(PREFIX));
  if (named.length === 0) return undefined;
  return Object.fromEntries(named.map(([name, value]) => [name.slice(PREFIX.length), value]));
}

/**
 * Conditions by name. Numbers become the only condition in `wanted`, in its shape; without `wanted`
 * they are labels `[batch]` with the name `condition`.
 *
 * @throws RangeError when numbers are given and several conditions are wanted, or when the numbers
 * do not fill the shape of the wanted condition.
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
      `condition must be { ${Object.keys(wanted).join(", ")} } for a denoiser of several conditions, got numbers`,
    );
  }
  const item = shape.slice(1).map(Number);
  const length = item.reduce((size, d) => size / d, numbers.length);
  if (Number.isInteger(length)) return { [name]: tensor(numbers, [length, ...item], dtype) };
  throw new RangeError(
    `condition must be { ${name} } with a tensor ${shapeText(shape)}, got ${numbers.length} numbers`,
  );
}

/**
 * Conditions in the order of a network's arguments, or in the given order if the arguments are
 * unknown.
 *
 * @throws RangeError when a condition is missing or unknown.
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
