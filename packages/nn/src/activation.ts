import { add, type Expr, gelu, mul, relu, sigmoid, silu, softplus, square, tanh } from "@gen/graph";
import { checkArguments, refused, rules } from "@gen/math/arguments";

/** gelu by a tanh (Hendrycks and Gimpel 2016, section 2), as in GPT and DiT; error up to 5e-4. */
export const geluTanh = (x: Expr): Expr => {
  const angle = mul(mul(x, Math.sqrt(2 / Math.PI)), add(mul(square(x), 0.044715), 1));
  return mul(mul(x, 0.5), add(tanh(angle), 1));
};

/** The activations by their names. @internal */
const activations = { gelu, geluTanh, relu, sigmoid, silu, softplus, tanh };

/** An activation by name, or any elementwise function. */
export type Activation = keyof typeof activations | ((x: Expr) => Expr);

/**
 * The function of an activation.
 *
 * @param activation A name, or a function, which is returned as it is.
 * @throws RangeError when the name is unknown.
 */
export function activationFunction(activation: Activation): (x: Expr) => Expr {
  if (typeof activation === "function") {
    return (x) => {
      const result = activation(x);
      checkArguments({ "activation(x)": result }, { "activation(x)": rules.EXPRESSION });
      return result;
    };
  }
  if (typeof activation === "string" && Object.hasOwn(activations, activation))
    return activations[activation];
  throw refused("activation", `one of ${Object.keys(activations).join(", ")}`, activation);
}
