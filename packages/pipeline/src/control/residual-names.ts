/*
 * Which values of a file are the residuals of a ControlNet. Exporters call them differently:
 *
 *   down_block_res_samples_0 ... mid_block_res_sample         the outputs of diffusers' ControlNetModel
 *   down_block_additional_residuals_0 ... mid_block_additional_residual
 *   down_block_0_additional_residual ... mid_block_additional_residual
 *   down_block_0 ... mid_block, additional_residual_0 ... additional_residual_12
 */
import type { Shape } from "@gen/graph";

/** The names of residuals, from the input of the network to its middle. */
export interface ResidualNames {
  readonly down: readonly string[];
  readonly mid: string;
}

/** Residuals among values: the middle has a name with `mid` or is the last; undefined for none. */
export function residualNames(names: readonly string[]): ResidualNames | undefined {
  const mid = names.find((name) => /mid/i.test(name)) ?? names.at(-1);
  const others = names.filter((name) => name !== mid);
  return mid === undefined || others.length === 0 ? undefined : { down: inOrder(others), mid };
}

/** Images that a UNet takes beside its sample: the residuals. */
export const residualInputs = (
  signature: Readonly<Record<string, { readonly shape: Shape }>>,
  sample: string,
): ResidualNames | undefined =>
  residualNames(
    Object.keys(signature).filter((name) => name !== sample && signature[name].shape.length === 4),
  );

const NUMBER = /_?(\d+)(?!.*\d)/;

/** Names that differ in their last number alone are in its order, one without a number last. */
function inOrder(names: readonly string[]): string[] {
  const numberOf = (name: string) => Number(NUMBER.exec(name)?.[1] ?? Infinity);
  const isFamily = new Set(names.map((name) => name.replace(NUMBER, ""))).size === 1;
  return isFamily ? names.toSorted((a, b) => numberOf(a) - numberOf(b)) : [...names];
}
