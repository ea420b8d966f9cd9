import {
  type Expr,
  type Graph,
  input,
  type Parameter,
  parametersOf,
  type Signature,
  tensor,
  trace,
} from "@gen/graph";
import { type FloatTensor, type StoredTensor, storedNumbers } from "./stored-tensor.ts";

/** A function over expressions, the weights it uses and what its arguments look like. */
export interface Network {
  readonly parameters: readonly Parameter[];
  /** Arguments in the order of `signature`. */
  apply(...inputs: Expr[]): Expr;
  readonly signature: Readonly<Record<string, Signature>>;
}

/** Anything with weights: a network, a denoiser, a VAE. */
export interface Parameters {
  readonly parameters: readonly Parameter[];
}

/**
 * A network from a function over expressions; its parameters are those that the function meets.
 * @throws RangeError or TypeError when shapes or dtypes inside do not fit `signature`.
 */
export function network(
  signature: Readonly<Record<string, Signature>>,
  apply: (...inputs: Expr[]) => Expr,
): Network {
  const inputs = Object.entries(signature).map(([name, s]) => input(name, s));
  return { parameters: parametersOf(apply(...inputs)), apply, signature };
}

/** The graph of a network on inputs named as in its signature, with the result under `output`. */
export const networkGraph = ({ apply, signature }: Network, output = "output"): Graph =>
  trace(
    (inputs) => ({ [output]: apply(...Object.keys(signature).map((name) => inputs[name])) }),
    signature,
  );

/** The weights by name, as safetensors files hold them. */
export const parameterTensors = ({ parameters }: Parameters): Record<string, FloatTensor> =>
  Object.fromEntries(parameters.map(({ name, value }) => [name, value as FloatTensor]));

/**
 * Puts tensors into the weights of the same names, converted to each weight's dtype.
 * @throws RangeError or TypeError when a weight is missing, unknown, of another shape or holds no
 * real numbers; nothing is changed then.
 */
export function loadParameters(
  { parameters }: Parameters,
  tensors: Readonly<Record<string, StoredTensor>>,
): void {
  const names = new Set(parameters.map(({ name }) => name));
  const unknown = Object.keys(tensors).find((name) => !names.has(name));
  if (unknown !== undefined) throw new RangeError(`weight ${unknown} is not one of the network's`);
  const values = parameters.map(({ name, shape, dtype }) => {
    const stored = Object.hasOwn(tensors, name) ? tensors[name] : undefined;
    return tensor(storedNumbers(`weight ${name}`, stored, shape), shape, dtype);
  });
  for (const [i, parameter] of parameters.entries()) parameter.value = values[i];
}
