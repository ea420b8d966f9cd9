import type { Expr, Parameter } from "@gen/graph";
import type { Optimizer } from "@gen/nn";

/** The inputs of a loss beside x and epsilon that `trainVae` draws. */
export type ExtraInput = "prior" | "other" | "otherEpsilon" | "permutation";

/**
 * A loss of a VAE over expressions, such as `iwaeLoss` gives.
 *
 * @param inputs x, epsilon and what else the loss reads, by name.
 */
export type Objective = ((
  inputs: Record<"x" | "epsilon" | ExtraInput, Expr> & Partial<Record<Condition, Expr>>,
) => Record<string, Expr>) & {
  /** What the loss reads beside x and epsilon. @defaultValue nothing */
  readonly inputs?: readonly ExtraInput[];
  /** What is trained beside the model's parameters. @defaultValue nothing */
  readonly parameters?: readonly Parameter[];
  /**
   * The next values of parameters that no optimizer moves, such as a codebook's moving averages.
   * @defaultValue none
   */
  readonly updates?: (inputs: { readonly x: Expr }) => readonly (readonly [Parameter, Expr])[];
  /** The rule that moves these parameters. @defaultValue the training's own */
  readonly optimizer?: Optimizer;
};

/** The inputs that only some models and trainings have. */
type Condition = "condition" | "otherCondition" | "beta";

/** A loss with the names of what it reads, and the parameters that it trains. */
export const reading = <Loss extends (...inputs: never[]) => Record<string, Expr>>(
  inputs: readonly ExtraInput[],
  loss: Loss,
  parameters: readonly Parameter[] = [],
  optimizer?: Optimizer,
): Loss & Required<Pick<Objective, "inputs" | "parameters">> & Pick<Objective, "optimizer"> =>
  Object.assign(loss, { inputs, parameters, ...(optimizer && { optimizer }) });
