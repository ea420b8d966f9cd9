import {
  type Expr,
  type Graph,
  input,
  type Parameter,
  parametersOf,
  type Signature,
  trace,
} from "@gen/graph";

/** A function over expressions, the weights it uses and the signature of its arguments. */
export interface Network {
  readonly parameters: readonly Parameter[];
  /** Arguments in the order of `signature`. */
  apply(...inputs: Expr[]): Expr;
  readonly signature: Readonly<Record<string, Signature>>;
}

/** Settings of every network. */
export interface NetworkOptions {
  /** Start of all parameter names. @defaultValue "" */
  name?: string;
  /** Seed of the first weights. @defaultValue 0 */
  seed?: number;
}

/** Settings of every denoiser. */
export interface DenoiserOptions extends NetworkOptions {
  /**
   * Adds an argument `condition` `[batch]` int64 in [0, classes], where `classes` itself means no
   * class.
   */
  classes?: number;
}

/**
 * A network from a function over expressions. Its parameters are those that the function uses.
 * @throws RangeError or TypeError when shapes or dtypes inside do not fit `signature`.
 */
export function network(
  signature: Readonly<Record<string, Signature>>,
  apply: (...inputs: Expr[]) => Expr,
): Network {
  const inputs = Object.entries(signature).map(([name, s]) => input(name, s));
  return { parameters: parametersOf(apply(...inputs)), apply, signature };
}

/** The graph of a network. Inputs are named as in the signature, the result is named `output`. */
export const networkGraph = ({ apply, signature }: Network, output = "output"): Graph =>
  trace(
    (inputs) => ({ [output]: apply(...Object.keys(signature).map((name) => inputs[name])) }),
    signature,
  );
