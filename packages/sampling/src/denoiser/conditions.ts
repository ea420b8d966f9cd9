import type { Expr, Shape } from "@gen/graph";

/** A denoiser's one condition, or several by the names of its network's own arguments. */
export type Conditions<T> = T | Readonly<Record<string, T>>;

const NAMED = "condition/";

/** A condition as an expression, a tensor, a signature, or one number for all samples. */
type Value = { readonly shape: Shape } | number;

/** Whether there is one condition, not several by name. */
export const isSingle = <T extends Value>(condition: Conditions<T>): condition is T =>
  typeof condition === "number" || Array.isArray(condition.shape);

/** Conditions as inputs of a program: `condition`, or `condition/NAME` for each; none where there is none. */
export function conditionInputs<T extends Value>(
  condition: Conditions<T> | undefined,
): Record<string, T> {
  if (condition === undefined) return {};
  if (isSingle(condition)) return { condition };
  return Object.fromEntries(Object.entries(condition).map(([name, one]) => [NAMED + name, one]));
}

/** The conditions among a program's inputs, named as {@link conditionInputs} names them. */
export function conditionOf(inputs: Readonly<Record<string, Expr>>): Conditions<Expr> | undefined {
  if (inputs.condition) return inputs.condition;
  const named = Object.entries(inputs).filter(([name]) => name.startsWith(NAMED));
  if (named.length === 0) return undefined;
  return Object.fromEntries(named.map(([name, one]) => [name.slice(NAMED.length), one]));
}

/**
 * Conditions in the order of a network's arguments.
 *
 * @throws RangeError when one is missing or unknown, or several are wanted and one is given without
 * its name.
 */
export function inOrder(condition: Conditions<Expr> | undefined, names: readonly string[]): Expr[] {
  if (condition === undefined) return [];
  if (isSingle(condition)) {
    if (names.length < 2) return [condition];
    throw new RangeError(
      `condition must be { ${names.join(", ")} } for a denoiser of several, got one`,
    );
  }
  const given = Object.keys(condition);
  if (given.length !== names.length || !given.every((name) => names.includes(name))) {
    const wanted = names.length > 0 ? `{ ${names.join(", ")} }` : "left out";
    throw new RangeError(`condition must be ${wanted}, got { ${given.join(", ")} }`);
  }
  return names.map((name) => condition[name]);
}
