import {
  type Expr,
  type Graph,
  input,
  type Parameter,
  parametersOf,
  type Signature,
  trace,
} from "@gen/graph";
import { ArgumentError, checkArguments, rules } from "@gen/math/arguments";

/** A function over expressions, the weights it uses and the signature of its arguments. */
export interface Network {
  /** The weights, in order of use. */
  readonly parameters: readonly Parameter[];
  /**
   * Arguments in the order of `signature`.
   *
   * @param inputs Expressions with the shapes and dtypes of the signature.
   */
  apply(...inputs: Expr[]): Expr;
  /** Names, shapes and dtypes of the arguments, in order. */
  readonly signature: Readonly<Record<string, Signature>>;
  /** The number of classes of a denoiser's label, if it takes one. */
  readonly classes?: number;
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
   * Adds an argument `condition` `[batch]` int64 in [0, classes]; `classes` means no class.
   * @defaultValue none
   */
  classes?: number;
}

/**
 * A network from a function over expressions. Its parameters are those that the function uses.
 *
 * @param signature Names, shapes and dtypes of the arguments, in order.
 * @param apply The function, of the arguments in order.
 * @param classes The number of classes, if an argument is a label. Default: none.
 * @throws RangeError when shapes or dtypes inside do not fit `signature`; in `apply`, when an
 * argument of `signature` is missing.
 */
export function network(
  signature: Readonly<Record<string, Signature>>,
  apply: (...inputs: Expr[]) => Expr,
  classes?: number,
): Network {
  checkArguments({ signature, apply }, { signature: rules.OBJECT, apply: rules.FUNCTION });
  const names = Object.keys(signature);
  const output = apply(...names.map((name) => input(name, signature[name])));
  checkArguments({ "apply(...)": output }, { "apply(...)": rules.EXPRESSION });
  const parameters = parametersOf(output);
  return {
    parameters,
    apply: checkAndApply,
    signature,
    ...(classes !== undefined && { classes }),
  };

  function checkAndApply(...inputs: Expr[]): Expr {
    const missing = names.find((_, i) => !inputs[i]);
    if (missing === undefined) return apply(...inputs);
    throw new ArgumentError(`the network needs its argument ${missing}, got none`);
  }
}

/**
 * The graph of a network. Inputs are named as in the signature, the result is named `output`.
 *
 * @param network The network.
 * @param output The name of the result. Default: "output".
 */
export function networkGraph(network: Network, output = "output"): Graph {
  checkArguments({ network, output }, { network: rules.NETWORK, output: rules.TEXT });
  const { apply, signature } = network;
  return trace(
    (inputs) => ({ [output]: apply(...Object.keys(signature).map((name) => inputs[name])) }),
    signature,
  );
}
