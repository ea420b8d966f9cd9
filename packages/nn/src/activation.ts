import { type Expr, gelu, relu, sigmoid, silu, softplus, tanh } from "@gen/graph";

const activations = { gelu, relu, sigmoid, silu, softplus, tanh };

/** An activation by name, or any elementwise function. */
export type Activation = keyof typeof activations | ((x: Expr) => Expr);

/** The function that `activation` stands for. @throws RangeError when the name is not one of ours. */
export function activationFunction(activation: Activation): (x: Expr) => Expr {
  if (typeof activation === "function") return activation;
  if (Object.hasOwn(activations, activation)) return activations[activation];
  throw new RangeError(
    `activation must be one of ${Object.keys(activations).join(", ")}, got ${activation}`,
  );
}
