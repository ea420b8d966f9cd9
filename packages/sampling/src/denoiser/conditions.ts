import { type Expr, isFloat, type Signature, shapeText, type Tensor, tensor } from "@gen/graph";
import type { FloatArray } from "@gen/math";
import { ArgumentError, checkArguments, refused, rules } from "@gen/math/arguments";
import { requireFinite, sizeOf } from "./shapes.ts";

/** Conditions by the names of a network's own arguments. */
export type Conditions<T> = Readonly<Record<string, T>>;

/** Numbers of a condition: a flat array `[batch]`, or lists in lists. */
type Numbers = Int32Array | BigInt64Array | FloatArray | readonly (number | Numbers)[];

/**
 * The values of one condition: a tensor `[batch, ...]`, or numbers, flat or nested. Values `[1, ...]`,
 * one item's numbers, and a number, which fills an item, serve every sample.
 */
type ConditionValue = Tensor | Numbers | number;

/**
 * Conditions as an option: values by name, or the values of a denoiser's only condition, such as
 * the labels [0, 3, 1] of three samples.
 */
export type ConditionOption = Conditions<ConditionValue> | ConditionValue;

const PREFIX = "condition/";

/**
 * Conditions as inputs of a program, `condition/NAME` for each.
 *
 * @param conditions Values by the conditions' own names. Default: none.
 */
export function conditionInputs<T>(conditions: Conditions<T> = {}): Record<string, T> {
  checkArguments({ conditions }, { conditions: rules.OBJECT });
  return Object.fromEntries(
    Object.entries(conditions).map(([name, value]) => [PREFIX + name, value]),
  );
}

/**
 * The conditions among a program's inputs, by their own names; undefined if there are none.
 *
 * @param inputs All inputs of a program, by their full names.
 */
export function conditionOf(inputs: Readonly<Record<string, Expr>>): Conditions<Expr> | undefined {
  checkArguments({ inputs }, { inputs: rules.OBJECT });
  const named = Object.entries(inputs).filter(([name]) => name.startsWith(PREFIX));
  if (named.length === 0) return undefined;
  return Object.fromEntries(named.map(([name, value]) => [name.slice(PREFIX.length), value]));
}

const labels: Signature = { shape: ["batch"], dtype: "int64" };

/**
 * Conditions by name as tensors. Numbers take the shape and dtype of the condition in `wanted`;
 * without `wanted` they are labels `[batch]` with the name `condition`.
 *
 * @param given The caller's conditions, by name or the only one's values.
 * @param wanted Shape and dtype of each condition, by name. Default: labels `[batch]` int64.
 * @throws RangeError when values without a name are given and several conditions are wanted, or
 * when numbers do not fill the shape of the wanted condition.
 */
export function namedConditions(
  given: ConditionOption | undefined,
  wanted: Conditions<Signature> = { condition: labels },
): Conditions<Tensor> | undefined {
  if (given == null) return undefined;
  checkArguments({ wanted }, { wanted: rules.OBJECT });
  const values = Object.entries(valuesByName(given, Object.keys(wanted)));
  return Object.fromEntries(
    values.map(([name, value]) => {
      const like = Object.hasOwn(wanted, name) ? wanted[name] : undefined;
      return [name, conditionTensor(name, value, like)];
    }),
  );
}

/**
 * The conditions of a denoiser as tensors, as {@link namedConditions} has them.
 *
 * @throws RangeError as there, and when a label is no class of the denoiser.
 */
export function denoiserConditions(
  { condition, classes }: { readonly condition?: Conditions<Signature>; readonly classes?: number },
  given: ConditionOption | undefined,
): Conditions<Tensor> | undefined {
  const tensors = namedConditions(given, condition);
  for (const [name, { dtype, shape, data }] of Object.entries(tensors ?? {})) {
    if (isFloat(dtype) || shape.length > 1) continue;
    // The number of classes itself means none.
    const wrong = Array.from(data, Number).find((k) => k < 0 || k > (classes ?? k));
    if (wrong !== undefined) throw refused(name, `a class below ${classes}`, wrong);
  }
  return tensors;
}

/** Values by name; values without a name belong to the only condition of `names`. */
export function valuesByName(
  given: ConditionOption,
  names: readonly string[],
): Conditions<ConditionValue> {
  const isNamed = typeof given === "object" && !isNumbers(given) && !("dtype" in given);
  if (isNamed) {
    checkArguments({ condition: given }, { condition: rules.OBJECT });
    return given as Conditions<ConditionValue>;
  }
  const [name, ...others] = names;
  if (others.length === 0) return { [name]: given as ConditionValue };
  throw new ArgumentError(`condition must be { ${names.join(", ")} }, got numbers`);
}

const TENSOR = rules.having("a tensor or numbers", { shape: rules.LIST });

const isNumbers = (value: unknown): value is Numbers =>
  Array.isArray(value) || ArrayBuffer.isView(value);

/**
 * The tensor of a condition. If `wanted` is not known, nested numbers have their own shape and
 * other numbers are labels `[batch]`.
 */
export function conditionTensor(
  name: string,
  value: ConditionValue,
  wanted: Signature | undefined,
): Tensor {
  if (typeof value === "object" && !isNumbers(value)) {
    checkArguments({ [name]: value }, { [name]: TENSOR });
    return value;
  }
  const dims: number[] = [];
  for (let part: unknown = value; isNumbers(part); [part] = part) dims.push(part.length);
  const isNested = dims.length > 1;
  const { shape, dtype = "float32" } = wanted ?? (isNested ? { shape: dims } : labels);
  const item = isNested ? dims.slice(1 - shape.length) : shape.slice(1).map(Number);
  const size = sizeOf(item);
  const numbers = isNumbers(value) ? flatNumbers(value) : Array(size || 1).fill(value);
  const rows = numbers.length / size;
  const fits = isNested
    ? rows === (dims.length === shape.length ? dims[0] : 1) &&
      item.length === shape.length - 1 &&
      item.every((d, i) => typeof shape[i + 1] === "string" || d === shape[i + 1])
    : Number.isInteger(rows) && rows > 0;
  if (!fits) {
    throw new ArgumentError(
      `condition must be { ${name} } with a tensor ${shapeText(shape)}, got ${numbers.length} numbers`,
    );
  }
  requireFinite(name, numbers);
  const fraction = numbers.find((v) => !Number.isInteger(v));
  if (fraction === undefined || isFloat(dtype)) return tensor(numbers, [rows, ...item], dtype);
  throw new ArgumentError(`condition ${name} must hold integers, got ${fraction}`);
}

/** The numbers of lists in lists, at most as deep as a tensor has dimensions. */
const flatNumbers = (value: Numbers, depth = 8): number[] =>
  Array.isArray(value)
    ? value.flatMap((part) => (depth && isNumbers(part) ? flatNumbers(part, depth - 1) : part))
    : Array.from(value as Float64Array, Number);

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
    throw new ArgumentError(`condition must be ${wanted}, got { ${given.join(", ")} }`);
  }
  return names.map((name) => conditions[name]);
}
