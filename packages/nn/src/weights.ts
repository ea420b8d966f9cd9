/*
 * A model's weights are values: a network, a denoiser or a VAE never changes. Training gives new
 * weights, and `withWeights` makes the model that has them.
 */

import {
  type Expr,
  fromFloat16,
  parameter,
  type Shape,
  type Signature,
  shapeText,
  type Tensor,
  tensor,
} from "@gen/graph";
import { ArgumentError, checkArguments, rules, shown } from "@gen/math/arguments";
import type { Network } from "./network.ts";
import { type Exprs, isExpr, mapValues, substitute } from "./substitute.ts";

/** A tensor of a file, as `readSafetensors` returns it. Half precisions are raw bits. */
export interface StoredTensor {
  /** The type of the elements, such as "float32". */
  readonly dtype: string;
  /** The tensor's shape. */
  readonly shape: readonly number[];
  /** The elements, row-major. */
  readonly data: ArrayLike<number> | ArrayLike<bigint>;
}

/** A tensor of real numbers. */
export type FloatTensor = Tensor & {
  /** The width of the floats. */
  readonly dtype: "float32" | "float64" | "float16";
};

/** Tensors by the names of their parameters. */
export type Weights = Readonly<Record<string, FloatTensor>>;

/**
 * The numbers of a stored tensor of a given shape.
 * @throws RangeError when the tensor is missing or its shape differs, or when it holds no
 * real numbers.
 */
export function storedNumbers(
  what: string,
  stored: StoredTensor | undefined,
  shape: Shape,
): ArrayLike<number> {
  if (stored === undefined) throw new ArgumentError(`${what} ${shapeText(shape)} is missing`);
  checkArguments({ [what]: stored }, { [what]: STORED });
  if (shapeText(stored.shape) !== shapeText(shape)) {
    throw new ArgumentError(
      `${what} must have shape ${shapeText(shape)}, got ${shapeText(stored.shape)}`,
    );
  }
  const data = stored.data as ArrayLike<number>;
  const { dtype } = stored;
  if (dtype === "float32" || dtype === "float64") return data;
  if (dtype === "float16") return Float64Array.from(data, fromFloat16);
  if (dtype === "bfloat16") {
    return new Float32Array(Uint32Array.from(data, (bits) => bits << 16).buffer);
  }
  throw new ArgumentError(
    `${what} must be float32, float64, float16 or bfloat16, got ${shown(dtype)}`,
  );
}

/** Anything with weights: a network, a denoiser, a VAE. */
export type Weighted = Pick<Network, "parameters">;

/**
 * The weights of a model by name, as safetensors files hold them.
 *
 * @param model The model.
 */
export function weightsOf(model: Weighted): Weights {
  checkArguments({ model }, { model: WEIGHTED });
  return Object.fromEntries(
    model.parameters.map(({ name, value }) => [name, value as FloatTensor]),
  );
}

const WEIGHTED = rules.having("a model with parameters", { parameters: rules.LIST });

const STORED = rules.having("a tensor { dtype, shape, data }", {
  dtype: rules.TEXT,
  shape: rules.LIST,
});

/**
 * The same model with other weights, converted to each weight's dtype. The given model, and what
 * was compiled from it, stay as they are.
 *
 * A model is a record of functions over expressions. The results of the new model's functions,
 * single expressions or records of them, have the new weights in place of the old ones.
 *
 * @param model The model, which stays as it is.
 * @param weights The new weights, one for each parameter, by name.
 * @throws RangeError when a weight is missing, unknown, of another shape or holds no
 * real numbers.
 */
export function withWeights<Model extends Weighted>(
  model: Model,
  weights: Readonly<Record<string, StoredTensor>>,
): Model {
  checkArguments({ model, weights }, { model: WEIGHTED, weights: rules.OBJECT });
  const { parameters } = model;
  const names = new Set(parameters.map(({ name }) => name));
  const unknown = Object.keys(weights).find((name) => !names.has(name));
  if (unknown !== undefined)
    throw new ArgumentError(`weight ${unknown} is not one of the network's`);
  const places = new Map<Expr, Expr>();
  for (const old of parameters) {
    const { name, shape, dtype } = old;
    const stored = Object.hasOwn(weights, name) ? weights[name] : undefined;
    const numbers = storedNumbers(`weight ${name}`, stored, shape);
    places.set(old, parameter(name, tensor(numbers, shape, dtype)));
  }
  return {
    ...withPlaces(model, places),
    parameters: parameters.map((p) => places.get(p)),
  } as unknown as Model;
}

/**
 * A model's weights as inputs of a program, `weights/NAME` each, so that a program that is compiled
 * once runs with any weights.
 *
 * @param model The model, which stays as it is.
 */
export function weightInputs<Model extends Weighted>(
  model: Model,
): {
  /** The inputs, for `trace`. */
  readonly signature: Readonly<Record<string, Signature>>;
  /**
   * The model with these inputs in place of its weights. It has no parameters.
   *
   * @param inputs The inputs of a program, by name.
   */
  withInputs(inputs: Readonly<Record<string, Expr>>): Model;
  /**
   * The inputs of a run.
   *
   * @param weights A weight for each parameter, by name, such as `weightsOf` gives.
   */
  inputsOf(
    weights: Readonly<Record<string, StoredTensor>>,
  ): Record<string, { data: Float32Array; shape: readonly number[] }>;
} {
  checkArguments({ model }, { model: WEIGHTED });
  const named = model.parameters.map((own) => ({ own, name: `weights/${own.name}` }));
  return {
    signature: Object.fromEntries(
      named.map(({ own: { shape, dtype }, name }) => [name, { shape, dtype }]),
    ),
    withInputs(inputs) {
      const places = named.map(({ own, name }): [Expr, Expr] => [own, inputs[name]]);
      return { ...withPlaces(model, new Map(places)), parameters: [] };
    },
    inputsOf(weights) {
      const entries = named.map(({ own: { name: own, shape }, name }) => {
        const stored = Object.hasOwn(weights, own) ? weights[own] : undefined;
        const data = Float32Array.from(storedNumbers(`weight ${own}`, stored, shape));
        return [name, { data, shape: shape as readonly number[] }];
      });
      return Object.fromEntries(entries);
    },
  };
}

/** The same model whose functions have each key of `places` replaced by its value. */
function withPlaces<Model extends Weighted>(model: Model, places: ReadonlyMap<Expr, Expr>): Model {
  // The expressions that a function is given keep their own weights.
  const replaceWeights =
    (f: (...given: unknown[]) => unknown) =>
    (...given: unknown[]): unknown => {
      const result = f(...given);
      const kept = given.flatMap((value) => Object.values(expressionsIn(value)));
      const all = new Map<Expr, Expr>([...places, ...kept.map((e) => [e, e] as const)]);
      const found = substitute(expressionsIn(result), all);
      if (isExpr(result)) return found.result;
      return Object.keys(found).length > 0 ? { ...(result as object), ...found } : result;
    };
  const parts = mapValues(model as Record<string, unknown>, (part) =>
    typeof part === "function"
      ? replaceWeights(part as Parameters<typeof replaceWeights>[0])
      : part,
  );
  return { ...parts } as unknown as Model;
}

/** An expression as `result`, or the expressions of a record by their names. */
function expressionsIn(value: unknown): Exprs {
  if (isExpr(value)) return { result: value };
  const entries = typeof value === "object" && value !== null ? Object.entries(value) : [];
  return Object.fromEntries(entries.filter((entry): entry is [string, Expr] => isExpr(entry[1])));
}
