/*
 * A model's weights are values: a network, a denoiser or a VAE never changes. Training gives new
 * weights, and `withWeights` makes the model that has them.
 */
import {
  type Expr,
  fromFloat16,
  type Parameter,
  parameter,
  type Shape,
  shapeText,
  type Tensor,
  tensor,
} from "@gen/graph";
import { type Exprs, isExpr, mapValues, substitute } from "./substitute.ts";

/** A tensor of a file, such as `readSafetensors` gives. Half precisions are raw bits. */
export interface StoredTensor {
  readonly dtype: string;
  readonly shape: readonly number[];
  readonly data: ArrayLike<number> | ArrayLike<bigint>;
}

/** A tensor of real numbers. */
export type FloatTensor = Tensor & { readonly dtype: "float32" | "float64" | "float16" };

/** Tensors by the names of their parameters. */
export type Weights = Readonly<Record<string, FloatTensor>>;

/**
 * The numbers of a stored tensor of a given shape.
 * @throws RangeError when it is missing or its shape differs, TypeError when it holds no real
 * numbers.
 */
export function storedNumbers(
  what: string,
  stored: StoredTensor | undefined,
  shape: Shape,
): ArrayLike<number> {
  if (!stored) throw new RangeError(`${what} ${shapeText(shape)} is missing`);
  if (shapeText(stored.shape) !== shapeText(shape)) {
    throw new RangeError(
      `${what} must have shape ${shapeText(shape)}, got ${shapeText(stored.shape)}`,
    );
  }
  const data = stored.data as ArrayLike<number>;
  switch (stored.dtype) {
    case "float32":
    case "float64":
      return data;
    case "float16":
      return Float64Array.from(data, fromFloat16);
    case "bfloat16":
      return new Float32Array(Uint32Array.from(data, (bits) => bits << 16).buffer);
    default:
      throw new TypeError(
        `${what} must be float32, float64, float16 or bfloat16, got ${stored.dtype}`,
      );
  }
}

/** Anything with weights: a network, a denoiser, a VAE. */
export interface Weighted {
  readonly parameters: readonly Parameter[];
}

/** The weights of a model by name, as safetensors files hold them. */
export const weightsOf = ({ parameters }: Weighted): Weights =>
  Object.fromEntries(parameters.map(({ name, value }) => [name, value as FloatTensor]));

/**
 * The same model with other weights, converted to each weight's dtype. The model given stays as it
 * is, and so does what was compiled from it.
 *
 * A model is a record of functions over expressions: what they give, alone or by name, has the new
 * weights in place of the old ones.
 * @throws RangeError or TypeError when a weight is missing, unknown, of another shape or holds no
 * real numbers.
 */
export function withWeights<Model extends Weighted>(
  model: Model,
  weights: Readonly<Record<string, StoredTensor>>,
): Model {
  const { parameters } = model;
  const names = new Set(parameters.map(({ name }) => name));
  const unknown = Object.keys(weights).find((name) => !names.has(name));
  if (unknown !== undefined) throw new RangeError(`weight ${unknown} is not one of the network's`);
  const places = new Map(
    parameters.map((old) => {
      const { name, shape, dtype } = old;
      const stored = Object.hasOwn(weights, name) ? weights[name] : undefined;
      const numbers = storedNumbers(`weight ${name}`, stored, shape);
      return [old, parameter(name, tensor(numbers, shape, dtype))] as [Parameter, Parameter];
    }),
  );
  const parts = mapValues(model as Record<string, unknown>, (part) =>
    typeof part === "function" ? replacing(part as (...given: unknown[]) => unknown, places) : part,
  );
  return { ...parts, parameters: parameters.map((p) => places.get(p)) } as unknown as Model;
}

/** A function over expressions with other weights; what it is given keeps its own. */
const replacing =
  (f: (...given: unknown[]) => unknown, places: ReadonlyMap<Expr, Expr>) =>
  (...given: unknown[]): unknown => {
    const result = f(...given);
    const kept = given.flatMap((one) => Object.values(expressionsIn(one)));
    const all = new Map<Expr, Expr>([...places, ...kept.map((e) => [e, e] as const)]);
    const found = substitute(expressionsIn(result), all);
    if (isExpr(result)) return found.result;
    return Object.keys(found).length > 0 ? { ...(result as object), ...found } : result;
  };

/** An expression as `result`, or those of a record by their names. */
function expressionsIn(value: unknown): Exprs {
  if (isExpr(value)) return { result: value };
  const entries = typeof value === "object" && value !== null ? Object.entries(value) : [];
  return Object.fromEntries(entries.filter((entry): entry is [string, Expr] => isExpr(entry[1])));
}
